"""Extreme eigenvalues of a curvature matrix, with bounds on what is wrong with them."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_positive
from lossedu.landscape.curvature.lanczos import Array, Krylov, Ritz
from lossedu.landscape.curvature.operators import Counted, Operator, random_vector
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.objective.objective import Objective
from lossedu.tables import Table

Which = Literal["largest", "smallest", "magnitude"]
_SPARE = 3
_LOOSE = 10, 0.1  # the tolerance of spare pairs: in units of that of the others, and at most
_EVERY = 2
_CHECK = 100
_UNLUCKY = 1e-3  # how small a part of a missed vector a random start may hold, of what is usual


@dataclass(frozen=True)
class Eigenpairs:
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


def top_eigenvalues(
    target: Operator | Objective | Tensor,
    k: int = 5,
    *,
    tolerance: float = 1e-3,
    which: Which = "largest",
    max_products: int = 500,
    seed: int = 0,
    basis_device: torch.device | str | None = None,
) -> Eigenpairs:
    """The first k eigenvalues from one end of a spectrum, by Lanczos.

    Full reorthogonalisation lets no eigenvalue come twice.  A bound says that there is an
    eigenvalue, not that none was passed over: so three pairs more than asked must nearly converge,
    and a second process, started at random and orthogonal to all that has converged, looks for
    more: copies of multiple eigenvalues above all, which one Krylov space cannot hold.  It stops
    where its start would have to hold less of them than one in a thousand random ones does, or
    after a hundred products.  What it finds is kept, and the search goes on.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        k: How many; fewer come back if there are fewer parameters.
        tolerance: The largest bound of a converged pair, relative to its value.  What rounding
            hides, about ten units in the last place of the largest, counts as converged: 1e-6 of
            the largest eigenvalue in float32, 8 % in bfloat16.
        which: "largest" and "smallest" by sign, "magnitude" by absolute value; of opposite values,
            alike up to rounding, the positive one comes first.
        max_products: Products after which the search ends, with what is there; some more measure
            the bounds where eigenvalues are multiple, one for each pair found.
        seed: Of the random starts.
        basis_device: Where the basis is kept, one vector for each product; on an accelerator that
            is short of memory, "cpu".

    Returns:
        The eigenvalues, descending ("smallest": ascending), with vectors and bounds.

    Raises:
        ValueError: If a product is not finite, or there are fewer products than pairs.

    Example:
        >>> pairs = top_eigenvalues(torch.diag(torch.tensor([3.0, 1.0, 3.0])), k=2)
        >>> pairs.values.round(4).tolist(), bool(pairs.converged.all())
        ([3.0, 3.0], True)
    """
    check_count("k", k)
    check_positive("tolerance", tolerance)
    check_choice("which", which, get_args(Which))
    check_count("max_products", max_products)
    operator = as_operator(target)
    if max_products < min(k, operator.size):
        raise ValueError(
            f"max_products must be at least {min(k, operator.size)}, one for each pair, but is "
            f"{max_products}."
        )
    search = _Search(Counted(operator), which, tolerance, max_products, seed)
    return search.run(k, basis_device)


def most_negative_eigenvalue(
    target: Operator | Objective | Tensor, *, tolerance: float = 1e-3, max_products: int = 500
) -> Eigenpairs:
    """The lower end of the spectrum: negative where a minimum is none.

    Returns:
        One pair; see `top_eigenvalues`.
    """
    return top_eigenvalues(
        target, 1, which="smallest", tolerance=tolerance, max_products=max_products
    )


@dataclass
class _Search:
    """Lanczos processes one after the other, each away from what is known."""

    operator: Counted
    which: Which
    tolerance: float
    max_products: int
    seed: int

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed)
        self.largest = 0.0  # by absolute value

    def run(self, k: int, device: torch.device | str | None) -> Eigenpairs:
        wanted = min(k, self.operator.size)
        krylov = self._process(None, device)
        found = self._grow(krylov, k + _SPARE)
        while (
            found.converged[:wanted].all()
            and self._left(krylov) > 0
            and self._missed(found, wanted)
        ):
            # What is only half known would spoil the bounds of all that is found beside it.
            known = _chosen(found, found.converged.nonzero()[0], self.operator.products)
            krylov = self._process(known.vectors, device)
            found = self._merged(known, self._grow(krylov, k + _SPARE))
        if krylov.away_from is not None:
            found = self._measured(found)
        # A value errs by about the square of its bound, and a spare one has a loose bound.
        doubt = 4 * found.bounds**2 / np.maximum(abs(found.values), self._floor() or 1.0)
        first = self._order(found.values, doubt)[:wanted]
        return _chosen(found, first, self.operator.products)

    def _process(self, away_from: Tensor | None, device: torch.device | str | None) -> Krylov:
        start = random_vector(self.operator, self.generator)
        return Krylov(self.operator, start, away_from=away_from, device=device)

    def _left(self, krylov: Krylov) -> int:
        """How many steps may still be taken."""
        return min(self.max_products - self.operator.products, krylov.free)

    def _grow(self, krylov: Krylov, demanded: int) -> Eigenpairs:
        """Step until so many pairs have converged, or no step is left."""
        while True:
            krylov.step()
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
                allowed = np.where(np.arange(len(order)) < demanded - _SPARE, 1.0, loose)
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
        known = _chosen(found, found.converged.nonzero()[0], self.operator.products)
        beside = self._process(known.vectors, known.vectors.device)
        least = float(self._rank(found.values)[wanted - 1]) + self._floor()
        for _ in range(min(_CHECK, self._left(beside))):
            beside.step()
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
        return _chosen(both, self._order(both.values), self.operator.products)

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


def _chosen(pairs: Eigenpairs, places: NDArray[np.int64], products: int) -> Eigenpairs:
    return Eigenpairs(
        pairs.values[places],
        pairs.vectors[torch.as_tensor(places.copy(), device=pairs.vectors.device)],
        pairs.bounds[places],
        pairs.converged[places],
        products,
    )
