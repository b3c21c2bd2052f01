"""A mock interview in the terminal, to the sheet at its end."""

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lossedu.commands.drilling.asking import Asking
from lossedu.commands.drilling.course import Tally, kept
from lossedu.commands.drilling.terminal import SkippedError, Terminal
from lossedu.practice.families import Family, draw
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.progress.records import Review
from lossedu.practice.sessions.answering import review_of
from lossedu.practice.sessions.mock import Mock, Part, begin_mock, mark_of, mock_from, words_after
from lossedu.practice.sessions.roles import ROLES

if TYPE_CHECKING:
    from lossedu.practice.progress import Store

_STYLES = {"strong": "green", "lean": "yellow", "no": "red"}


def prepared(
    terminal: Terminal,
    store: "Store",
    families: Mapping[str, Family],
    role: str,
    minutes: int,
    exam: str | None,
    *,
    anew: bool,
) -> Mock:
    """The interview that was interrupted, or a new one."""
    for plan in store.open_mocks():
        alike = (plan["role"], plan["minutes"]) == (role, minutes)
        if alike and not anew and all(part["family"] in families for part in plan["parts"]):
            mock = mock_from(plan, families)
            done = len(mock.answers(store.progress().reviews))
            terminal.line(f"Going on after {done} answers. For a new interview: --new", "dim")
            return mock
    mock = begin_mock(
        families,
        store.progress().reviews,
        id=str(uuid.uuid4()),
        role=role,
        minutes=minutes,
        when=terminal.clock.now(),
        exam=exam,
    )
    store.begin_mock(mock.id, mock.as_json())
    return mock


def hold(
    terminal: Terminal,
    store: "Store",
    families: Mapping[str, Family],
    mock: Mock,
    tally: Tally,
) -> None:
    """Ask part after part; each answer is kept before the next question comes.

    Raises:
        LeftError: If somebody leaves; the interview can be resumed.
    """
    role = ROLES[mock.role]
    terminal.rule(f"Mock interview: {role.title}", f"{mock.minutes} minutes")
    terminal.write(
        f"{len(mock.parts)} questions about {role.asks}. No hints, no verdicts until the end; "
        "a question that you skip counts as no."
    )
    while (part := mock.next(store.progress().reviews)) is not None:
        review = _ask(terminal, store, families[part.family], mock, part)
        tally.answered += 1
        tally.right += review.right


def _ask(terminal: Terminal, store: "Store", family: Family, mock: Mock, part: Part) -> Review:
    question = draw(family, part.variant)
    name = part.key.rstrip("+")
    place = f"{name} of {len(mock.parts)}" if name == part.key else f"after {name}"
    terminal.rule(f"{place}  {one_line_of(question.title)}", f"{part.why} · {part.seconds} s")
    begun = terminal.clock.seconds()
    own: dict[str, Any] = {"source": "mock", "id": mock.review_id(part)}
    try:
        outcome = Asking(terminal, question, aided=False, limit=part.seconds).run()
    except SkippedError:
        review = review_of(
            family,
            question,
            repetition=part.repetition,
            when=terminal.clock.now(),
            verdict="wrong",
            answer=None,
            seconds=terminal.clock.seconds() - begun,
            mark="no" if family.kind in ("spoken", "design") else None,
            **own,
        )
        store.add(review)
    else:
        review = kept(terminal, store, family, question, part.repetition, outcome, **own)
        terminal.line("  Noted.", "dim")
    words = words_after(family, review)
    if " " in words:
        terminal.write(f"**The interviewer goes on:** {words}")
        terminal.ask("  Say it aloud, then Enter ")
    return review


def sheet(
    terminal: Terminal, store: "Store", families: Mapping[str, Family], mock: Mock
) -> list[dict[str, object]]:
    """Print what the interviewer would write down: a mark for each question, and their counts."""
    reviews = store.progress().reviews
    answers = mock.answers(reviews)
    rows = []
    terminal.rule("The interviewer's sheet", ROLES[mock.role].title)
    for part in mock.asked(reviews):
        if part.key in answers:
            review, family = answers[part.key], families[part.family]
            mark = mark_of(review, family, part.seconds)
            rows.append(_row(part, review, family, mark))
            title = one_line_of(draw(family, part.variant).title)
            terminal.line(f"  {mark:<7}{part.key:<4}{part.why}", _STYLES[mark])
            terminal.write(
                f"{title}, {review.seconds:.0f} s of {part.seconds} s", indent="             "
            )
            if mark != "strong":
                terminal.write(f"read {family.chapter}", "dim", indent="             ")
    counts = Counter(str(row["mark"]) for row in rows)
    shown = ", ".join(f"{counts[mark]} {mark}" for mark in _STYLES)
    used = sum(review.seconds for review in answers.values())
    terminal.line()
    terminal.line(f"{shown}; {used / 60:.0f} of {mock.minutes} minutes", "bold")
    return rows


def _row(part: Part, review: Review, family: Family, mark: str) -> dict[str, object]:
    return {
        "part": part.key,
        "family": family.id,
        "why": part.why,
        "mark": mark,
        "seconds": review.seconds,
        "review": review.id,
    }
