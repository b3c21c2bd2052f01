"""From the text of a spec to SymPy: the loss, its gradient, its curvature.

A pointwise loss is an expression in its prediction and target.  A loss of a row or a list sums over
its entries; its derivatives are taken on a small one, C = 3, where nothing about them is special.
Derivatives stay in the probabilities of the spec's link, because that is how people write them:
p - y.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

import sympy as sp

from lossedu.losses import LossSpec, Parameter
from lossedu.symbolic.functions import Largest, above, derivative, sigmoid

Setting: TypeAlias = Any
"""A number, a letter to keep, a SymPy expression, a number a class, or None for off."""

CLASSES = 3


_REAL = ("x", "y", "z", "s", "d", "q", "w", "u", "v", "epsilon", "pos_weight")
_POSITIVE = (
    *("p", "k", "alpha", "beta", "gamma", "delta", "sigma", "quantile", "exponent", "margin"),
    *("smooth", "smoothing", "temperature", "label_smoothing", "power", "mu"),
)


def _names() -> dict[str, Any]:
    real = {n: sp.Symbol(n, real=True) for n in _REAL}
    positive = {n: sp.Symbol(n, positive=True) for n in _POSITIVE}
    weights = {n: sp.Symbol(n, nonnegative=True) for n in ("alpha_0", "alpha_1")}
    counters = {n: sp.Symbol(n, integer=True, positive=True) for n in ("i", "j", "l", "C")}
    functions = {"sigmoid": sigmoid, "Sum": sp.Sum, "Largest": Largest, "above": above}
    functions |= {"At": lambda f, x, a: sp.Subs(f, x, a), "Part": lambda f, words: f}
    return {**real, **positive, **weights, **counters, **functions}


_NAMES = _names()
_INDEXED = {n: sp.IndexedBase(n, real=True) for n in ("y", "z", "q", "s", "c")} | {
    n: sp.IndexedBase(n, positive=True) for n in ("p", "w", "alpha", "class_weights")
}


def parse(
    text: str, *, over_classes: bool = False, meanings: Mapping[str, Any] | None = None
) -> sp.Expr:
    """Read SymPy text with the symbols of this package, and other names with a meaning."""
    indexed = {n: base for n, base in _INDEXED.items() if re.search(rf"\b{n}\[", text)}
    known = {**_NAMES, **indexed} if over_classes else _NAMES
    return sp.sympify(text, locals={**known, **(meanings or {})})


def symbol(name: str) -> sp.Symbol:
    """The symbol that the formulas use under this name: z, y, p, gamma ...; z_1 for class 1."""
    if name in _NAMES:
        return _NAMES[name]
    positive = name.startswith(("p_", "alpha_"))
    return sp.Symbol(name, positive=True) if positive else sp.Symbol(name, real=True)


@cache
def _parsed(spec: LossSpec, text: str) -> sp.Expr:
    return parse(text, over_classes=spec.indexed)


def options(
    spec: LossSpec, settings: Mapping[str, Setting]
) -> list[tuple[Parameter, Setting, dict[str, str]]]:
    """Each option, its value (given, off, or left as a letter), and what that makes of its names.

    Raises:
        ValueError: If the loss has no such option.
    """
    unknown = set(settings) - {p.name for p in spec.parameters} - {"y"}
    if unknown:
        spec.parameter(sorted(unknown)[0])  # raises, and says which options there are
    settled = []
    for parameter in spec.parameters:
        value = settings.get(parameter.name, parameter.name if parameter.shown else None)
        texts = parameter.off if value is None else parameter.binds
        settled.append((parameter, value, dict(texts)))
    return settled


def _settled(spec: LossSpec, settings: Mapping[str, Setting]) -> list[tuple[sp.Expr, sp.Expr]]:
    """What each option's symbols stand for."""
    pairs = []
    for parameter, value, texts in options(spec, settings):
        for name, text in texts.items():
            bound = _parsed(spec, text)
            if isinstance(value, (int, float, sp.Expr)) and not isinstance(value, bool):
                exact = sp.nsimplify(value) if isinstance(value, float) else sp.sympify(value)
                bound = bound.subs(_parsed(spec, parameter.name), exact)
            pairs.append((_parsed(spec, name), bound))
    return pairs


def target_names(spec: LossSpec) -> dict[str, str]:
    """Links that only rewrite the target: they are substituted before anything is shown."""
    mark = spec.argument + ("[" if spec.indexed else "")
    names = ("sigmoid(" + spec.argument, mark)
    return {k: v for k, v in spec.link.items() if not any(n in v for n in names)}


def formula(spec: LossSpec, **settings: Setting) -> sp.Expr:
    """The loss of one example in the symbols of its spec.

    Args:
        spec: The loss.
        **settings: Options by name: a number, None for off, or a string to keep the letter.  What
            is not given keeps its letter if the spec shows it, and is off otherwise.  ``y`` may be
            given too.

    Returns:
        A SymPy expression; a ``Sum`` for losses over classes.

    Raises:
        ValueError: If the loss has no such option.
    """
    expression = _parsed(spec, spec.formula)
    for name, text in target_names(spec).items():
        expression = expression.xreplace({_parsed(spec, name): _parsed(spec, text)})
    for old, new in _settled(spec, settings):
        expression = expression.xreplace({old: new})
    if "y" in settings and not spec.indexed:
        expression = expression.subs(_NAMES["y"], settings["y"])
    return expression


