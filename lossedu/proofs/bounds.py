"""Whether an expression is nowhere negative on a domain: shown by calculus, or tested on a grid.

What is shown follows from signs that SymPy knows: a function is not negative if its sign is known;
if it is a product of such; if it does not fall from an end where it is not negative; if it is
concave between two such ends; or if it is convex and not negative where its slope is 0.  Each
derivative is shown the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from random import Random
from typing import Any

import mpmath as mp
import sympy as sp

from lossedu.proofs.domains import Grid, Interval, multiprecise
from lossedu.symbolic.functions import numeric

Domain = Mapping[sp.Symbol, Interval]
Point = dict[sp.Symbol, sp.Expr]

_DRAWS, _FEW_DRAWS = 300, 40
_DIGITS = 40
_ROUNDING = mp.mpf("1e-25")
_DEPTH = 3
_SHORT = 40


def is_nonnegative(f: sp.Expr, domain: Domain, *, strict: bool) -> bool:
    """Whether SymPy can show that f is at least 0 (if strict, above 0) on the whole domain."""
    if not _inside(f, domain, strict=strict, depth=_DEPTH):
        return False
    if not strict:
        return True
    rest = {x: domain[x] for x in domain}
    closed = ((x, end) for x in rest for end, is_in in _ends(domain[x]) if is_in)
    return all(
        is_nonnegative(f.subs(x, end), {s: i for s, i in domain.items() if s != x}, strict=True)
        for x, end in closed
    )


def _ends(interval: Interval) -> list[tuple[sp.Expr, bool]]:
    return [(interval.low, interval.closed[0]), (interval.high, interval.closed[1])]


def _inside(f: sp.Expr, domain: Domain, *, strict: bool, depth: int) -> bool:
    if f.has(sp.DiracDelta):  # the bend of a kink: no number, and it may point up or down
        return False
    if negative_point(f, domain, draws=_FEW_DRAWS) is not None:
        return False  # most roads that lead nowhere end here, and soon
    if _sign_is_known(f, domain, strict=strict):
        return True
    if depth == 0:
        return False
    if _is_product_of_nonnegatives(f, domain, strict, depth - 1):
        return True
    used = [x for x in domain if x in f.free_symbols]
    rules = (_does_not_fall, _is_concave_between_ends, _is_convex_and_flat_above_zero)
    return any(rule(f, x, domain, strict, depth - 1) for x in used for rule in rules)


def _sign_is_known(f: sp.Expr, domain: Domain, *, strict: bool) -> bool:
    runs = {x: i.inside(sp.Dummy(x.name, positive=True)) for x, i in domain.items()}
    free = f.subs(runs, simultaneous=True)
    forms: list[Callable[[sp.Expr], sp.Expr]] = [lambda e: e, lambda e: sp.factor(sp.together(e))]
    if sp.count_ops(free) <= _SHORT:  # of a long one it takes seconds, and seldom helps
        forms.append(sp.simplify)
    for written in forms:
        form = written(free)
        if form.is_positive or (not strict and form.is_nonnegative):
            return True
    return False


def _is_product_of_nonnegatives(f: sp.Expr, domain: Domain, strict: bool, depth: int) -> bool:
    """An even number of its factors is negative, and the others are not."""
    factors = sp.Mul.make_args(sp.factor(f))
    if len(factors) < 2:
        return False
    negative = [negative_point(factor, domain, draws=_FEW_DRAWS) is not None for factor in factors]
    if sum(negative) % 2:
        return False
    signed = (-g if below else g for g, below in zip(factors, negative, strict=True))
    return all(_inside(g, domain, strict=strict, depth=depth) for g in signed)


def _at_end(f: sp.Expr, x: sp.Symbol, end: sp.Expr, interval: Interval) -> sp.Expr:
    """The value or the limit at an end of the interval."""
    if end.is_finite:
        value = f.subs(x, end)
        if not value.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
            return value
    return sp.limit(f, x, end, "+" if end == interval.low else "-")


def _end_is_nonnegative(f: sp.Expr, x: sp.Symbol, end: sp.Expr, domain: Domain, depth: int) -> bool:
    try:
        value = _at_end(f, x, end, domain[x])
    except (NotImplementedError, ValueError):  # SymPy does not find the limit
        return False
    rest = {symbol: interval for symbol, interval in domain.items() if symbol != x}
    return value == sp.oo or _inside(value, rest, strict=False, depth=depth)


def _does_not_fall(f: sp.Expr, x: sp.Symbol, domain: Domain, strict: bool, depth: int) -> bool:
    """Not negative at one end, and no slope leads down from there."""
    slope = sp.diff(f, x)
    for end, uphill in ((domain[x].low, slope), (domain[x].high, -slope)):
        rises = _inside(uphill, domain, strict=strict, depth=depth)
        if rises and _end_is_nonnegative(f, x, end, domain, depth):
            return True
    return False


def _is_concave_between_ends(
    f: sp.Expr, x: sp.Symbol, domain: Domain, strict: bool, depth: int
) -> bool:
    bend = sp.diff(f, x, 2)
    if not _inside(-bend, domain, strict=strict, depth=min(depth, 1)):
        return False
    ends = (domain[x].low, domain[x].high)
    return all(_end_is_nonnegative(f, x, end, domain, depth) for end in ends)


def _is_convex_and_flat_above_zero(
    f: sp.Expr, x: sp.Symbol, domain: Domain, strict: bool, depth: int
) -> bool:
    if not _inside(sp.diff(f, x, 2), domain, strict=False, depth=min(depth, 1)):
        return False
    rest = {symbol: interval for symbol, interval in domain.items() if symbol != x}
    try:
        flat = sp.solve(sp.diff(f, x), x)
    except NotImplementedError:
        return False
    for place in flat:
        gaps = (place - domain[x].low, domain[x].high - place)
        if all(gap == sp.oo or _sign_is_known(gap, rest, strict=False) for gap in gaps):
            value = sp.expand_log(sp.simplify(f.subs(x, place)), force=True)
            if _inside(sp.simplify(value), rest, strict=strict, depth=depth):
                return True
    return False


def negative_point(f: sp.Expr, domain: Domain, *, draws: int = _DRAWS) -> Point | None:
    """Numbers of the domain at which f is below 0, if draws find any."""
    return _drawn_point(f, domain, draws, _is_negative)


def failing_point(f: sp.Expr, domain: Domain) -> Point | None:
    """Numbers of the domain at which f is below 0, or not real, if draws find any.

    An inequality says nothing where a side is not real, such as the logarithm of a negative number.
    """
    return _drawn_point(f, domain, _DRAWS, _fails)


def _drawn_point(
    f: sp.Expr, domain: Domain, draws: int, is_such: Callable[[mp.mpf | mp.mpc], bool]
) -> Point | None:
    random, symbols = Random(0), list(domain)
    value_at = numeric(symbols, f)
    with mp.workdps(_DIGITS):
        for _ in range(draws):
            point = [domain[x].draw(random) for x in symbols]
            if is_such(_value(value_at, point)):
                return _named(symbols, point)
    return None


def _value(value_at: Any, point: Sequence[mp.mpf]) -> mp.mpf | mp.mpc:
    """A value; infinite at a pole at an end of the domain."""
    try:
        return value_at(*point)
    except ZeroDivisionError:
        return mp.inf


def _is_negative(value: mp.mpf | mp.mpc) -> bool:
    return bool(mp.im(value) == 0 and mp.re(value) < -_ROUNDING)


def _fails(value: mp.mpf | mp.mpc) -> bool:
    return _is_negative(value) or bool(abs(mp.im(value)) > _ROUNDING)


def _named(symbols: Sequence[sp.Symbol], point: Sequence[mp.mpf]) -> Point:
    return {x: sp.Float(value, _DIGITS) for x, value in zip(symbols, point, strict=True)}


def tested_points(f: sp.Expr, domain: Domain, grid: Grid) -> tuple[int, Point | None]:
    """How many points a grid has, and the first of them at which f is below 0 or not real.

    Raises:
        ValueError: If the grid leaves a symbol out, or leaves the domain.
    """
    names = {x.name: x for x in domain}
    if set(grid) != set(names):
        raise ValueError(f"grid must have {sorted(names)}, but has {sorted(grid)}.")
    axes = []
    for name, x in names.items():
        wanted = grid[name]
        listed = wanted if not isinstance(wanted, int) else domain[x].points(wanted)
        axis = [sp.Rational(str(value)) for value in listed]
        outside = [value for value in axis if not domain[x].holds(value)]
        if outside:
            raise ValueError(f"grid must lie in the domain, but has {name} = {outside[0]}.")
        axes.append(axis)
    value_at, count = numeric(list(domain), f), prod(map(len, axes))
    with mp.workdps(_DIGITS):
        for point in product(*([multiprecise(value) for value in axis] for axis in axes)):
            if _fails(_value(value_at, point)):
                return count, _named(list(domain), point)
    return count, None
