"""A curvature matrix of an objective at a point, known by its products with vectors."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.landscape.objective.examples import Weighted
from lossedu.landscape.objective.graphs import bytes_of_graph, room_for_graphs
from lossedu.landscape.objective.objective import Objective

Product = Callable[[Tensor], Tensor]
Linearise = Callable[[Objective, Tensor, Weighted], "Linearised"]


@dataclass(frozen=True)
class Linearised:
    """A linear map through a graph.

    Attributes:
        product: The map; None where it is zero.
        roots: What holds the graph.
    """

    product: Product | None
    roots: tuple[Tensor, ...]


class Curvature:
    """A curvature matrix of an objective at a point, as an operator.

    The first batch's graph is kept from product to product, and more of them as long as they fit
    into ``memory``; the other batches are linearised anew in every product.

    Attributes:
        objective: Whose curvature it is.
        theta: Where, shape ``(size,)``: a copy, in the dtype of the objective's points.
        memory: How many bytes of graphs to keep beyond the first.
    """

    def __init__(
        self, objective: Objective, theta: Tensor | None, linearise: Linearise, memory: int | None
    ) -> None:
        """Nothing is computed before the first product."""
        self.objective = objective
        # A copy: graphs are kept while the caller may go on training in place.
        with torch.inference_mode(False):
            point = (objective.point if theta is None else theta).detach()
            self.theta = point.to(objective.device, objective.dtype, copy=True)
        self.memory = room_for_graphs(objective.device) if memory is None else memory
        self._linearise = linearise
        self._kept: dict[int, Linearised] = {}
        self._room: float = self.memory

    @property
    def size(self) -> int:
        """The number of parameters that vary."""
        return self.objective.size

    @property
    def dtype(self) -> torch.dtype:
        """That of a point."""
        return self.theta.dtype

    @property
    def precision(self) -> torch.dtype:
        """The coarsest dtype that parameters have in the model: the rounding of a product."""
        return max(self.objective.layout.dtypes, key=lambda dtype: torch.finfo(dtype).eps)

    @property
    def device(self) -> torch.device:
        """That of the objective."""
        return self.objective.device

    def __matmul__(self, vector: Tensor) -> Tensor:
        self._check(vector)
        # In half precision a sum over examples overflows, and one over batches stops to grow.
        wide = torch.promote_types(self.dtype, torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            total, count = torch.zeros_like(self.theta, dtype=wide), 0
            vector = vector.detach().clone() if vector.is_inference() else vector.detach()
            for number, batch in enumerate(self.objective.batches()):
                map_ = self._kept.get(number) or self._linearised(number, batch)
                if map_.product is not None:
                    total.add_(map_.product(vector).to(wide), alpha=batch.count)
                count += batch.count
        return (total / count).to(self.dtype)

    def _check(self, vector: Tensor) -> None:
        self.objective.layout.check("vector", vector)
        if vector.dtype != self.dtype:
            raise ValueError(
                f"vector must have dtype {self.dtype}, that of the parameters, but has dtype "
                f"{vector.dtype}. Hint: vector.to(operator.dtype)."
            )

    def _linearised(self, number: int, batch: Weighted) -> Linearised:
        self.objective.trust_curvature(self.theta, batch)
        map_ = self._linearise(self.objective, self.theta, batch)
        if number == 0:  # every product holds one graph anyway
            self._kept[0] = map_
        elif self._room > 0:
            self._room -= bytes_of_graph(map_.roots)
            if self._room >= 0:
                self._kept[number] = map_
        return map_
