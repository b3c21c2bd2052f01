"""The decision tree: questions, and leaves that name losses.

It is read from ``questions.toml`` and ``leaves.toml`` without loading any loss.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FIRST = "quantity"


@dataclass(frozen=True)
class Answer:
    """One way on from a question.

    Attributes:
        slug: Its name for scripts.
        text: Its words for people.
        leads_to: The name of a question or of a leaf.
    """

    slug: str
    text: str
    leads_to: str


@dataclass(frozen=True)
class Question:
    """A question with its answers.

    Attributes:
        name: Its own name.
        about: What it settles; no path settles the same thing twice.
        text: The question.
        hint: What helps to answer it; may be empty.
        answers: The ways on.
    """

    name: str
    about: str
    text: str
    hint: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Leaf:
    """Where the questions lead.

    Attributes:
        name: Its own name.
        title: The loss in words.
        losses: Names of `lossedu.catalog`, the one that the code uses first.
        why: Two sentences.
        unless: When to take another.
        code: Lines that run as they stand and leave the loss in ``loss``.
    """

    name: str
    title: str
    losses: tuple[str, ...]
    why: str
    unless: str
    code: str


@dataclass(frozen=True)
class Tree:
    """All questions and leaves.

    Attributes:
        questions: By name, the first one first.
        leaves: By name.
        left_out: Losses that no leaf names, and why.
    """

    questions: Mapping[str, Question]
    leaves: Mapping[str, Leaf]
    left_out: Mapping[str, str]

    @property
    def first(self) -> Question:
        """Where everybody begins."""
        return self.questions[FIRST]

    def after(self, answer: Answer) -> Question | Leaf:
        """What an answer leads to."""
        name = answer.leads_to
        return self.questions[name] if name in self.questions else self.leaves[name]

    def paths(self) -> Iterator[tuple[tuple[tuple[Question, Answer], ...], Leaf]]:
        """Every leaf in the order of the answers, after the questions and answers that lead there.

        Example:
            >>> next(tree().paths())[1].name
            'mean'
        """
        yield from self._from(self.first, ())

    def _from(
        self, question: Question, before: tuple[tuple[Question, Answer], ...]
    ) -> Iterator[tuple[tuple[tuple[Question, Answer], ...], Leaf]]:
        for answer in question.answers:
            path = (*before, (question, answer))
            reached = self.after(answer)
            if isinstance(reached, Leaf):
                yield path, reached
            else:
                yield from self._from(reached, path)


@cache
def tree() -> Tree:
    """The tree of the course.

    Example:
        >>> tree().first.text
        'What do you want the model to say?'
    """
    own = files("lossedu.choosing")
    asked = tomllib.loads((own / "questions.toml").read_text(encoding="utf-8"))
    reached = tomllib.loads((own / "leaves.toml").read_text(encoding="utf-8"))
    questions = {
        name: Question(
            name=name,
            about=record["about"],
            text=record["text"],
            hint=record.get("hint", ""),
            answers=tuple(Answer(**answer) for answer in record["answers"]),
        )
        for name, record in asked["questions"].items()
    }
    leaves = {
        name: Leaf(name=name, **record | {"losses": tuple(record["losses"])})
        for name, record in reached["leaves"].items()
    }
    return Tree(questions, leaves, reached["left_out"])
