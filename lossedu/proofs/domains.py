"""Where an inequality holds: an interval for each of its symbols, as text ``0 < p < 1``."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import mpmath as mp
import sympy as sp

from lossedu.symbolic.stated import latex_of, syntax_tree

Grid = Mapping[str, int | Sequence[float]]
"""For each symbol the number of its points, or the points themselves."""

_MIRROR = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@dataclass(frozen=True)
class Interval:
    """Where one symbol may lie.

    Attributes:
        name: The symbol's.
        low: The left end, or minus infinity.
        high: The right end, or infinity.
        closed: Whether the left and the right end belong to it.
    """

    name: str
    low: sp.Expr = -sp.oo
    high: sp.Expr = sp.oo
    closed: tuple[bool, bool] = (False, False)

    def inside(self, t: sp.Symbol) -> sp.Expr:
        """An expression that runs through the interior as a positive t runs through its range."""
        if self.low == -sp.oo:
            return sp.log(t) if self.high == sp.oo else self.high - t
        return self.low + (t if self.high == sp.oo else (self.high - self.low) * t / (1 + t))

    def holds(self, value: sp.Expr) -> bool:
        """Whether a number lies in it."""
        above = value >= self.low if self.closed[0] else value > self.low
        below = value <= self.high if self.closed[1] else value < self.high
        return bool(above) and bool(below)

    def draw(self, random: Random) -> mp.mpf:
        """A number in it, often close to an end: there a false inequality fails first."""
        far = mp.mpf(10) ** random.uniform(-6, 2)
        if self.low == -sp.oo and self.high == sp.oo:
            return far * random.choice((-1, 1))
        if self.high == sp.oo:
            return multiprecise(self.low) + far
        if self.low == -sp.oo:
            return multiprecise(self.high) - far
        share = random.choice((mp.mpf(random.random()), mp.mpf(10) ** random.uniform(-6, 0)))
        low, high = multiprecise(self.low), multiprecise(self.high)
        return low + (high - low) * random.choice((share, 1 - share))

    def points(self, count: int) -> list[sp.Expr]:
        """Evenly spaced numbers in it; an end that is open is half a step away.

        Raises:
            ValueError: If an end is infinite.
        """
        if not (self.low.is_finite and self.high.is_finite):
            raise ValueError(
                f"grid must list the points of {self.name}, but counts them, "
                "and its interval has no end."
            )
        first, last = (sp.Rational(0 if closed else 1, 2) for closed in self.closed)
        step = (self.high - self.low) / (count - 1 + first + last)
        return [self.low + (first + k) * step for k in range(count)]


def multiprecise(number: sp.Expr) -> mp.mpf:
    """A number of SymPy's in the digits that mpmath works with just now."""
    return mp.mpf(str(sp.N(number, mp.mp.dps)))


def read_domain(text: str) -> tuple[dict[str, Interval], str]:
    r"""The intervals of a domain, and its LaTeX.

    Example:
        >>> intervals, latex = read_domain("0 < p < 1, gamma >= 1")
        >>> intervals["gamma"].low, intervals["gamma"].closed, latex
        (1, (True, False), '0 < p < 1,\\; \\gamma \\ge 1')

    Raises:
        ValueError: If a part does not bound one symbol by numbers.
    """
    tree = syntax_tree(f"({text},)")
    assert isinstance(tree, ast.Tuple)
    intervals: dict[str, Interval] = {}
    for part in tree.elts:
        interval = _interval(part)
        intervals[interval.name] = interval
    return intervals, r",\; ".join(map(latex_of, tree.elts))


def _interval(part: ast.expr) -> Interval:
    wrong = ValueError(
        f"domain must bound one symbol a part, as in '0 < p < 1', but has {ast.unparse(part)!r}."
    )
    if not isinstance(part, ast.Compare):
        raise wrong
    terms = [part.left, *part.comparators]
    place = [k for k, term in enumerate(terms) if isinstance(term, ast.Name) and term.id != "oo"]
    if len(place) != 1:
        raise wrong
    low, high, closed = -sp.oo, sp.oo, [False, False]
    for k, operator in enumerate(part.ops):
        kind, end = type(operator), terms[k + 1]
        if k + 1 == place[0]:  # the number stands on the left
            kind, end = _MIRROR[type(operator)], terms[k]
        value = sp.sympify(ast.unparse(end))
        if kind in (ast.Gt, ast.GtE):
            low, closed[0] = value, kind is ast.GtE
        else:
            high, closed[1] = value, kind is ast.LtE
    symbol = terms[place[0]]
    return Interval(ast.unparse(symbol), low, high, (closed[0], closed[1]))
