"""Whether two expressions are equal, and numbers at which they are not."""

from random import Random

import sympy as sp

_ROUNDS = 8

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
    random = Random(0)
    symbols = sorted(difference.free_symbols.union(*(s.free_symbols for s in sides)), key=str)
    for _ in range(_ROUNDS):
        point = {symbol: _draw(symbol, random) for symbol in symbols}
        value = sp.N(difference.subs(point), 40, maxn=400)
        if value.is_number and value.is_finite and abs(value) > sp.Float("1e-25"):
            return point
    return None


def _draw(symbol: sp.Symbol, random: Random) -> sp.Expr:
    """A number that the symbol may stand for."""
    if symbol.is_integer:
        return sp.Integer(random.randint(1, 6))
    thousandths = random.randint(30, 970) if symbol.is_positive else random.randint(-2000, 2000)
    return sp.Rational(thousandths, 1000)
