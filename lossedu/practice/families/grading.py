"""From a question and an answer to a grade."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

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
from lossedu.practice.families.question import Grade, Question

Answer: TypeAlias = "str | int | Sequence[int] | Mapping[str, Any]"
"""A text for numbers, formulas and code; a position, from 0, for choices; positions for orders and
matches; ``{"said": [...], "flags": [...]}`` for spoken answers and designs; ``{"line": 2, "right":
"..."}`` for errata; ``{"cause": 1, "fix": "..."}`` for debugging."""

_TEXT, _ONE, _MANY = (str,), (int,), (list, tuple)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "number": _TEXT,
    "formula": _TEXT,
    "code": _TEXT,
    "choice": (*_ONE, *_MANY),
    "incident": (*_ONE, *_MANY),
    "order": _MANY,
    "match": _MANY,
    "errata": (*_ONE, Mapping),
    "debug": (*_TEXT, *_ONE, Mapping),
    "spoken": (Mapping,),
    "design": (Mapping,),
}


def grade(question: Question, answer: Answer) -> Grade:
    """What an answer is worth, and what to say to it.

    Args:
        question: As drawn.
        answer: What was typed, chosen, arranged or ticked.

    Returns:
        A grade; an answer that is not of the question's kind is ``unreadable``, never an error.
    """
    kind, asked, mistakes = question.kind, question.answer, question.misconceptions
    if not isinstance(answer, _types(question)) or isinstance(answer, bool):
        return Grade("unreadable", "This is not an answer to a question of this kind.")
    given: Any = answer
    if isinstance(answer, (list, tuple)) and not all(type(part) is int for part in answer):
        return Grade("unreadable", "Give whole numbers.")
    if kind == "number":
        return numbers.grade(asked, mistakes, given)
    if kind == "formula":
        return formulas.grade(asked, mistakes, given)
    if kind == "read-a-plot":
        return plots.grade(asked, mistakes, given)
    if kind == "errata":
        return errata.grade(asked, mistakes, given)
    return _without_mistakes(question, given)


def _types(question: Question) -> tuple[type, ...]:
    if question.kind == "read-a-plot":
        return _TYPES[question.answer["asked"]]
    return _TYPES[question.kind]


def _without_mistakes(question: Question, given: Any) -> Grade:
    kind, asked = question.kind, question.answer
    if kind in ("choice", "incident"):
        return choices.grade(asked, given)
    if kind == "order":
        return orders.grade(asked, given)
    if kind == "match":
        return matches.grade(asked, given)
    if kind == "code":
        return code.grade(asked, given)
    if kind == "debug":
        return code.grade_debug(asked, given)
    return spoken.grade(question, given)


def own_answer(question: Question) -> Any:
    """What somebody who is right answers: what the bank's own test and model sessions give."""
    kind, asked = question.kind, question.answer
    if kind in ("spoken", "design"):
        return spoken.own(question)
    if kind == "debug":
        return code.own_debug(asked)
    own: Any = {
        "number": numbers.own,
        "formula": formulas.own,
        "choice": choices.own,
        "incident": choices.own,
        "order": orders.own,
        "match": matches.own,
        "read-a-plot": plots.own,
        "code": code.own,
        "errata": errata.own,
    }[kind]
    return own(asked)
