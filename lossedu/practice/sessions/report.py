"""What all answers together show: counts with the reviews behind them, and no single score."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

from lossedu.practice.families import SKILLS, Family
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.progress.exam import mean_recall
from lossedu.practice.progress.records import HINTS, Progress, Review
from lossedu.practice.progress.schedule import Card, cards_of
from lossedu.practice.sessions.grid import claimed_levels

IN_A_WEEK = timedelta(days=7)
SHOWN = "Shown is the highest level of a question whose last answer was right and without a hint."
RECALL = "Recall is what is expected on that day of the questions seen."
"""What the report says of its own numbers, here and on the page of the book."""

MOST = 3
"""As many of the slowest and of the weakest are named."""


@dataclass(frozen=True)
class SkillLine:
    """One skill: what somebody claims of it, and what the answers show."""

    skill: str
    claimed: int | None
    shown: int | None
    """The highest level of a family whose last answer was right and without a hint."""
    kind: str
    """The kind of question that shows it."""
    evidence: tuple[Review, ...]
    """The last answers that show this level."""
    answered: tuple[Review, ...]
    right: tuple[Review, ...]
    families: int
    seen: int
    recall: float | None
    """Expected on the date, over the families that were seen."""


@dataclass(frozen=True)
class Slow:
    """A family that takes longer than it should."""

    family: str
    title: str
    seconds: float
    limit: int
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class Weak:
    """A family that is least certain on the date."""

    family: str
    title: str
    recall: float
    wrong: int
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class Flag:
    """A red flag that was ticked, which ends an interview."""

    text: str
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class Report:
    """The readiness report."""

    day: date
    on: date
    """The day of the interview; in a week where there is none."""
    exam: bool
    reviews: tuple[Review, ...]
    right: tuple[Review, ...]
    skills: tuple[SkillLine, ...]
    cards: int
    expected: float
    """How many of the cards are expected to be recalled on the day."""
    slowest: tuple[Slow, ...]
    weakest: tuple[Weak, ...]
    hints: Mapping[int, tuple[Review, ...]]
    """Answers by the number of hints that were taken."""
    flags: tuple[Flag, ...]
    actions: tuple[Any, ...] = field(default=())


def report_of(families: Mapping[str, Family], progress: Progress, day: date) -> Report:
    """Compute the report.

    Args:
        families: The bank; reviews of families that it no longer has are counted, but show nothing.
        progress: All that is kept.
        day: Today, in UTC.
    """
    from lossedu.practice.sessions.actions import next_actions

    cards = {name: card for name, card in cards_of(progress.reviews).items() if name in families}
    ahead = progress.exam is not None and progress.exam >= day
    on = progress.exam if progress.exam and ahead else day + IN_A_WEEK
    claimed = claimed_levels(progress.grid)
    by_family: dict[str, list[Review]] = {}
    for review in progress.reviews:
        by_family.setdefault(review.family, []).append(review)
    lines = [_line(skill, families, by_family, cards, claimed, on) for skill in SKILLS]
    report = Report(
        day=day,
        on=on,
        exam=ahead,
        reviews=progress.reviews,
        right=tuple(review for review in progress.reviews if review.right),
        skills=tuple(lines),
        cards=len(cards),
        expected=(mean_recall(cards.values(), on) or 0.0) * len(cards),
        slowest=tuple(_slowest(families, by_family)),
        weakest=tuple(_weakest(families, by_family, cards, on)),
        hints={
            count: tuple(review for review in progress.reviews if review.hints == count)
            for count in range(HINTS + 1)
        },
        flags=tuple(_flags(families, progress.reviews)),
    )
    actions = next_actions(report, families, progress)
    return Report(**{**vars(report), "actions": tuple(actions)})


def _line(
    skill: str,
    families: Mapping[str, Family],
    by_family: Mapping[str, list[Review]],
    cards: Mapping[str, Card],
    claimed: Mapping[str, int],
    on: date,
) -> SkillLine:
    own = [family for family in families.values() if skill in family.skills]
    seen = [family for family in own if family.id in by_family]
    answered = [review for family in seen for review in by_family[family.id]]
    passed = [family for family in seen if by_family[family.id][-1].unaided]
    shown = max((family.level for family in passed), default=None)
    best = [family for family in passed if family.level == shown]
    return SkillLine(
        skill=skill,
        claimed=claimed.get(skill),
        shown=shown,
        kind=best[0].kind if best else "",
        evidence=tuple(by_family[family.id][-1] for family in best),
        answered=tuple(answered),
        right=tuple(review for review in answered if review.right),
        families=len(own),
        seen=len(seen),
        recall=mean_recall((cards[family.id] for family in seen), on),
    )


def _slowest(
    families: Mapping[str, Family], by_family: Mapping[str, list[Review]]
) -> Iterable[Slow]:
    """Families whose answers take more than their time, the worst first."""
    slow = [
        Slow(
            name, one_line_of(families[name].title), middle, families[name].seconds, tuple(reviews)
        )
        for name, reviews in by_family.items()
        if name in families
        and (middle := median(review.seconds for review in reviews)) > families[name].seconds
    ]
    return sorted(slow, key=lambda one: (-one.seconds / one.limit, one.family))[:MOST]


def _weakest(
    families: Mapping[str, Family],
    by_family: Mapping[str, list[Review]],
    cards: Mapping[str, Card],
    on: date,
) -> Iterable[Weak]:
    """Families that are least certain on the day, the worst first."""
    weak = [
        Weak(
            name,
            one_line_of(families[name].title),
            card.recall(on),
            sum(not review.right for review in by_family[name]),
            tuple(by_family[name]),
        )
        for name, card in cards.items()
        if any(not review.right for review in by_family[name])
    ]
    return sorted(weak, key=lambda one: (one.recall, -one.wrong, one.family))[:MOST]


def _flags(families: Mapping[str, Family], reviews: Iterable[Review]) -> Iterable[Flag]:
    """The red flags that were ticked, the most frequent first."""
    by_text: dict[str, list[Review]] = {}
    for review in reviews:
        for text in flags_ticked(review):
            by_text.setdefault(text, []).append(review)
    flags = [Flag(text, tuple(ticked)) for text, ticked in by_text.items()]
    return sorted(flags, key=lambda flag: (-len(flag.reviews), flag.text))


def flags_ticked(review: Review) -> list[str]:
    """The red flags of one answer: they are the last of its ticks."""
    if not isinstance(review.answer, Mapping):
        return []
    flags = review.answer.get("flags", ())
    count = len(flags) if isinstance(flags, list | tuple) else 0
    return list(review.ticks[len(review.ticks) - count :]) if count else []
