"""A formula: right if it has the value of the answer everywhere that is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lossedu.practice.families.expressions import scalars
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope
from lossedu.practice.families.wording import filled
from lossedu.practice.formulas import compare, latex_of, parse_formula


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The formula that is asked for, its symbols and the ranges in which they are compared."""
    if "gradient_of" in answer:
        answer = {**_derived(answer), **answer}
    symbols = {
        name: {
            "range": [scope.number(end) for end in about["range"]],
            "says": scope.words(about.get("says", "")),
        }
        for name, about in answer["symbols"].items()
    }
    ranges = {name: about["range"] for name, about in symbols.items()}
    regions = [
        ranges | {name: [scope.number(end) for end in ends] for name, ends in region.items()}
        for region in answer.get("regions", [{}])
    ]
    formula = _formula(answer["formula"], scope)
    tree = parse_formula(formula, tuple(symbols))
    return {
        "formula": formula,
        "latex": latex_of(tree),
        "symbols": symbols,
        "regions": regions,
    }


def _derived(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The derivative of a loss by the name of its spec, as it was made from the spec."""
    from lossedu.practice.generated.made import gradient_answer

    derived = gradient_answer(answer["gradient_of"])
    wanted = answer.get("with_respect_to", derived["with_respect_to"])
    if wanted != derived["with_respect_to"]:
        rule = f"with_respect_to must be {derived['with_respect_to']!r}"
        raise FamilyError(f"{rule}, but is {wanted!r}.")
    return derived


def _formula(text: str, scope: Scope) -> str:
    """A formula in which ``{name}`` of a value has become the number, in brackets."""
    numbers = scalars(scope.values)
    known = {name: f"({value!r})" for name, value in numbers.items()}
    return filled(text, known)


def draw_mistake(mistake: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A wrong formula, and what is said to it."""
    formula = mistake.get("formula", mistake.get("value"))
    return {"formula": _formula(str(formula), scope), "says": scope.words(mistake["says"])}


def own(answer: Mapping[str, Any]) -> str:
    """What a person who is right types."""
    return str(answer["formula"])


def grade(answer: Mapping[str, Any], mistakes: Sequence[Mapping[str, Any]], typed: str) -> Grade:
    """Compare with the answer at points of every region, and with the known mistakes."""
    regions = [{name: tuple(ends) for name, ends in region.items()} for region in answer["regions"]]
    compared = compare(
        typed,
        answer["formula"],
        regions,
        mistakes=[(mistake["formula"], mistake["says"]) for mistake in mistakes],
    )
    seen = compared.witness
    witness = None if seen is None else asdict(seen)
    return Grade(compared.verdict, compared.says, witness, compared.position)
