"""Whether two expressions are equal, and numbers at which they are not, or are not real."""

from collections.abc import Iterator, Set
from random import Random

import sympy as sp
from sympy.core.function import AppliedUndef

_ROUNDS = 8
_ROUNDING = sp.Float("1e-25")
_STEP = sp.Rational(1, 1000)

Point = dict[sp.Symbol, sp.Expr]


def is_zero(difference: sp.Expr) -> bool:
    """Whether SymPy can show that an expression is 0 everywhere."""
    if difference == 0:
        return True
    if counterexample(difference) is not None:
        return False
    kink = _kink(difference)
    if kink is not None:  # |x| and max(x, 0) are simple on either side, and continuous between
        half = sp.Dummy(kink.name, positive=True)
        return all(is_zero(difference.subs(kink, side)) for side in (half, -half))
    attempts = (
        sp.simplify,
        lambda e: sp.simplify(sp.expand_log(sp.expand(e), force=True)),
        lambda e: sp.factor(sp.expand_log(sp.together(e), force=True)),
        lambda e: sp.simplify(sp.expand_log(sp.powsimp(sp.simplify(e)), force=True)),
        lambda e: sp.simplify(sp.logcombine(sp.expand(e), force=True)),
        lambda e: sp.simplify(_in_sizes(e)),
    )
    return any(attempt(difference) == 0 for attempt in attempts)


def _in_sizes(e: sp.Expr) -> sp.Expr:
    """The larger of two is half their sum and half the size of their difference."""
    in_sizes = e.replace(
        lambda part: isinstance(part, (sp.Max, sp.Min)) and len(part.args) == 2,
        lambda part: part.rewrite(sp.Abs),
    )
    return sp.expand(in_sizes.replace(sp.Abs, lambda inner: sp.Abs(sp.expand(inner))))


def _kink(difference: sp.Expr) -> sp.Symbol | None:
    """A symbol whose absolute value, or larger part, an expression holds."""
    bends = difference.atoms(sp.Abs, sp.Max, sp.Min)
    symbols = {arg for bend in bends for arg in (*bend.args, *(-a for a in bend.args))}
    # Splitting a symbol whose sign is known would tell SymPy nothing, again and again.
    unsigned = (s for s in symbols if s.is_Symbol and s.is_positive is None)
    return min(unsigned, key=str, default=None)


def counterexample(difference: sp.Expr, *sides: sp.Expr) -> Point | None:
    """Numbers at which an expression is not 0, if a few draws find any; sides may have more."""
    symbols = difference.free_symbols.union(*(s.free_symbols for s in sides))
    for point, value in _drawn_values(difference, symbols):
        if abs(value) > _ROUNDING:
            return point
    return None


def unreal_point(expression: sp.Expr) -> Point | None:
    """Numbers at which an expression is not real, if it is real at none of a few draws.

    SymPy reckons on with the logarithm of a negative number; a step of a chapter means none.
    """
    if expression.is_real or expression.has(sp.Integral, sp.Sum, sp.Derivative, AppliedUndef):
        return None
    first = None
    for point, value in _drawn_values(expression, expression.free_symbols):
        if abs(sp.im(value)) <= _ROUNDING:
            return None
        first = point if first is None else first
    return first


def before_limits(stated: sp.Expr) -> list[sp.Expr]:
    """What each limit in an expression is taken of, a thousandth before its end, or at a thousand.

    In the limit itself an imaginary part may have vanished.
    """
    return [
        function.subs(symbol, _place_before(end, str(side))).doit()
        for function, symbol, end, side in (limit.args for limit in stated.atoms(sp.Limit))
    ]


def _place_before(end: sp.Expr, side: str) -> sp.Expr:
    if end.is_infinite:
        return sp.sign(end) / _STEP
    return end - _STEP if side == "-" else end + _STEP


def _drawn_values(expression: sp.Expr, symbols: Set[sp.Basic]) -> Iterator[tuple[Point, sp.Expr]]:
    random, ordered = Random(0), sorted(symbols, key=str)
    for _ in range(_ROUNDS):
        point = {symbol: _draw(symbol, random) for symbol in ordered}
        value = sp.N(expression.subs(point), 40, maxn=400)
        if value.is_number and value.is_finite:
            yield point, value


def _draw(symbol: sp.Symbol, random: Random) -> sp.Expr:
    """A number that the symbol may stand for."""
    if symbol.is_integer:
        return sp.Integer(random.randint(1, 6))
    thousandths = random.randint(30, 970) if symbol.is_positive else random.randint(-2000, 2000)
    return sp.Rational(thousandths, 1000)