def unrolled(expression: sp.Expr, classes: int) -> sp.Expr:
    """Write sums over classes or items out, with plain symbols z_1, z_2 ... for its entries."""
    flat = expression.subs(_NAMES["C"], classes).doit()
    names = {
        entry: symbol(f"{entry.base.label}_{entry.indices[0]}") for entry in flat.atoms(sp.Indexed)
    }
    return flat.subs(names)


def _links(spec: LossSpec, classes: int) -> dict[sp.Expr, sp.Expr]:
    """Probability symbol -> its expression in the logits."""
    kept = {k: v for k, v in spec.link.items() if k not in target_names(spec)}
    if not spec.indexed:
        return {_parsed(spec, k): _parsed(spec, v) for k, v in kept.items()}
    i = _NAMES["i"]
    return {
        unrolled(_parsed(spec, k).subs(i, c), classes): unrolled(
            _parsed(spec, v).subs(i, c), classes
        )
        for k, v in kept.items()
        for c in range(1, classes + 1)
    }


def in_inputs(spec: LossSpec, *, classes: int = CLASSES, **settings: Setting) -> sp.Expr:
    """The loss of one example as a function of what is passed in: logits, not probabilities."""
    expression = formula(spec, **settings)
    if spec.indexed:
        expression = unrolled(expression, classes)
    return expression.subs(_links(spec, classes))


def _derivative(spec: LossSpec, expression: sp.Expr, name: str) -> sp.Expr:
    """Differentiate by the chain rule through the link, and return to probabilities."""
    argument = symbol(name)
    links = _links(spec, CLASSES)
    total = derivative(expression, argument)
    softmax = bool(links) and spec.unit == "row"
    for inner, outer in links.items():
        slope = derivative(outer, argument)
        if softmax:  # it does not see a shift: z = log p inverts it
            inverse = {symbol(f"z_{c}"): sp.log(symbol(f"p_{c}")) for c in range(1, CLASSES + 1)}
            slope = sp.simplify(slope.subs(inverse)).subs(_last_probability())
        else:
            slope = slope.subs(outer, inner)
        total += derivative(expression, inner) * slope
    return sp.simplify(total.subs(_last_probability())) if softmax else total


def _last_probability() -> dict[sp.Symbol, sp.Expr]:
    rest = sum(symbol(f"p_{c}") for c in range(1, CLASSES))
    return {symbol(f"p_{CLASSES}"): 1 - rest}


def _expanded(spec: LossSpec, settings: Mapping[str, Setting]) -> sp.Expr:
    """The formula with its classes written out, class 1 being the true one unless y is kept."""
    expression = formula(spec, **settings)
    if not spec.indexed:
        return expression
    flat = unrolled(expression, CLASSES)
    truth = [symbol(f"{spec.target}_{c}") for c in range(1, CLASSES + 1)]
    if spec.targets == "shares":  # which sum to 1
        return flat.subs(truth[-1], 1 - sum(truth[:-1]))
    if spec.targets != "class" or spec.target != "y":
        return flat
    hot = settings.get("y", 1)
    return flat.subs({name: int(c == hot) for c, name in enumerate(truth, 1)})


def _tidy(expression: sp.Expr) -> sp.Expr:
    """The shortest of a few equal forms in which no power hides inside a logarithm."""
    apart = sp.expand_log(sp.simplify(expression), force=True)
    forms = [expression, sp.factor(expression), sp.expand(expression), apart, sp.factor(apart)]
    forms += [
        sp.factor(sp.expand_log(sp.powsimp(form), force=True)) for form in (expression, apart)
    ]
    readable = [form for form in forms if not any(log.args[0].is_Pow for log in form.atoms(sp.log))]
    return min(readable, key=lambda form: (sp.count_ops(form), len(str(form))))


@cache
def _cached_gradient(spec: LossSpec, wrt: str, items: tuple[tuple[str, Any], ...]) -> sp.Expr:
    found = _derivative(spec, _expanded(spec, dict(items)), wrt)
    # Of a list of items there is no short form to be found, only time to be lost.
    return found if spec.unit == "list" else _tidy(found)


@cache
def _cached_curvature(spec: LossSpec, wrt: str, items: tuple[tuple[str, Any], ...]) -> sp.Expr:
    first = _derivative(spec, _expanded(spec, dict(items)), wrt)
    found = _derivative(spec, first, wrt)
    return found if spec.unit == "list" else _tidy(found)


def _argument(spec: LossSpec, wrt: int) -> str:
    return f"{spec.argument}_{wrt}" if spec.indexed else spec.argument


def gradient(spec: LossSpec, *, wrt: int = 1, **settings: Setting) -> sp.Expr:
    """The derivative of `formula` with respect to the prediction, in the symbols of the spec.

    Args:
        spec: The loss.
        wrt: For losses over classes: the class whose logit moves.  Class 1 is the true one unless
            ``y`` says which is.
        **settings: As for `formula`.

    Returns:
        A SymPy expression.

    Example:
        >>> from lossedu import catalog
        >>> gradient(catalog.spec("binary_cross_entropy_with_logits"))
        p - y
    """
    return _cached_gradient(spec, _argument(spec, wrt), tuple(sorted(settings.items())))


def curvature(spec: LossSpec, *, wrt: int = 1, **settings: Setting) -> sp.Expr:
    """The second derivative of `formula`; arguments as for `gradient`.

    Example:
        >>> from lossedu import catalog
        >>> curvature(catalog.spec("mse_loss"))
        2
    """
    return _cached_curvature(spec, _argument(spec, wrt), tuple(sorted(settings.items())))
