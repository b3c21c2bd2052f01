"""An answer aloud, or a design on paper: what had to be said is ticked, what had not as well."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.question import Grade, Question
from lossedu.practice.families.scope import Scope


def draw_spoken(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The time, and an answer that says all."""
    return {"seconds": answer["seconds"], "model_answer": scope.words(answer["model_answer"])}


def draw_design(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The steps, and an answer that says all."""
    steps = [{key: scope.words(text) for key, text in step.items()} for step in answer["steps"]]
    return {"steps": steps, "model_answer": scope.words(answer["model_answer"])}


def own(question: Question) -> dict[str, list[int]]:
    """Everything that had to be said, and nothing that had not."""
    return {"said": list(range(len(question.must_say))), "flags": []}


def grade(question: Question, ticks: Mapping[str, Sequence[int]]) -> Grade:
    """Suggest a mark of the rubric: strong (right), lean (partly) or no (wrong).

    Args:
        question: A spoken question or a design.
        ticks: Positions in ``must_say`` under ``said``, in ``red_flags`` under ``flags``.
    """
    covered, flags = set(ticks.get("said", ())), sorted(set(ticks.get("flags", ())))
    points, warned = question.must_say, question.red_flags
    if not covered <= set(range(len(points))) or not set(flags) <= set(range(len(warned))):
        return Grade("unreadable", "Tick what stands there, by its number from 0.")
    missed = [text for position, text in enumerate(points) if position not in covered]
    says = [f"Not mentioned: {text}" for text in missed]
    says += [f"Red flag: {warned[position]}" for position in flags]
    if not says:
        return Grade("right", _marked(question, "strong"))
    if len(covered) * 2 >= len(points) and not flags:
        return Grade("partly", " ".join([_marked(question, "lean"), *says]))
    return Grade("wrong", " ".join([_marked(question, "no"), *says]))


def _marked(question: Question, mark: str) -> str:
    words = {"strong": "Strong", "lean": "Lean", "no": "No"}[mark]
    return f"{words}: {question.rubric.get(mark, '')}".strip()
