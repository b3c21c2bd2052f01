"""Numbers with 40 digits, each with a bound on what rounding in float64 would do to it.

Beside a value goes a bound of the error that a computation in float64 may make, in units of the
roundoff 2⁻⁵³ (running error analysis; Higham, Accuracy and Stability of Numerical Algorithms,
section 3.3).  The page computes in float64 with the same bounds and decides everything that is
near a limit by them: whether a difference is zero, whether a power is an integer, whether digits
are left.  So both come to one verdict.
"""

from functools import cache
from typing import Any

DIGITS = 40
ROUNDOFF = 2.0**-53
CERTAIN = 16 * ROUNDOFF
"""An error bound times this is what float64 surely keeps below."""
LOST = 1e-6
"""The greatest uncertainty of an argument, relative to it or to 1."""
LARGE = 1e300
LOG_LARGE = 690.0

Bounded = tuple[Any, float]
"""A number of `mpmath`, and the bound of its error in units of `ROUNDOFF`."""


@cache
def arithmetic() -> Any:
    """The context of `mpmath` with 40 digits, ours alone; loaded when a value is first asked."""
    from mpmath.ctx_mp import MPContext

    context = MPContext()
    context.dps = DIGITS
    return context


def certain(argument: Bounded) -> Any:
    """A value, or zero where rounding alone could have made it."""
    value, error = argument
    return arithmetic().zero if abs(value) <= CERTAIN * error else value


def size(value: Any) -> float:
    """The absolute value as a float."""
    return abs(float(value))
