"""Compute a loss at drawn inputs: one family for each."""

from typing import Any

import sympy as sp

from lossedu.losses import LossSpec
from lossedu.practice.generated.printing import typed
from lossedu.practice.generated.words import along, default_options, shared, with_options
from lossedu.properties import along_axis
from lossedu.symbolic import in_inputs
from lossedu.symbolic.expressions import CLASSES, symbol
from lossedu.symbolic.functions import above, numeric

_TARGETS: dict[str, list[int]] = {
    "real": [-2, -1, 0, 1, 2],
    "amount": [1, 2, 5],
    "event": [0, 1],
    "sign": [-1, 1],
}
_ARGUMENTS = {"logit": "logits", "score": "scores", "log-mean": "logarithms of the mean"}
_ROWS: dict[str, tuple[sp.Expr, ...]] = {
    "class": (sp.Integer(1), sp.Integer(0), sp.Integer(0)),
    "shares": (sp.Rational(1, 2), sp.Rational(3, 10), sp.Rational(1, 5)),
}
_COSTS = (0, 1, 5)
_LONGEST = 390
_APART = 0.02
_LEAST = 1e-4


def value_family(spec: LossSpec) -> dict[str, Any]:
    """The family that asks for the value of a loss, with the options that the function has."""
    title = f"{spec.title}: a value"
    document = shared(spec, "value", "number", level=2, seconds=90, title=title)
    how = {"entry": _of_a_batch, "row": _of_a_row}.get(spec.unit, _along_its_axis)
    return document | how(spec)


def _asks(spec: LossSpec) -> str:
    return f"What is the loss{with_options(spec)}, to three significant digits?"


def _of_a_batch(spec: LossSpec) -> dict[str, Any]:
    """Two examples, of which the mean is asked for."""
    x, y = symbol(spec.argument), symbol(spec.target)
    expression = in_inputs(spec, **default_options(spec))
    first, second = (typed(_at(expression, x, y, k)) for k in (1, 2))
    wrong = [typed(_swapped(_at(expression, x, y, k), spec, k)) for k in (1, 2)]
    total, swapped = f"({first}) + ({second})", f"({wrong[0]}) + ({wrong[1]})"
    jumps = [one for k in (1, 2) for one in _off_jumps(_at(expression, x, y, k))]
    where = [f"{total} > {_APART}", *jumps]
    mistakes = [
        {"value": "first + second", "says": "That is the sum. The mean divides by the examples."}
    ]
    apart = [f"abs({swapped} - ({total})) > 0.1", f"abs({swapped} - 2*({total})) > 0.1"]
    # Of a loss of 0 or 1, turned targets would cost the same unless both examples are wrong.
    if spec.targets in ("event", "sign") and not jumps and max(map(len, apart)) < _LONGEST:
        where += apart
        says = "The targets have changed their meaning: what is positive counts as negative."
        mistakes.append({"value": f"({swapped})/2", "says": says})
    argument = _ARGUMENTS.get(spec.inputs, "predictions")
    return {
        "params": {
            spec.argument: {"array": {"size": 2, "integer": [-3, 3]}},
            spec.target: {"array": {"size": 2, "choice": _TARGETS[spec.targets]}},
            "where": where,
        },
        "let": {"first": first, "second": second, "mean": "(first + second)/2"},
        "prompt": f"{spec.title}, reduced by the mean: the {argument} of two examples are "
        f"{{{spec.argument}}}, their targets {{{spec.target}}}. {_asks(spec)}",
        "answer": {"value": "mean", "digits": 3},
        "misconceptions": mistakes,
        "hints": [
            "Compute the loss of each example on its own, then reduce.",
            "The reduction is the mean of both losses.",
            "The losses are {first:.3g} and {second:.3g}; their mean is {mean:.3g}.",
        ],
        "explanation": "The losses of the examples are {first:.4g} and {second:.4g}, "
        "their mean is {mean:.3g}.",
    }


def _off_jumps(expression: sp.Expr) -> list[str]:
    """Conditions that keep off the places where a loss jumps, and a convention decides."""
    jumps = sorted(expression.atoms(above), key=str)
    return [f"{typed(jump.args[0] - jump.args[1])} != 0" for jump in jumps]


