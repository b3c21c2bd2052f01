"""Write the derivative of a loss: one family for each, graded at points of every piece."""

import itertools
from collections.abc import Iterator
from typing import Any

import sympy as sp

from lossedu.losses import LossSpec
from lossedu.practice.formulas import compare
from lossedu.practice.generated.boxes import boxes
from lossedu.practice.generated.printing import typed, typed_name
from lossedu.practice.generated.subjects import SAYS, Subject, ranges_of, subject
from lossedu.practice.generated.words import shared
from lossedu.symbolic.display import latex
from lossedu.symbolic.expressions import symbol

_TWO = 2
_PIECES = (
    "`abs`, `max` and `sign` may stand in it, and `step(u)`, "
    "which is 1 for positive $u$ and else 0."
)


def gradient_family(spec: LossSpec) -> dict[str, Any]:
    """The family that asks for the derivative of a loss with respect to its prediction."""
    asked = subject(spec)
    regions = _regions(asked)
    truth = typed(asked.slope)
    argument = latex(asked.argument)
    symbols = {
        name: {
            "range": _hull([region[name] for region in regions]),
            "says": _meaning(spec, name),
        }
        for name in regions[0]
    }
    case = f", {asked.case}" if asked.case else ""
    named = ", ".join(f"`{name}`" for name in symbols)
    stated = asked.stated if asked.stated.endswith("$$") else f"{asked.stated}."
    pieces = f" {_PIECES}" if len(regions) > 1 or "sign" in truth else ""
    document = shared(
        spec,
        "gradient",
        "formula",
        level=4,
        seconds=120,
        title=f"{spec.title}: the derivative",
    )
    slope = latex(asked.slope)
    return document | {
        "prompt": f"{spec.title}, for one example:\n\n{stated}\n\n"
        f"Write its derivative with respect to ${argument}${case}, in {named}.{pieces}",
        "answer": {
            "formula": truth,
            "symbols": symbols,
            "regions": regions,
            "with_respect_to": typed_name(asked.argument.name),
        },
        "misconceptions": list(_mistakes(asked, truth, regions)),
        "hints": _hints(asked, slope),
        "explanation": rf"$\frac{{\partial \ell}}{{\partial {argument}}} = {slope}$.",
    }


def _meaning(spec: LossSpec, typed: str) -> str:
    """What a letter of the answer stands for; two options may be typed as one letter."""
    if (spec.inputs, typed) == ("log-mean", spec.argument):
        return "logarithm of the mean"
    options = [one.name for one in spec.parameters]
    name = next((long for long in (*options, *SAYS) if typed_name(long) == typed), typed)
    base, _, index = name.partition("_")
    return SAYS.get(name) or f"{SAYS.get(f'{base}_', base)} {index}"


def _hull(sides: list[list[float]]) -> list[float]:
    return [min(low for low, _ in sides), max(high for _, high in sides)]


def _regions(asked: Subject) -> list[dict[str, list[float]]]:
    """Boxes for each case of what is fixed, by the names that are typed."""
    ranges = ranges_of(asked.slope) | ranges_of(asked.argument)
    if {symbol("p"), symbol("p_1")} & asked.slope.free_symbols:
        del ranges[asked.argument.name]  # the answer is written in probabilities
    fixed = [(name, values) for name, values in asked.fixed if name in ranges]
    found: list[dict[str, list[float]]] = []
    for values in itertools.product(*(values for _, values in fixed)):
        at = {name: (value, value) for (name, _), value in zip(fixed, values, strict=True)}
        found += boxes(asked.slope, ranges | at)
    return [{typed_name(name): side for name, side in box.items()} for box in found]


def _hints(asked: Subject, slope: str) -> list[str]:
    argument = latex(asked.argument)
    first = f"Differentiate one piece, and one term, after the other with respect to ${argument}$."
    second = "Where the formula has pieces, each has a slope of its own; between them it may jump."
    if asked.inner is not None:
        first = f"The formula is in $p$, and $p$ moves with ${argument}$: use the chain rule."
        second = r"Begin with $\partial \ell / \partial p$; the link contributes $p(1 - p)$."
    elif asked.slope.has(symbol("p_1")):
        first = "A logit moves the probabilities of all classes, for they share a sum."
        second = r"$\partial p_i / \partial z_j = p_i(\delta_{ij} - p_j)$."
    elif not asked.slope.has(sp.Piecewise, sp.Max, sp.Abs, sp.sign):
        second = "Take the outer function first, and multiply by the slope of what is inside."
    return [first, second, f"The derivative is ${slope}$."]


def _mistakes(
    asked: Subject, truth: str, regions: list[dict[str, list[float]]]
) -> Iterator[dict[str, str]]:
    """Typical wrong derivatives, without those that are right or equal to an earlier one."""
    boxed = [{name: (low, high) for name, (low, high) in box.items()} for box in regions]
    seen = [truth]
    for expression, says in _candidates(asked):
        names = {typed_name(one.name) for one in expression.free_symbols}
        if not names <= set(regions[0]):
            continue
        text = typed(expression)
        verdicts = {compare(text, other, boxed).verdict for other in seen}
        if verdicts == {"wrong"}:
            seen.append(text)
            yield {"formula": text, "says": says}


def _candidates(asked: Subject) -> Iterator[tuple[sp.Expr, str]]:
    slope, p, y = asked.slope, symbol("p"), symbol("y")
    yield -slope, "The sign is flipped: the loss rises where you say that it falls."
    if asked.inner is not None:
        says = "That is the derivative with respect to p. The link contributes a factor p(1 − p)."
        yield asked.inner, says
    twice = abs(slope.as_coeff_Mul()[0]) == _TWO
    if twice:
        yield slope / _TWO, "A factor of 2 is missing: the square brings it down."
    elif any(power.exp == _TWO for power in asked.loss.atoms(sp.Pow)):
        yield slope * _TWO, "There is a factor of 2 too many: the square has a factor of its own."
    if slope.has(p):
        yield slope.subs(p, 1 - p), "p and 1 − p have changed places."
    if slope.has(y) and asked.fixed:
        yield slope.subs(y, 1 - y), "The target has the wrong value: y and 1 − y changed places."
    if asked.loss.free_symbols <= slope.free_symbols | {asked.argument}:
        yield asked.loss, "That is the loss itself, not its derivative."
