r"""A smooth function on a rectangle from its values at a few nodes, with an estimate of the error.

The nodes are Chebyshev's (Lobatto's variant: the ends are among them),

.. math:: x_k = \cos\frac{\pi k}{n - 1}, \qquad n = 7, 13, 25, 49, \dots

each set within the next, so that no value is computed twice.

References:
    Trefethen: Approximation theory and approximation practice. SIAM 2013, chapters 5 and 8.
    Berrut, Trefethen: Barycentric Lagrange interpolation. SIAM Review 46, 2004.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import pi, sin

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]
FIRST = 7


def nodes(n: int) -> Array:
    """The n nodes in [-1, 1], ascending; those of n are exactly among those of 2n - 1.

    Example:
        >>> nodes(3).tolist()
        [-1.0, 0.0, 1.0]
    """
    shares = (Fraction(2 * k - n + 1, 2 * (n - 1)) for k in range(n))
    return np.array([sin(pi * s.numerator / s.denominator) for s in shares])


def finer(n: int) -> int:
    """The number of nodes of the next set."""
    return 2 * n - 1


@dataclass(frozen=True)
class Interpolant:
    """Values on a grid, made from values at nodes.

    Attributes:
        values: Shape ``(len(y), len(x))``.
        errors: The estimated error along x and along y, which add up; in units of the values.
        log: Whether the logarithm was interpolated.
    """

    values: Array
    errors: tuple[float, float]
    log: bool

    @property
    def error(self) -> float:
        """The estimated largest error on the grid."""
        return sum(self.errors)


def interpolate(at_nodes: Array, x: Array, y: Array) -> Interpolant:
    r"""Interpolate on a grid, the values or their logarithm: whichever has the smaller error.

    The error along an axis is the geometric mean of two differences, each the largest on the grid:
    to the polynomial without its highest quarter of degrees, which is too small where values have
    kinks, and to the interpolant through every second node, which is far too large where they are
    smooth.  It is an estimate: one kink along an axis, at an unlucky place, can hide most of it.

    Args:
        at_nodes: Values at the nodes, shape ``(ny, nx)``; odd numbers of nodes.
        x: Where the columns of the grid are, in [-1, 1].
        y: Where its rows are.
    """
    found = _interpolant(at_nodes, x, y, log=False)
    if not at_nodes.min() > 0:
        return found
    other = _interpolant(at_nodes, x, y, log=True)
    return other if other.error < found.error else found


def _interpolant(at_nodes: Array, x: Array, y: Array, *, log: bool) -> Interpolant:
    values = np.log(at_nodes) if log else at_nodes
    back = np.exp if log else np.asarray
    rows, columns = at_nodes.shape
    across, down = _matrix(columns, tuple(x)), _matrix(rows, tuple(y))
    with np.errstate(over="ignore", invalid="ignore"):  # of a logarithm that swings too far
        full = back(down @ values @ across.T)

        def apart(other: Array) -> float:
            worst = np.abs(full - back(other)).max()
            return float(worst) if np.isfinite(worst) else np.inf

        half_x = values[:, ::2] @ _matrix(columns // 2 + 1, tuple(x)).T
        half_y = _matrix(rows // 2 + 1, tuple(y)) @ values[::2]
        along_x = apart(down @ half_x), apart(down @ values @ _smoothed(columns, tuple(x)).T)
        along_y = apart(half_y @ across.T), apart(_smoothed(rows, tuple(y)) @ values @ across.T)
    errors = (float(np.sqrt(a * b)) for a, b in (along_x, along_y))
    return Interpolant(full, (next(errors), next(errors)), log)


@lru_cache(maxsize=32)
def _matrix(n: int, at: tuple[float, ...]) -> Array:
    """From values at nodes to those of the interpolant: the barycentric formula."""
    weights = np.ones(n)
    weights[1::2] = -1
    weights[[0, -1]] /= 2
    apart = np.array(at)[:, None] - nodes(n)
    hit = apart == 0
    apart[hit] = 1
    terms = weights / apart
    terms[hit.any(1)] = 0
    terms[hit] = 1
    made: Array = terms / terms.sum(1, keepdims=True)
    return made


@lru_cache(maxsize=32)
def _smoothed(n: int, at: tuple[float, ...]) -> Array:
    """The same without the highest quarter of degrees."""
    kept = n - max(2, (n + 3) // 4)
    coefficients = np.linalg.inv(chebyshev.chebvander(nodes(n), n - 1))[:kept]
    made: Array = chebyshev.chebvander(np.array(at), kept - 1) @ coefficients
    return made
