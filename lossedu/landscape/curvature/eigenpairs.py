"""Eigenvalues with their vectors, and how sure they are."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.curvature.lanczos import Array
from lossedu.landscape.results.result import Result
from lossedu.tables import Table


@dataclass(frozen=True, eq=False)
class Eigenpairs(Result):
    """Eigenvalues in the order asked for, and how sure they are.

    Attributes:
        values: Shape ``(k,)``.
        vectors: Orthonormal rows, shape ``(k, size)``, on the device of the basis.
        bounds: The norm of ``A v - value v`` for each, rounding included: an eigenvalue of A is at
            most that far.  The distance itself is mostly of the order of its square.
        converged: Whether the bound is within the tolerance.  Where ``products`` has come to
            ``max_products``, the search for what was passed over has not ended.
        products: Products with vectors that it took.
    """

    values: Array
    vectors: Tensor
    bounds: Array
    converged: NDArray[np.bool_]
    products: int

    def table(self) -> Table:
        """One row for each eigenvalue."""
        rows = [
            [str(i + 1), float(value), float(bound), "yes" if done else "no"]
            for i, (value, bound, done) in enumerate(
                zip(self.values, self.bounds, self.converged, strict=True)
            )
        ]
        return Table(["", "eigenvalue", "bound", "converged"], rows, "Eigenvalues with bounds")

    def chosen(self, places: NDArray[np.int64], products: int) -> "Eigenpairs":
        """The pairs at some places, in their order; without a copy where these are all.

        Args:
            places: Which ones.
            products: How many products there are by now.
        """
        vectors = self.vectors
        if not np.array_equal(places, np.arange(len(self.values))):
            vectors = vectors[torch.as_tensor(places.copy(), device=vectors.device)]
        arrays = (self.values[places], vectors, self.bounds[places], self.converged[places])
        return Eigenpairs(*arrays, products)
