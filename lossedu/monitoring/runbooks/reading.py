"""Runbooks as data: the alert, what to ask, and the text that leads on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lossedu.names import unknown_name

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Question:
    """Something to look at first.

    Attributes:
        ask: The question.
        query: PromQL that answers it.
    """

    ask: str
    query: str


@dataclass(frozen=True)
class Runbook:
    """What to do about an alert.

    Attributes:
        alert: Its name.
        scenario: An incident in which it fires.
        questions: What to look at, in this order.
        text: All of it, in Markdown.
    """

    alert: str
    scenario: str
    questions: tuple[Question, ...]
    text: str

    def with_queries(self) -> str:
        """The text, with each question's query below it."""
        text = self.text
        for number, question in enumerate(self.questions, 1):
            line = f"{number}. {question.ask}"
            text = text.replace(line, f"{line}\n\n       {question.query}\n", 1)
        return text


@cache
def runbooks() -> Mapping[str, Runbook]:
    """Every runbook, by its alert."""
    books = map(_read, sorted(_FOLDER.glob("*.md")))
    return {book.alert: book for book in books}


def runbook(alert: str) -> Runbook:
    """The runbook of an alert.

    Raises:
        ValueError: If there is none; the text says which are near.
    """
    known = runbooks()
    if alert not in known:
        raise ValueError(unknown_name("alert", alert, known))
    return known[alert]


def _read(path: Path) -> Runbook:
    import yaml

    _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    facts = yaml.safe_load(front)
    questions = tuple(Question(one["ask"], one["query"]) for one in facts["queries"])
    return Runbook(facts["alert"], facts["scenario"], questions, text.strip() + "\n")
