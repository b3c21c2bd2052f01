"""The search for extreme eigenvalues: Lanczos processes, and what each may have passed over."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.curvature.eigenpairs import Eigenpairs
from lossedu.landscape.curvature.lanczos import Array, Krylov, Ritz
from lossedu.landscape.curvature.operators import Counted, random_vector

Which = Literal["largest", "smallest", "magnitude"]
SPARE = 3
"""Pairs that must nearly converge besides those that are wanted."""
_LOOSE = 10, 0.1  # the tolerance of spare pairs: in units of that of the others, and at most
_EVERY = 2
_CHECK = 100
_UNLUCKY = 1e-3  # how small a part of a missed vector a random start may hold, of what is usual
_KEPT = 3  # of what is beyond the pairs demanded, one in so many stays when room is made


@dataclass
class Search:
    """Lanczos processes one after the other, each away from what is known.

    Attributes:
        operator: Whose eigenvalues are wanted.
        which: From which end.
        tolerance: The largest bound of a converged pair, relative to its value.
        max_products: Products after which it ends.
        seed: Of the random starts.
        room: How many vectors a basis may have.
        device: Where bases are kept.
    """

    operator: Counted
    which: Which
    tolerance: float
    max_products: int
    seed: int
    room: int
    device: torch.device | str | None = None

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed)
        self.largest = 0.0  # by absolute value
        self.compressed = False

    def run(self, k: int) -> Eigenpairs:
        """The first k pairs."""
        wanted = min(k, self.operator.size)
        krylov = self._process(None)
        found = self._grow(krylov, k + SPARE)
        while (
            found.converged[:wanted].all()
            and self._left(krylov) > 0
            and self._missed(found, wanted)
        ):
            # What is only half known would spoil the bounds of all that is found beside it.
            known = found.chosen(found.converged.nonzero()[0], self.operator.products)
            krylov = self._process(known.vectors)
            found = self._merged(known, self._grow(krylov, k + SPARE))
        if krylov.away_from is not None or self.compressed:
            found = self._measured(found)
        # A value errs by about the square of its bound, and a spare one has a loose bound.
        doubt = 4 * found.bounds**2 / np.maximum(abs(found.values), self._floor() or 1.0)
        first = self._order(found.values, doubt)[:wanted]
        return found.chosen(first, self.operator.products)

    def _process(
        self, away_from: Tensor | None, device: torch.device | str | None = None
    ) -> Krylov:
        start = random_vector(self.operator, self.generator)
        device = device or self.device
        return Krylov(self.operator, start, away_from=away_from, device=device, room=self.room)

    def _step(self, krylov: Krylov, demanded: int) -> None:
        """One product; where there is no room for its vector, the first Ritz vectors stay."""
        if krylov.full:
            order = self._order(krylov.ritz().values)
            krylov.compress(order[: demanded + (self.room - demanded) // _KEPT])
            self.compressed = True
        krylov.step()

    def _left(self, krylov: Krylov) -> int:
        """How many steps may still be taken."""
        return min(self.max_products - self.operator.products, krylov.free)

    def _grow(self, krylov: Krylov, demanded: int) -> Eigenpairs:
        """Step until so many pairs have converged, or no step is left."""
        while True:
            self._step(krylov, demanded)
            last = self._left(krylov) <= 0
            if krylov.closed and not last:
                krylov.restart(random_vector(self.operator, self.generator))
            enough = len(krylov) >= demanded and (len(krylov) % _EVERY == 0)
            if last or enough:
                ritz = krylov.ritz()
                order = self._order(ritz.values)[:demanded]
                self.largest = max(self.largest, float(abs(ritz.values).max()))
                floor = self._floor()
                bounds = np.hypot(ritz.bounds, floor)[order]
                # The spare ones need only be seen to be there.
                times, most = _LOOSE
                loose = max(1.0, min(times, most / self.tolerance))
                allowed = np.where(np.arange(len(order)) < demanded - SPARE, 1.0, loose)
                if last or self._fine(ritz.values[order], bounds / allowed, floor).all():
                    break
        vectors = torch.as_tensor(ritz.coordinates[:, order].T, device=krylov.basis.device)
        return Eigenpairs(
            ritz.values[order],
            vectors.to(krylov.basis.dtype) @ krylov.basis,
            bounds,
            self._fine(ritz.values[order], bounds, floor),
            self.operator.products,
        )

    def _missed(self, found: Eigenpairs, wanted: int) -> bool:
        """Whether the space beside all that was found holds what belongs to the first ones."""
        # In a pair with a loose bound lies a part of what was passed over.
        known = found.chosen(found.converged.nonzero()[0], self.operator.products)
        beside = self._process(known.vectors, known.vectors.device)
        least = float(self._rank(found.values)[wanted - 1]) + self._floor()
        for _ in range(min(_CHECK, self._left(beside))):
            self._step(beside, 1)
            ritz = beside.ritz()
            best = self._order(ritz.values)[0]
            if self._rank(ritz.values[best]) > least + ritz.bounds[best]:
                return True
            if beside.closed or self._would_show(beside, ritz, least):
                break
        return False

    def _would_show(self, beside: Krylov, ritz: Ritz, least: float) -> bool:
        """Whether the random start would have to hold improbably little of what was missed."""
        if self._rank(ritz.values).max() >= least:
            return False
        ends = {"largest": (least,), "smallest": (-least,), "magnitude": (least, -least)}
        growth = min(beside.growth(value) for value in ends[self.which])
        return growth >= math.sqrt(self.operator.size) / _UNLUCKY

    def _merged(self, known: Eigenpairs, new: Eigenpairs) -> Eigenpairs:
        """Both in one order."""
        both = Eigenpairs(
            np.concatenate([known.values, new.values]),
            torch.cat([known.vectors, new.vectors]),
            np.concatenate([known.bounds, new.bounds]),
            np.concatenate([known.converged, new.converged]),
            self.operator.products,
        )
        return both.chosen(self._order(both.values), self.operator.products)

    def _measured(self, pairs: Eigenpairs) -> Eigenpairs:
        """Rayleigh and Ritz in the space of all pairs, and bounds by products.

        A process knows the operator only beside what it was kept away from: an error that the one
        has left in a vector is in a vector of the other as well, and a rotation takes out both.
        """
        home = pairs.vectors.device
        away = self.operator.device
        images = torch.stack([(self.operator @ v.to(away)).to(home) for v in pairs.vectors])
        small = (pairs.vectors @ images.T).double()
        values, turn = torch.linalg.eigh((small + small.T) / 2)
        order = self._order(values.numpy(force=True))
        turn = turn[:, torch.as_tensor(order, device=home)].T.to(images.dtype)
        values, vectors = values.numpy(force=True)[order], turn @ pairs.vectors
        rest = turn @ images - torch.as_tensor(values, device=home)[:, None] * vectors
        floor = self._floor()
        bounds = np.hypot(rest.norm(dim=1).double().numpy(force=True), floor)
        fine = self._fine(values, bounds, floor)
        return Eigenpairs(values, vectors, bounds, fine, self.operator.products)

    def _rank(self, values: Array) -> Array:
        """Large for what comes first."""
        return {"largest": values, "smallest": -values, "magnitude": abs(values)}[self.which]

    def _order(self, values: Array, doubt: Array | float = 0.0) -> NDArray[np.int64]:
        """The first ones first; of opposite values that are alike up to doubt, the positive one."""
        rank = self._rank(values)
        order = np.argsort(-rank, kind="stable")
        if self.which != "magnitude":
            return order
        doubts = np.broadcast_to(self._floor() + np.asarray(doubt), values.shape)
        for last in range(1, len(order)):
            for place in range(last, 0, -1):
                before, here = order[place - 1], order[place]
                alike = rank[before] - rank[here] <= doubts[here]
                if not (values[before] < 0 < values[here] and alike):
                    break
                order[place - 1], order[place] = here, before
        return order

    def _floor(self) -> float:
        """The rounding of a product: it limits every bound."""
        return 10 * torch.finfo(self.operator.precision).eps * self.largest

    def _fine(self, values: Array, bounds: Array, floor: float) -> NDArray[np.bool_]:
        return np.asarray(bounds <= np.maximum(self.tolerance * abs(values), 2 * floor))
