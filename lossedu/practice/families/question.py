"""A family of questions, one question drawn from it, and the grade of an answer.

A family is what an author writes; a question has all words filled in and all numbers computed, so
whoever shows it needs to know nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

Verdict = Literal["right", "rounded", "wrong", "known", "undefined", "unreadable", "partly"]
"""Right; right, with constants or digits rounded too early; wrong; wrong in a way that has a name;
undefined somewhere; not readable; right in part."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Family:
    """A question with parameters, as its author wrote it.

    Attributes:
        id: Its name, which is the name of its file.
        title: What it is about, in a line.
        skills: Keys of `SKILLS`, the main one first.
        level: A key of `LEVELS`: who answers this shows that level.
        kind: A key of `KINDS`.
        seconds: The time that a fluent answer takes.
        chapter: The page to read, ``classification/focal``, with ``#section`` or without.
        topics: Slugs of losses and concepts.
        prompt: The question, in Markdown, with ``{name}`` where a value is filled in.
        answer: What the kind needs to draw and grade an answer.
        milestone: The day of the fixed session that asks it.
        task: Which of the fifteen `TASKS` it serves.
        params: Name -> closed generator.
        let: Name -> formula or call, in order.
        proof: What the answer must keep, by another way than its key; see `proof_faults`.
        misconceptions: Wrong answers with a name: ``value`` and ``says``.
        hints: Direction, insight, full solution.
        explanation: The worked answer.
        rubric: What earns ``no``, ``lean`` and ``strong``.
        must_say: What a spoken answer has to contain.
        red_flags: What it must not contain.
        follow_up: What is asked next, by verdict.
        sources: Keys of the bibliography.
    """

    id: str
    title: str
    skills: tuple[str, ...]
    level: int
    kind: str
    seconds: int
    chapter: str
    topics: tuple[str, ...]
    prompt: str
    answer: Mapping[str, Any]
    milestone: int | None = None
    task: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    let: Mapping[str, Any] = field(default_factory=dict)
    proof: Any = ()
    misconceptions: tuple[Mapping[str, Any], ...] = ()
    hints: tuple[str, ...] = ()
    explanation: str = ""
    rubric: Mapping[str, str] = field(default_factory=dict)
    must_say: tuple[str, ...] = ()
    red_flags: tuple[str, ...] = ()
    follow_up: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @cached_property
    def variants(self) -> int:
        """How many variants differ, 24 at most; 1 without parameters and shuffles."""
        from lossedu.practice.families.drawing import variants_of

        return variants_of(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """One variant of a family, ready to be shown: plain data.

    Attributes:
        family: The family's id.
        variant: Which of its variants.
        kind: As the family's, and so are the following.
        answer: What `grade` and a page need, by kind; computed, never a formula of the author's.
    """

    family: str
    variant: int
    kind: str
    title: str
    prompt: str
    answer: Mapping[str, Any]
    misconceptions: tuple[Mapping[str, Any], ...]
    hints: tuple[str, ...]
    explanation: str
    seconds: int
    must_say: tuple[str, ...]
    red_flags: tuple[str, ...]
    rubric: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Dictionaries, lists, strings, numbers: what a page gets, and tests compare."""
        return {part.name: _plain(getattr(self, part.name)) for part in fields(self)}


@dataclass(frozen=True)
class Grade:
    """What an answer is worth, in words.

    Attributes:
        verdict: The outcome.
        says: One or two sentences for whoever answered.
        witness: Of a wrong formula: a point, and both values there.
        position: Of text that cannot be read: the first character that is wrong.
    """

    verdict: Verdict
    says: str
    witness: Mapping[str, Any] | None = None
    position: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer counts as right: rounding is remarked on, but no fault."""
        return self.verdict in ("right", "rounded")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
