"""What to do next: five steps, each with the command that does it and the reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from lossedu.practice.families import SKILLS, Family
from lossedu.practice.progress.milestones import current, milestones
from lossedu.practice.progress.records import Progress, Review
from lossedu.practice.progress.schedule import Schedule, cards_of
from lossedu.practice.sessions.mock import MINUTES
from lossedu.practice.sessions.report import Report

COUNT = 5
MOCK_EVERY = timedelta(days=7)
TOO_MANY_HINTS = 0.3


@dataclass(frozen=True)
class Action:
    """One step."""

    command: str
    why: str
    reviews: tuple[Review, ...] = ()
    """The reviews behind the reason."""


def next_actions(
    report: Report, families: Mapping[str, Family], progress: Progress
) -> list[Action]:
    """The five most useful steps, the first one first."""
    chosen: dict[str, Action] = {}
    for action in _candidates(report, families, progress):
        chosen.setdefault(action.command, action)
        if len(chosen) == COUNT:
            break
    return list(chosen.values())


def _candidates(
    report: Report, families: Mapping[str, Family], progress: Progress
) -> Iterator[Action]:
    yield from _flagged(report, families)
    yield from _scheduled(report, families, progress)
    if not progress.grid:
        yield Action("lossedu drill grid", "no skill is rated by yourself")
    yield from _overrated(report)
    yield from _mock(report, progress)
    for weak in report.weakest:
        why = f"{weak.wrong} of {len(weak.reviews)} answers were wrong: {weak.title}"
        yield Action(f"lossedu drill topic {weak.family}", why, weak.reviews)
    for slow in report.slowest:
        why = f"{slow.seconds:.0f} s where {slow.limit} s are fluent: {slow.title}"
        yield Action(f"lossedu drill topic {slow.family}", why, slow.reviews)
    aided = tuple(r for count, reviews in report.hints.items() if count for r in reviews)
    if aided and len(aided) > TOO_MANY_HINTS * len(report.reviews):
        why = f"{len(aided)} of {len(report.reviews)} answers took hints: answer before you look"
        yield Action("lossedu drill today --no-hints", why, aided)
    yield from _least_seen(report)


def _flagged(report: Report, families: Mapping[str, Family]) -> Iterator[Action]:
    for flag in report.flags[:1]:
        last = flag.reviews[-1]
        chapter = families[last.family].chapter if last.family in families else ""
        why = f"a red flag ends interviews: {flag.text}" + (
            f" (chapter {chapter})" if chapter else ""
        )
        yield Action(f"lossedu drill topic {last.family}", why, flag.reviews)


def _scheduled(
    report: Report, families: Mapping[str, Family], progress: Progress
) -> Iterator[Action]:
    days = {f.id: f.milestone for f in families.values() if f.milestone is not None}
    task = current(milestones(days, progress, report.day), report.day)
    cards = {n: card for n, card in cards_of(progress.reviews).items() if n in families}
    due = {card.family for card in Schedule(cards).due(report.day)}
    if due:
        behind = tuple(r for r in progress.reviews if r.family in due)
        plural = "questions are" if len(due) > 1 else "question is"
        yield Action("lossedu drill today", f"{len(due)} {plural} due", behind)
    elif task is not None:
        why = f"the milestone of day {task.day} lacks {len(task.missing)} of {len(task.families)}"
        yield Action("lossedu drill today", why)
    elif not progress.reviews:
        yield Action("lossedu drill today", "nothing was answered yet")


def _overrated(report: Report) -> Iterator[Action]:
    """Skills whose claim is furthest above what was shown."""
    gaps = [
        (line.claimed - (line.shown or 1), line)  # level 1 needs no proof
        for line in report.skills
        if line.claimed is not None and line.claimed > (line.shown or 1)
    ]
    for _, line in sorted(gaps, key=lambda gap: (-gap[0], gap[1].skill)):
        shown = f"level {line.shown}" if line.shown else "nothing yet"
        why = f"level {line.claimed} is claimed, {shown} is shown: {SKILLS[line.skill]}"
        yield Action(f"lossedu drill topic {line.skill}", why, line.answered)


def _mock(report: Report, progress: Progress) -> Iterator[Action]:
    mocked = _latest(progress.reviews, "mock")
    if progress.reviews and (mocked is None or report.day - mocked.when.date() >= MOCK_EVERY):
        when = f"the last was on {mocked.when.date()}" if mocked else "there was none yet"
        yield Action(f"lossedu drill mock --minutes {MINUTES[1]}", f"a mock interview: {when}")


def _least_seen(report: Report) -> Iterator[Action]:
    lines = [line for line in report.skills if line.seen < line.families]
    for line in sorted(lines, key=lambda one: (one.seen / one.families, one.skill)):
        why = f"{line.seen} of {line.families} questions were asked: {SKILLS[line.skill]}"
        yield Action(f"lossedu drill topic {line.skill}", why, line.answered)


def _latest(reviews: Iterable[Review], source: str) -> Review | None:
    own = [review for review in reviews if review.source == source]
    return own[-1] if own else None