def _at(expression: sp.Expr, x: sp.Symbol, y: sp.Symbol, index: int) -> sp.Expr:
    numbered = {one: sp.Symbol(f"{one.name}_{index}", real=True) for one in (x, y)}
    return expression.subs(numbered)


def _swapped(expression: sp.Expr, spec: LossSpec, index: int) -> sp.Expr:
    y = sp.Symbol(f"{spec.target}_{index}", real=True)
    return expression.subs(y, -y if spec.targets == "sign" else 1 - y)


def _of_a_row(spec: LossSpec) -> dict[str, Any]:
    """One row of three classes."""
    expression = in_inputs(spec, classes=CLASSES, **default_options(spec))
    truth = "class 1 is the true one"
    if spec.target == "c":
        row = dict(zip(range(1, CLASSES + 1), _COSTS, strict=True))
        truth = f"the costs of the classes are {', '.join(map(str, _COSTS))}"
    else:
        row = dict(enumerate(_ROWS.get(spec.targets, _ROWS["class"]), 1))
    if spec.targets == "shares":
        truth = "the targets are shares of 0.5, 0.3 and 0.2"
    elif spec.targets == "none":
        truth = "there is no target"
    expression = expression.subs({symbol(f"{spec.target}_{k}"): v for k, v in row.items()})
    expression = expression.subs({symbol(f"alpha_{k}"): 1 for k in row})
    inputs = "scores" if spec.inputs == "score" else "logits"
    name = spec.argument
    value = typed(expression)
    return {
        "params": {
            name: {"array": {"size": CLASSES, "integer": [-2, 3]}},
            "where": f"{value} > {_APART}" if len(value) < _LONGEST else f"{name}_1 != {name}_2",
        },
        "let": {"loss": value},
        "prompt": f"{spec.title}: the {inputs} of three classes are {{{name}}}, and {truth}. "
        f"{_asks(spec)}",
        "answer": {"value": "loss", "digits": 3},
        "misconceptions": [
            {"value": "loss/3", "says": "Divided by the classes: a row has one loss, not three."}
        ],
        "hints": [
            "Put the numbers into the formula of one row.",
            "A row has one loss: nothing is averaged over classes.",
            "The loss is {loss:.3g}.",
        ],
        "explanation": "The formula of one row gives {loss:.4g}.",
    }


def _along_its_axis(spec: LossSpec) -> dict[str, Any]:
    """One number decides: a difference, a similarity, the lead of the better item."""
    expression, a, axis = along_axis(spec, {})
    exact = sp.nsimplify(expression, rational=True)
    value = numeric([a], exact)
    near = "temperature" in spec.defaults  # similarities: a temperature makes much of little
    steps = [k / 10 for k in (range(-3, 4) if near else range(-20, 21, 5))]
    losses = {step: float(value(step)) for step in steps}
    seen = [step for step in steps if abs(losses[step]) > _LEAST]
    apart = [k for k in seen if abs(losses[-k] - losses[k]) > _APART * abs(losses[k])]
    if axis.startswith("log-probability"):  # which is never above 0
        seen, apart = [step for step in seen if step < 0], []
    mirrored, chosen = bool(apart), apart or seen
    mistake = {
        "value": typed(exact.subs(a, -a)),
        "says": "The sign of the input is turned: a lead is taken for a deficit.",
    }
    return {
        "params": {"a": {"choice": chosen}},
        "let": {"loss": typed(exact)},
        "prompt": f"{spec.title}. {along(spec, axis, '{a}')}. {_asks(spec)}",
        "answer": {"value": "loss", "digits": 3},
        "misconceptions": [mistake] if mirrored else [],
        "hints": [
            "Write the loss as a function of that one number.",
            "What is right shall lead: the larger the lead, the smaller the loss."
            if mirrored
            else "Only the size of the number counts here.",
            "The loss is {loss:.3g}.",
        ],
        "explanation": "As a function of that number the loss is {loss:.4g}.",
    }
