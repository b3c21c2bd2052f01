"""A session from its first question to its last: asked, graded, kept one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossedu.commands.drilling import solutions
from lossedu.commands.drilling.asking import Answered, Asking
from lossedu.commands.drilling.terminal import SkippedError, Terminal
from lossedu.practice.families import Family, Question, draw
from lossedu.practice.plain_text import one_line_of
from lossedu.practice.progress.records import RIGHT, Review
from lossedu.practice.progress.schedule import cards_of
from lossedu.practice.sessions.answering import Course, Item, review_of

if TYPE_CHECKING:
    from lossedu.practice.progress import Store


@dataclass
class Tally:
    """What a session has brought so far."""

    answered: int = 0
    right: int = 0


def hold(
    terminal: Terminal,
    store: "Store",
    families: Mapping[str, Family],
    course: Course,
    tally: Tally,
    *,
    aided: bool = True,
) -> None:
    """Ask until nothing is left; each answer is kept before the next question comes.

    Raises:
        LeftError: If somebody leaves; what was answered is kept.
    """
    number = 0
    while (item := course.next()) is not None:
        number += 1
        family = families[item.family]
        question = draw(family, item.variant)
        _head(terminal, question, item, f"{number} of {number + len(course)}")
        try:
            outcome = Asking(terminal, question, aided=aided).run()
        except SkippedError:
            terminal.line("  Left out.", "dim")
            continue
        review = kept(terminal, store, family, question, item.repetition, outcome)
        tally.answered += 1
        tally.right += review.right
        repeated = course.answered(item, review)
        tell(terminal, question, outcome)
        _after(terminal, store, family, review, repeated=repeated)


def kept(
    terminal: Terminal,
    store: "Store",
    family: Family,
    question: Question,
    repetition: int,
    outcome: Answered,
    **more: Any,
) -> Review:
    """Write the review of an answer to the file."""
    review = review_of(
        family,
        question,
        repetition=repetition,
        when=terminal.clock.now(),
        verdict=outcome.grade.verdict,
        answer=outcome.answer,
        hints=outcome.hints,
        seconds=outcome.seconds,
        mark=outcome.mark,
        **more,
    )
    store.add(review)
    return review


def _head(terminal: Terminal, question: Question, item: Item, place: str) -> None:
    terminal.rule(
        f"{place}  {one_line_of(question.title)}",
        f"{item.why} · {question.seconds} s" if item.why else f"{question.seconds} s",
    )


def tell(terminal: Terminal, question: Question, outcome: Answered) -> None:
    """The verdict in words, and the worked answer."""
    right = outcome.grade.verdict in RIGHT or outcome.mark == "strong"
    partly = outcome.grade.verdict == "partly" and outcome.mark != "no"
    sign, style = ("✓", "green") if right else ("~", "yellow") if partly else ("✗", "red")
    terminal.line()
    if outcome.mark:
        terminal.write(f"{sign} Kept as {outcome.mark}.", style)
    else:
        terminal.report(f"{sign} {outcome.grade.says}", style)
        if not right:
            solutions.show(terminal, question)
    if question.explanation:
        terminal.write(question.explanation)


def _after(
    terminal: Terminal, store: "Store", family: Family, review: Review, *, repeated: bool
) -> None:
    """When it comes again, and where to read."""
    reviews = store.progress().of(family.id)
    days = (cards_of(reviews)[family.id].due() - review.when.date()).days
    when = "tomorrow" if days == 1 else f"in {days} days"
    when = f"at the end, and {when}" if repeated else when
    read = "" if review.rating > 2 else f" Read {family.chapter}."
    slow = (
        f" {review.seconds:.0f} s of {family.seconds} s." if review.seconds > family.seconds else ""
    )
    terminal.write(f"Again {when}.{slow}{read}", "dim")
    words = family.follow_up.get("right" if review.right else "wrong", "")
    if " " in words:
        terminal.write(f"Then: {words}", "dim")
