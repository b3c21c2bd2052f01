"""``lossedu drill``: questions that are checked, come back in time, and add up to a report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossedu.commands.drill_files import Data, check_bank, export, import_, opened
from lossedu.commands.errors import one_line, refused

if TYPE_CHECKING:
    from lossedu.commands.drilling.course import Tally
    from lossedu.commands.drilling.terminal import Terminal
    from lossedu.practice.progress import Store

INTERRUPTED = 130
drill = typer.Typer(no_args_is_help=True, help="Answer questions that are checked and come back.")

Size = Annotated[int, typer.Option(min=1, max=100, help="Questions at most.")]
Day = Annotated[str, typer.Option("--date", help="Day of the interview: 2027-01-31, or none.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@drill.command()
def today(
    size: Size = 10,
    day: Day = "",
    no_hints: Annotated[bool, typer.Option("--no-hints", help="Without hints.")] = False,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Only say what is due.")] = False,
) -> None:
    """Answer what is due today, then something new.

    The date of the interview is remembered: the schedule leads up to it.
    """
    with _practice(data) as (terminal, store, tally):
        from lossedu.commands.drilling import opening
        from lossedu.commands.drilling.course import hold
        from lossedu.practice.families import families
        from lossedu.practice.sessions import Course
        from lossedu.practice.sessions import today as chosen

        _remember(store, day)
        bank = families()
        plan = chosen(bank, store.progress(), terminal.clock.now().date(), size=size)
        if as_json:
            typer.echo(json.dumps(opening.as_json(plan), indent=1))
            return
        opening.greet(terminal, plan, [bank[item.family].seconds for item in plan.items])
        hold(terminal, store, bank, Course(plan.items), tally, aided=not no_hints)
        opening.close(terminal, store, plan, tally)


@drill.command()
def topic(
    slug: Annotated[
        str, typer.Argument(help="A loss, a concept, a skill or a question.", show_default=False)
    ] = "",
    size: Size = 10,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="List the topics as JSON.")] = False,
) -> None:
    """Answer questions about one topic; without SLUG, list the topics."""
    from lossedu.practice.families import families

    bank = families()
    if as_json or not slug:
        from lossedu.practice.sessions.topic import topics

        counts = topics(bank)
        listed = [f"{name:<40} {count:>4}" for name, count in counts.items()]
        typer.echo(json.dumps(counts, indent=1) if as_json else "\n".join(listed))
        return
    with _practice(data) as (terminal, store, tally):
        from lossedu.commands.drilling.course import hold
        from lossedu.practice.sessions import Course
        from lossedu.practice.sessions import topic as chosen

        items = chosen(bank, store.progress(), terminal.clock.now().date(), slug, size=size)
        hold(terminal, store, bank, Course(items), tally)
        terminal.line()
        terminal.line(_counted(tally))


@drill.command()
def mock(
    role: Annotated[
        str, typer.Option(help="Which role; an unknown one lists them.")
    ] = "ml-engineer",
    minutes: Annotated[int, typer.Option(help="5, 30 or 60.")] = 30,
    day: Day = "",
    anew: Annotated[bool, typer.Option("--new", help="Do not go on with an earlier one.")] = False,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with the sheet as JSON.")] = False,
) -> None:
    """Hold a mock interview: no hints, follow-ups, and the interviewer's sheet at the end.

    One that was interrupted goes on.
    """
    from lossedu.names import unknown_name
    from lossedu.practice.sessions import ROLES
    from lossedu.practice.sessions.mock import MINUTES

    if role not in ROLES:
        refused(unknown_name("role", role, ROLES))
    if minutes not in MINUTES:
        known = ", ".join(map(str, MINUTES))
        refused(f"minutes must be one of {known}, but is {minutes}.")
    with _practice(data) as (terminal, store, tally):
        from lossedu.commands.drilling import interview
        from lossedu.practice.families import families

        _remember(store, day)
        bank = families()
        exam = store.progress().exam
        on = exam.isoformat() if exam else None
        held = interview.prepared(terminal, store, bank, role, minutes, on, anew=anew)
        interview.hold(terminal, store, bank, held, tally)
        store.end_mock(held.id)
        rows = interview.sheet(terminal, store, bank, held)
        if as_json:
            typer.echo(json.dumps(rows, indent=1))


@drill.command()
def grid(data: Data = None, as_json: AsJson = False) -> None:
    """Rate yourself in eight skills, from 1 (cannot) to 5 (can teach)."""
    with _practice(data) as (terminal, store, _):
        from lossedu.commands.drilling import opening

        if as_json:
            from lossedu.practice.sessions import claimed_levels

            typer.echo(json.dumps(claimed_levels(store.progress().grid), indent=1))
            return
        opening.rate(terminal, store)


@drill.command()
def report(
    html: Annotated[
        Path | None, typer.Option(help="Write a page here, too: each number leads to its answers.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compare what you claim with what your answers show, and name the next five steps."""
    with _practice(data) as (terminal, store, _):
        from lossedu.commands.drilling import readiness
        from lossedu.practice.families import families
        from lossedu.practice.sessions import report_of, report_page

        bank = families()
        computed = report_of(bank, store.progress(), terminal.clock.now().date())
        if html is not None:
            from lossedu.destinations import check_file
            from lossedu.whole_files import write_whole

            check_file("html", html)
            write_whole(html, report_page(computed, bank))
        if as_json:
            typer.echo(json.dumps(readiness.as_json(computed), indent=1, ensure_ascii=False))
        else:
            readiness.show(terminal, computed)


drill.command()(export)
drill.command("import")(import_)
drill.command()(check_bank)


def _remember(store: "Store", day: str) -> None:
    """Keep the day of the interview, if one was named."""
    if day == "none":
        store.set_exam(None)
    elif day:
        try:
            store.set_exam(date.fromisoformat(day))
        except ValueError:
            refused(f"date must be a day such as 2027-01-31, or none, but is {day!r}.")


@contextmanager
def _practice(data: Path | None) -> Iterator[tuple["Terminal", "Store", "Tally"]]:
    """A terminal and a file of progress; however a session ends, what was answered is kept."""
    from lossedu.commands.drilling.course import Tally
    from lossedu.commands.drilling.terminal import LeftError, Terminal

    tally = Tally()
    with one_line(), opened(data) as store:
        terminal = Terminal()
        try:
            yield terminal, store, tally
        except LeftError:
            _say_kept(terminal, store, tally)
        except KeyboardInterrupt:
            terminal.line()
            _say_kept(terminal, store, tally)
            raise typer.Exit(INTERRUPTED) from None


def _say_kept(terminal: "Terminal", store: "Store", tally: "Tally") -> None:
    terminal.line()
    counted = f"{_counted(tally)} " if tally.answered else ""
    terminal.wrapped(f"{counted}All is kept in {store.path}; the same command goes on.")


def _counted(tally: "Tally") -> str:
    plural = "" if tally.answered == 1 else "s"
    return f"{tally.answered} answer{plural}, {tally.right} right."
