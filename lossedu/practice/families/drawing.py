"""From a family and the number of a variant to a question."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from lossedu.practice.families.answers import (
    choices,
    code,
    errata,
    formulas,
    matches,
    numbers,
    orders,
    plots,
    spoken,
)
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.parameters import arrangements, combinations
from lossedu.practice.families.question import Family, Question
from lossedu.practice.families.scope import Scope, scope_of
from lossedu.practice.families.skills import VARIANTS
from lossedu.practice.formulas import FormulaError

_NEVER = 2**31
_ANSWERS: Mapping[str, Callable[[Mapping[str, Any], Scope], dict[str, Any]]] = {
    "number": numbers.draw,
    "formula": formulas.draw,
    "choice": choices.draw,
    "order": orders.draw,
    "match": matches.draw,
    "read-a-plot": plots.draw,
    "code": code.draw,
    "debug": code.draw_debug,
    "errata": errata.draw,
    "spoken": spoken.draw_spoken,
    "design": spoken.draw_design,
    "incident": plots.draw_incident,
}


def draw(family: Family, variant: int) -> Question:
    """A variant of a family, the same on every machine.

    Args:
        family: What to draw.
        variant: Its number, from 0; beyond `Family.variants` they repeat.

    Raises:
        FamilyError: If the family cannot be drawn; the text begins with its id.
    """
    if variant < 0:
        raise ValueError(f"variant must be 0 or more, but is {variant}.")
    try:
        return _drawn(family, scope_of(family, variant))
    except (FamilyError, FormulaError) as error:
        text = str(error)
        place = "" if text.startswith(f"{family.id}:") else f"{family.id}: "
        raise FamilyError(f"{place}{text}") from error


def _drawn(family: Family, scope: Scope) -> Question:
    mistakes = family.misconceptions
    return Question(
        family=family.id,
        variant=scope.variant,
        kind=family.kind,
        title=scope.words(family.title),
        prompt=scope.words(family.prompt).strip(),
        answer=_ANSWERS[family.kind](family.answer, scope),
        misconceptions=tuple(_mistake(mistake, scope) for mistake in mistakes),
        hints=tuple(scope.words(hint).strip() for hint in family.hints),
        explanation=scope.words(family.explanation).strip(),
        seconds=family.seconds,
        must_say=tuple(scope.words(point) for point in family.must_say),
        red_flags=tuple(scope.words(flag) for flag in family.red_flags),
        rubric={mark: scope.words(text) for mark, text in family.rubric.items()},
    )


def _mistake(mistake: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A wrong formula where formulas are asked for, else a wrong number."""
    family = scope.family
    corrected = family.answer.get("right") if family.kind == "errata" else None
    asks_formula = family.kind == "formula" or (corrected and "value" not in corrected)
    how = formulas.draw_mistake if asks_formula else numbers.draw_mistake
    return how(mistake, scope)


def variants_of(family: Family) -> int:
    """How many variants of a family differ, `VARIANTS` at most."""
    return min(VARIANTS, period_of(family))


def period_of(family: Family) -> int:
    """After how many variants a family repeats itself; a large number if it never does."""
    return math.lcm(combinations(family) or _NEVER, *_shuffles(family))


def _shuffles(family: Family) -> list[int]:
    """How many orders the answer can be shown in."""
    answer, kind = family.answer, family.kind
    options = (
        answer.get("options") or answer.get("causes") or answer.get("choice", {}).get("options")
    )
    kept = answer.get("keep_order") or answer.get("choice", {}).get("keep_order")
    if kind == "order":
        return [arrangements(len(answer["items"]), shuffled=True)]
    if kind == "match":
        rights = {right for _, right in answer["pairs"]} | set(answer.get("spare", ()))
        return [arrangements(len(rights))]
    return [arrangements(len(options))] if options and not kept else []
