r"""The Lanczos process with full reorthogonalisation.

.. math:: A Q = Q T + \beta\, q_{m+1} e_m^\top

Q has orthonormal rows here, T is tridiagonal.  Without reorthogonalisation rounding brings
eigenvalues back that were already found ("ghosts", Paige 1972).

The basis grows by a vector a step.  Where there is no room for more, `Krylov.compress` keeps a few
Ritz vectors of it and goes on (thick restart: Wu and Simon 2000), and `Krylov.forget` drops the
oldest ones, at the price of ghosts.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.curvature.operators import Operator

Array = NDArray[np.float64]
_BLOCK = 2**16  # entries of a vector at once


@dataclass(frozen=True)
class Ritz:
    """What a Krylov space knows of a spectrum.

    Attributes:
        values: Ritz values, ascending, shape ``(m,)``.
        coordinates: Their vectors in the basis, one a column, shape ``(m, m)``.
        bounds: The norm of ``A y - value y`` for each: an eigenvalue of A is at most that far.
    """

    values: Array
    coordinates: Array
    bounds: Array


class Krylov:
    """An orthonormal basis that grows by one product a step.

    Attributes:
        operator: Whose spectrum is wanted.
        away_from: Rows that the basis stays orthogonal to, or None.
        diagonal: Of T, so far.
        below: What lies below it, the last entry being that to the next vector.
        room: How many vectors the basis may have, or None: without a limit.
    """

    def __init__(
        self,
        operator: Operator,
        start: Tensor,
        *,
        away_from: Tensor | None = None,
        device: torch.device | str | None = None,
        room: int | None = None,
    ) -> None:
        """Normalise the start; nothing is multiplied.

        Args:
            operator: A symmetric map.
            start: Any vector, shape ``(size,)``.
            away_from: Orthonormal rows to keep out of the basis.
            device: Where the basis is kept, by default where the operator computes.
            room: How many vectors the basis may have: who steps makes room where it is `full`.
        """
        self.operator = operator
        self.away_from = away_from
        self.diagonal: list[float] = []
        self.below: list[float] = []
        self.room = room
        self._arms = np.zeros(0)  # between the vectors that were kept and the one after them
        self._events: list[tuple[Array, float, float] | Array] = []
        self._held = 0
        self._device = torch.device(device) if device is not None else operator.device
        self._rows = start.new_empty((0, operator.size), device=self._device)
        self._next = start
        self.restart(start)

    def __len__(self) -> int:
        return len(self.diagonal)

    @property
    def basis(self) -> Tensor:
        """The orthonormal rows that are held, shape ``(m, size)``."""
        return self._rows[: self._held]

    @property
    def full(self) -> bool:
        """Whether there is no room for one more vector."""
        return self.room is not None and self._held >= self.room

    @property
    def free(self) -> int:
        """How many more directions there are."""
        locked = 0 if self.away_from is None else len(self.away_from)
        return self.operator.size - locked - len(self)

    @property
    def closed(self) -> bool:
        """Whether the basis spans an invariant space: nothing is left to follow."""
        return bool(self.below) and self.below[-1] == 0.0

    def restart(self, start: Tensor) -> None:
        """Follow another vector from here on, orthogonal to all that is there."""
        start = self._orthogonal(start.to(self._device))
        self._next = start / start.norm()

    def step(self) -> None:
        """Multiply once, and take the result into the basis."""
        q = self._next
        self._append(q)
        before = self._arms if len(self) == len(self._arms) else np.array(self.below[-1:])
        product = (self.operator @ q.to(self.operator.device)).to(self._device)
        self.diagonal.append(float(torch.dot(product, q)))
        # What is left after the projection is noise if it is as small as the rounding of a product.
        length = float(product.norm())
        rest = self._orthogonal(product)
        size = float(rest.norm())
        noise = 10 * torch.finfo(rest.dtype).eps * max(length, self._scale())
        self.below.append(0.0 if size <= noise or self.free == 0 else size)
        self._events.append((before, self.diagonal[-1], self.below[-1]))
        if not self.closed:
            self._next = rest / size

    def compress(self, places: NDArray[np.int64]) -> None:
        """Keep some Ritz vectors for a basis: the space around them grows on as if it were whole.

        Between a kept vector and the next one, A has the entry that bounds its residual; so T is a
        diagonal with one more row, and tridiagonal after it.

        Args:
            places: Which ones, by their places in `ritz`.
        """
        ritz = self.ritz()
        turn = ritz.coordinates[:, places]
        moved = torch.as_tensor(turn.T.copy(), device=self._device).to(self._rows.dtype)
        for block in torch.split(self.basis, _BLOCK, dim=1):
            block[: len(places)] = moved @ block
        self._held = len(places)
        self._arms = self.below[-1] * turn[-1]
        self.diagonal = ritz.values[places].tolist()
        self.below = [*[0.0] * (len(places) - 1), float(self._arms[-1])]
        self._events.append(turn)

    def forget(self, count: int) -> None:
        """Drop the oldest vectors: T grows on, but the basis is orthogonal to the others alone."""
        for k in range(count, self._held):
            self._rows[k - count] = self._rows[k]
        self._held -= count

    def ritz(self) -> Ritz:
        """The eigenvalues of T, their vectors, and how far they are from being A's."""
        # By torch: numpy's threads would go on spinning beside those of the next product.
        diagonal, below = (
            torch.tensor(entries, dtype=torch.float64, device="cpu")
            for entries in (self.diagonal, self.below[:-1])
        )
        lower = torch.diag(diagonal) + torch.diag(below, -1)
        kept = len(self._arms)
        if 0 < kept < len(self):
            lower[kept, :kept] = torch.from_numpy(self._arms)
        values, coordinates = (part.numpy() for part in torch.linalg.eigh(lower, UPLO="L"))
        return Ritz(values, coordinates, abs(self.below[-1] * coordinates[-1]))

    def growth(self, value: float) -> float:
        r"""How much an eigenvector of a value beyond all Ritz values has grown since the start.

        .. math:: \Big(\sum_{j=0}^m p_j(\lambda)^2\Big)^{1/2}, \qquad
            \beta_{j+1} p_{j+1} = (\lambda - \alpha_{j+1})\, p_j - \beta_j\, p_{j-1}

        Its part in the basis vector j + 1 is :math:`p_j(\lambda)` times that in the first, and all
        parts together are no longer than 1 (Bessel): so the start holds at most one over this of
        it.  Its parts in Ritz vectors that were kept follow from those in what they are made of.
        No restart may have come between.
        """
        parts = np.ones(1)  # in each vector of the basis, and in the next one
        for event in self._events:
            if not isinstance(event, tuple):
                parts = np.append(event.T @ parts[:-1], parts[-1])
                continue
            before, alpha, beta = event
            if beta == 0.0:
                return math.inf
            last = len(parts) - 1
            known = float(before @ parts[last - len(before) : last])
            parts = np.append(parts, ((value - alpha) * parts[-1] - known) / beta)
        return float(np.linalg.norm(parts))

    def _scale(self) -> float:
        return max(map(abs, (*self.diagonal, *self.below)), default=0.0)

    def _append(self, row: Tensor) -> None:
        m = self._held
        if m == len(self._rows):
            room = min(max(32, 2 * m), m + self.free, self.room or m + self.free)
            rows = row.new_empty((room, len(row)))
            rows[:m] = self._rows
            self._rows = rows
        self._rows[m] = row
        self._held += 1

    def _orthogonal(self, vector: Tensor) -> Tensor:
        """Gram and Schmidt, twice: once leaves what cancellation has made of the rest."""
        spaces = [rows for rows in (self.basis, self.away_from) if rows is not None and len(rows)]
        for _ in range(2):
            for rows in spaces:
                vector = torch.addmv(vector, rows.T, rows.mv(vector), alpha=-1)
        return vector
