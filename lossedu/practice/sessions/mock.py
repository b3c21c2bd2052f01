"""A mock interview: a derivation, a bug, a design, two answers aloud, and what the role weighs.

Questions come without hints, and what is asked next depends on the verdict.  The plan is fixed when
the interview begins, and each answer has an id that follows from it: an interview that was
interrupted goes on where it was, from the reviews alone.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from lossedu.practice.families import VARIANTS, Family
from lossedu.practice.progress.records import RIGHT, Review, next_repetition
from lossedu.practice.sessions.answering import MARKED
from lossedu.practice.sessions.roles import ROLES, SessionError

MINUTES = (5, 30, 60)
_FOLLOW_UP = "+"
_LEAST_LEVEL = 3
_MOST_ALIKE = 3


@dataclass(frozen=True)
class Part:
    """One question of an interview."""

    key: str
    family: str
    repetition: int
    seconds: int
    why: str

    @property
    def variant(self) -> int:
        """Which variant is shown."""
        return self.repetition % VARIANTS


@dataclass(frozen=True)
class Mock:
    """The plan of one interview."""

    id: str
    role: str
    minutes: int
    begun: str
    parts: tuple[Part, ...]
    exam: str | None = None
    _families: Mapping[str, Family] = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        kept = {key: getattr(self, key) for key in ("id", "role", "minutes", "begun", "exam")}
        return kept | {"parts": [asdict(part) for part in self.parts]}

    def review_id(self, part: Part) -> str:
        """The id of the answer to a part."""
        return str(uuid.uuid5(uuid.UUID(self.id), part.key))

    def answers(self, reviews: Iterable[Review]) -> dict[str, Review]:
        """The answers to this interview, by the key of their part."""
        known = {review.id: review for review in reviews}
        asked = self._asked(known)
        return {p.key: known[self.review_id(p)] for p in asked if self.review_id(p) in known}

    def next(self, reviews: Iterable[Review]) -> Part | None:
        """The part that comes next; None at the end."""
        known = {review.id: review for review in reviews}
        return next((p for p in self._asked(known) if self.review_id(p) not in known), None)

    def asked(self, reviews: Iterable[Review]) -> list[Part]:
        """The parts as far as they are known, follow-ups among them."""
        return list(self._asked({review.id: review for review in reviews}))

    def _asked(self, known: Mapping[str, Review]) -> Iterator[Part]:
        """Each part, and behind one that was answered the follow-up for which there is time."""
        spare = self.minutes * 60 - sum(part.seconds for part in self.parts)
        for part in self.parts:
            yield part
            review = known.get(self.review_id(part))
            if review is None:
                continue
            spare += part.seconds - round(review.seconds)
            follow = self._follow_up(part, review)
            if follow is not None and follow.seconds <= spare:
                yield follow
                spare -= follow.seconds

    def _follow_up(self, part: Part, review: Review) -> Part | None:
        family = self._families.get(part.family)
        name = words_after(family, review) if family else ""
        if name not in self._families or any(other.family == name for other in self.parts):
            return None
        follow = self._families[name]
        return Part(f"{part.key}{_FOLLOW_UP}", name, part.repetition, follow.seconds, "follow-up")


def words_after(family: Family, review: Review) -> str:
    """What an interviewer asks next in words; empty where it is another question, or nothing."""
    return family.follow_up.get("right" if _passed(review) else "wrong", "")


def begin_mock(
    families: Mapping[str, Family],
    reviews: Iterable[Review],
    *,
    id: str,  # noqa: A002  the field's name
    role: str,
    minutes: int,
    when: datetime,
    exam: str | None = None,
) -> Mock:
    """Plan an interview.

    Args:
        families: The bank.
        reviews: All answers so far: what was asked least comes first.
        id: A UUID, which also decides what is drawn.
        role: A key of `ROLES`.
        minutes: How long it may take: 5, 30 or 60.
        when: When it begins.
        exam: The day of the real interview.

    Raises:
        SessionError: If the bank lacks a kind of question that every interview has.
    """
    draw = Random(id)
    kept = list(reviews)
    chooser = _Chooser(families, kept, ROLES[role].weights, draw, short=minutes == MINUTES[0])
    chosen = [(chooser.one_of(_FITS[why], why), why) for why in _FITS]
    total = sum(family.seconds for family, _ in chosen)
    while (family := chooser.by_weight(minutes * 60 - total)) is not None:
        chosen.append((family, ROLES[role].title.lower()))
        total += family.seconds
    seconds = _allotted([family for family, _ in chosen], minutes * 60)
    parts = [
        Part(str(number), family.id, next_repetition(kept, family.id), time, why)
        for number, ((family, why), time) in enumerate(zip(chosen, seconds, strict=True), 1)
    ]
    return Mock(id, role, minutes, when.isoformat(), tuple(parts), exam, families)


def mock_from(kept: Mapping[str, Any], families: Mapping[str, Family]) -> Mock:
    """The plan that `Mock.as_json` wrote."""
    parts = tuple(Part(**part) for part in kept["parts"])
    head = {key: kept[key] for key in ("id", "role", "minutes", "begun", "exam")}
    return Mock(**head, parts=parts, _families=families)


def _passed(review: Review) -> bool:
    return review.verdict in RIGHT


def _is_spoken(family: Family, seconds: int) -> bool:
    return family.kind == "spoken" and family.answer["seconds"] == seconds


_FITS = {
    "a derivation": lambda family: family.kind == "formula" and family.level >= _LEAST_LEVEL,
    "60 seconds aloud": lambda family: _is_spoken(family, 60),
    "a bug": lambda family: family.kind in ("debug", "incident"),
    "90 seconds aloud": lambda family: _is_spoken(family, 90),
    "a design": lambda family: family.kind == "design",
}
"""What every interview contains, in the order in which it is asked."""


class _Chooser:
    """Draws families that were not drawn yet, what was answered least first."""

    def __init__(
        self,
        families: Mapping[str, Family],
        reviews: list[Review],
        weights: Mapping[str, int],
        draw: Random,
        *,
        short: bool,
    ) -> None:
        self._waiting = {family.id: family for family in families.values()}
        self._reviews = reviews
        self._weights = weights
        self._draw = draw
        self._short = short
        self._kinds: dict[str, int] = {}

    def one_of(self, fits: Any, why: str) -> Family:
        """A family that every interview has one of, of a skill that the role weighs."""
        fitting = [family for family in self._waiting.values() if fits(family)]
        weighed = [family for family in fitting if self._weight(family)] or fitting
        if not weighed:
            raise SessionError(f"the bank must have {why} for a mock interview, but has none.")
        return self._take(weighed)

    def by_weight(self, left: int) -> Family | None:
        """A family of any kind that fits into the time that is left; None if there is none."""
        fitting = [
            family
            for family in self._waiting.values()
            if family.seconds <= left
            and family.level >= _LEAST_LEVEL
            and self._weight(family)
            and self._kinds.get(family.kind, 0) < _MOST_ALIKE
        ]
        if not fitting:
            return None
        skills = sorted({family.skills[0] for family in fitting})
        (skill,) = self._draw.choices(skills, [self._weights[name] for name in skills])
        return self._take([family for family in fitting if family.skills[0] == skill])

    def _weight(self, family: Family) -> int:
        return self._weights.get(family.skills[0], 0)

    def _take(self, fitting: list[Family]) -> Family:
        def rank(family: Family) -> tuple[float, ...]:
            time = family.seconds if self._short else 0
            answered = next_repetition(self._reviews, family.id)
            return (time, answered, -self._weight(family), self._draw.random())

        family = min(sorted(fitting, key=lambda one: one.id), key=rank)
        del self._waiting[family.id]
        self._kinds[family.kind] = self._kinds.get(family.kind, 0) + 1
        return family


def _allotted(families: list[Family], seconds: int) -> list[int]:
    """The time of each part: its own, or a share of what the answers aloud leave."""
    own = [family.seconds for family in families]
    spoken = sum(f.answer["seconds"] for f in families if f.kind == "spoken")
    others = sum(family.seconds for family in families if family.kind != "spoken")
    if sum(own) <= seconds:
        return own
    share = (seconds - spoken) / others
    return [
        family.answer["seconds"] if family.kind == "spoken" else int(family.seconds * share)
        for family in families
    ]


def mark_of(review: Review, family: Family, seconds: int) -> str:
    """Strong, lean or no: of a rubric, or of verdict and time."""
    if family.kind in MARKED:
        return {1: "no", 2: "lean"}.get(review.rating, "strong")
    if review.verdict in RIGHT:
        return "strong" if review.seconds <= seconds else "lean"
    return "lean" if review.verdict == "partly" else "no"
