"""The proof of an answer: a second way to it, from what the question says.

A key that is wrong grades its own wrong answer as right, and nothing else would notice.  So a
family with a number or a formula brings a *proof*: what the answer must keep, as somebody would
show who has not seen how the key comes to it.  It knows the parameters, the values that the prompt
shows, the symbols of a formula, and ``answer``; the steps by which the key computes are hidden from
it.  It has to hold of the answer in every variant and at every point, and of no wrong one.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from lossedu.practice.families.expressions import Value, equal, evaluated, number, scalars, true
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Family, Question
from lossedu.practice.families.scope import scope_of
from lossedu.practice.families.wording import names_in
from lossedu.practice.formulas import FormulaError, parse_formula, points_in, value_of
from lossedu.practice.formulas.calculus import is_least, slope_of
from lossedu.practice.formulas.shown import shown_number, shown_point

ANSWER = "answer"
"""What the key's value is called in a proof."""

Place = tuple[Mapping[str, Value], float]
"""What is known at a point, and what is claimed to be the answer there."""


def proof_faults(family: Family, question: Question) -> Iterator[str]:
    """Where the proof of a family does not hold of its answer, or holds of a wrong one."""
    if not family.proof:
        return
    known = _known(family, question)
    right = question.answer["right"] if question.kind == "errata" else question.answer
    if right is None or not {"value", "formula"} & set(right):
        raise FamilyError(
            f"{family.id}: proof must be of a number or a formula, but is of neither."
        )
    answers = list(_places(right, known, right))
    refuted = next(filter(None, (_refuted(family, place) for place in answers)), None)
    if refuted:
        yield f"the proof must hold of the answer, but {refuted}"
        return
    for says, wrong in _wrong(question, right, known, answers):
        if not _refuses(family, wrong):
            yield f"the proof must refuse a wrong answer, but holds of {says}"


def _known(family: Family, question: Question) -> dict[str, Value]:
    """The values that a candidate knows: parameters, and what the prompt shows."""
    values = scope_of(family, question.variant).values
    shown = names_in(family.prompt) | set(family.params)
    return {name: value for name, value in values.items() if name in shown}


def _places(right: Mapping[str, Any], known: Mapping[str, Value], claimed: Any) -> Iterator[Place]:
    """The points at which an answer is looked at, each with the value that is claimed there."""
    if "value" in claimed:
        yield known, claimed["value"]
        return
    tree = parse_formula(claimed["formula"], list(right["symbols"]))
    for point in (point for region in points_in(right["regions"]) for point in region):
        yield {**known, **point}, value_of(tree, point)


def _wrong(
    question: Question,
    right: Mapping[str, Any],
    known: Mapping[str, Value],
    answers: Sequence[Place],
) -> Iterator[tuple[str, Iterator[Place]]]:
    """Answers that are wrong, in words and at the points."""
    yield "the answer plus 1", ((point, value + 1) for point, value in answers)
    if any(value for _, value in answers):
        yield "the answer times -1", ((point, -value) for point, value in answers)
    for mistake in question.misconceptions:
        says = f"the misconception {mistake.get('formula', mistake.get('value'))}"
        yield says, _places(right, known, mistake)


def _refuses(family: Family, wrong: Iterator[Place]) -> bool:
    """Whether the proof fails at a point; a wrong answer may also have no value there."""
    try:
        return any(_refuted(family, place) for place in wrong)
    except (FamilyError, FormulaError, ArithmeticError):
        return True


def _refuted(family: Family, place: Place) -> str | None:
    """Where a step of the proof does not hold, in words."""
    known, value = place
    values = {**known, ANSWER: value}
    steps = family.proof if isinstance(family.proof, tuple) else (family.proof,)
    try:
        failed = next((step for step in steps if not _holds(step, values)), None)
    except FamilyError as error:
        raise FamilyError(f"{family.id}: proof: {error}") from error
    if failed is None:
        return None
    point = shown_point(scalars(known))
    where = f" at {point}" if point else ""
    return f"with {shown_number(value)}{where} this does not: {_in_words(failed)}"


def _in_words(step: Any) -> str:
    return step if isinstance(step, str) else ", ".join(f"{k}: {v}" for k, v in step.items())


def _holds(step: Any, values: Mapping[str, Value]) -> bool:
    """Whether one step holds: a condition, a least value, a derivative or the result of a call."""
    if isinstance(step, str):
        return true(step, values)
    name = step.get("with_respect_to", "")
    if "minimises" in step:
        if name in values:
            raise FamilyError(f"with_respect_to must be a new name, but {name!r} is known.")
        moved = {**values, name: values[ANSWER]}
        return bool(_valued(partial(is_least, name=name), step["minimises"], moved))
    gives = number(str(step.get("gives", ANSWER)), values)
    return equal(gives, _result(step, name, values))


def _result(step: Mapping[str, Any], name: str, values: Mapping[str, Value]) -> float:
    """The derivative that a step takes, or what its call gives."""
    if "derivative_of" in step:
        place = {**values, name: number(str(step.get("at", name)), values)}
        return float(_valued(partial(slope_of, name=name), step["derivative_of"], place))
    result = evaluated({key: part for key, part in step.items() if key != "gives"}, values)
    if isinstance(result, tuple):
        raise FamilyError(f"{step['call']} must give one number, but gives {result}. Hint: take.")
    return float(result)


def _valued(function: Any, text: str, values: Mapping[str, Value]) -> Any:
    """What a function makes of a formula and the numbers in it."""
    known = scalars(values)
    try:
        return function(parse_formula(text, sorted(known)), known)
    except FormulaError as error:
        raise FamilyError(f"a formula must be readable, but {text!r}: {error}") from None
    except ArithmeticError as error:
        raise FamilyError(f"a formula must be finite, but {text!r} is not: {error}.") from None
