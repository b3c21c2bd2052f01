r"""The Lanczos process with full reorthogonalisation.

.. math:: A Q = Q T + \beta\, q_{m+1} e_m^\top

Q has orthonormal rows here, T is tridiagonal.  Without reorthogonalisation rounding brings
eigenvalues back that were already found ("ghosts", Paige 1972).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lossedu.landscape.curvature.operators import Operator

Array = NDArray[np.float64]


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
    """

    def __init__(
        self,
        operator: Operator,
        start: Tensor,
        *,
        away_from: Tensor | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Normalise the start; nothing is multiplied.

        Args:
            operator: A symmetric map.
            start: Any vector, shape ``(size,)``.
            away_from: Orthonormal rows to keep out of the basis.
            device: Where the basis is kept, by default where the operator computes.
        """
        self.operator = operator
        self.away_from = away_from
        self.diagonal: list[float] = []
        self.below: list[float] = []
        self._device = torch.device(device) if device is not None else operator.device
        self._rows = start.new_empty((0, operator.size), device=self._device)
        self._next = start
        self.restart(start)

    def __len__(self) -> int:
        return len(self.diagonal)

    @property
    def basis(self) -> Tensor:
        """The orthonormal rows so far, shape ``(m, size)``."""
        return self._rows[: len(self)]

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
        product = (self.operator @ q.to(self.operator.device)).to(self._device)
        self.diagonal.append(float(torch.dot(product, q)))
        # What is left after the projection is noise if it is as small as the rounding of a product.
        length = float(product.norm())
        rest = self._orthogonal(product)
        size = float(rest.norm())
        noise = 10 * torch.finfo(rest.dtype).eps * max(length, self._scale())
        self.below.append(0.0 if size <= noise or self.free == 0 else size)
        if not self.closed:
            self._next = rest / size

    def ritz(self) -> Ritz:
        """The eigenvalues of T, their vectors, and how far they are from being A's."""
        # By torch: numpy's threads would go on spinning beside those of the next product.
        diagonal, below = (
            torch.tensor(entries, dtype=torch.float64, device="cpu")
            for entries in (self.diagonal, self.below[:-1])
        )
        lower = torch.diag(diagonal) + torch.diag(below, -1)
        values, coordinates = (part.numpy() for part in torch.linalg.eigh(lower, UPLO="L"))
        return Ritz(values, coordinates, abs(self.below[-1] * coordinates[-1]))

    def growth(self, value: float) -> float:
        r"""How much an eigenvector of a value beyond all Ritz values has grown since the start.

        .. math:: \Big(\sum_{j=0}^m p_j(\lambda)^2\Big)^{1/2}, \qquad
            \beta_{j+1} p_{j+1} = (\lambda - \alpha_{j+1})\, p_j - \beta_j\, p_{j-1}

        Its part in the basis vector j + 1 is :math:`p_j(\lambda)` times that in the first, and all
        parts together are no longer than 1 (Bessel): so the start holds at most one over this of
        it.  No restart may have come between.
        """
        before, now, total, below = 0.0, 1.0, 1.0, 0.0
        for alpha, beta in zip(self.diagonal, self.below, strict=True):
            if beta == 0.0:
                return math.inf
            before, now = now, ((value - alpha) * now - below * before) / beta
            total += now * now
            below = beta
        return math.sqrt(total)

    def _scale(self) -> float:
        return max(map(abs, (*self.diagonal, *self.below)), default=0.0)

    def _append(self, row: Tensor) -> None:
        m = len(self)
        if m == len(self._rows):
            room = min(max(32, 2 * m), m + self.free)
            rows = row.new_empty((room, len(row)))
            rows[:m] = self._rows
            self._rows = rows
        self._rows[m] = row

    def _orthogonal(self, vector: Tensor) -> Tensor:
        """Gram and Schmidt, twice: once leaves what cancellation has made of the rest."""
        spaces = [rows for rows in (self.basis, self.away_from) if rows is not None and len(rows)]
        for _ in range(2):
            for rows in spaces:
                vector = torch.addmv(vector, rows.T, rows.mv(vector), alpha=-1)
        return vector
