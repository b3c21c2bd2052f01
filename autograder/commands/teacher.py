"""What a teacher does before and after grading: a course, a report, look-alikes, an export."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.commands.usage import (
    Assignment,
    Json,
    Root,
    console,
    course_root,
    one_line,
    refused,
)
from autograder.grading.plain import printable
from lossedu.names import unknown_name

if TYPE_CHECKING:
    from autograder.grading.outcomes import Outcome

commands = typer.Typer()


@commands.command()
def new_course(folder: Annotated[Path, typer.Argument(help="New or empty.")]) -> None:
    """Fill a folder with the assignments and what nbgrader needs."""
    from autograder.course.new_course import new_course as fill
    from lossedu.destinations import check_folder

    with one_line():
        check_folder("folder", folder)
        try:
            names = fill(folder)
        except FileExistsError as error:
            refused(str(error))
    console.print(f"made  {folder}  with {', '.join(names)}", highlight=False, markup=False)
    console.print(f"next  cd {folder} && autograder doctor", highlight=False, markup=False)


@commands.command()
def report(
    assignment: Assignment,
    html: Annotated[
        Path | None, typer.Option(help="Where; else course/report-<assignment>.html.")
    ] = None,
    as_json: Json = False,
    root: Root = Path(),
) -> None:
    """Write one page about a graded class: each check, and the mistakes that were recognised."""
    from autograder.course.class_report import page, summary
    from autograder.grading.folders import CourseFolders
    from lossedu.destinations import check_file
    from lossedu.whole_files import write_whole

    root = course_root(root, assignment)
    target = html or CourseFolders(root).course / f"report-{assignment}.html"
    with one_line():
        check_file("--html", target)
    outcomes = _graded(root, assignment)
    if as_json:
        typer.echo(json.dumps(asdict(summary(outcomes)), indent=1))
        return
    write_whole(target, page(outcomes))
    found = summary(outcomes)
    console.print(
        f"{found.graded} graded, mean {found.mean:.1f} and median {found.median:.1f} of "
        f"{found.max_score:g} points by machine",
        highlight=False,
        markup=False,
    )
    for name, count in found.misconceptions.items():
        console.print(f"  {count:4d}  {name}", highlight=False, markup=False)
    console.print(f"written  {target}", highlight=False, markup=False)


@commands.command()
def similar(
    assignment: Assignment,
    least: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The smallest shared part that is listed.")
    ] = 0.5,
    as_json: Json = False,
    root: Root = Path(),
) -> None:
    """List pairs of submissions that are much alike: evidence, never a verdict."""
    from autograder.commands.tables import pair_table
    from autograder.course.look_alikes import look_alikes

    root = course_root(root, assignment)
    with one_line():
        pairs = look_alikes(root, assignment, least=least)
    if as_json:
        typer.echo(json.dumps([asdict(pair) for pair in pairs], indent=1))
    elif pairs:
        console.print(pair_table(pairs))
    else:
        console.print("No two submissions are much alike.")


@commands.command()
def export(
    assignment: Assignment,
    platform: Annotated[str, typer.Option("--for", help="canvas or moodle.")],
    questions: Annotated[
        bool, typer.Option("--questions", help="A column for each question, too.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="A file; else the terminal.")] = None,
    root: Root = Path(),
) -> None:
    """Write marks, by machine and by hand, for a learning platform to import."""
    from autograder.bridge.configuration import course_config
    from autograder.bridge.gradebook import student_marks
    from autograder.course.export import FORMATS
    from lossedu.destinations import check_file
    from lossedu.whole_files import write_whole

    if platform not in FORMATS:
        refused(unknown_name("--for", platform, FORMATS))
    root = course_root(root, assignment)
    with one_line():
        if out is not None:
            check_file("--out", out)
        marks = student_marks(course_config(root), assignment)
    text = FORMATS[platform](assignment, marks, questions=questions)
    if out is None:
        sys.stdout.write(text)
    else:
        write_whole(out, text)
    waiting = sum(not mark.complete for mark in marks)
    if waiting:
        typer.echo(f"{waiting} of {len(marks)} still wait for marks by hand.", err=True)
    _say_unread(root, assignment)


def _say_unread(root: Path, assignment: str) -> None:
    """Name those whose file could not be read: until somebody marks it, it counts 0."""
    from autograder.grading.folders import CourseFolders
    from autograder.grading.journal import outcomes

    known = outcomes(CourseFolders(root).journal(assignment))
    unread = [printable(one.submission) for one in known if one.status == "unreadable"]
    if unread:
        typer.echo(
            f"{len(unread)} could not be read and count 0 by machine until you mark them: "
            f"{', '.join(unread)}.",
            err=True,
        )


@commands.command()
def due(
    assignment: Assignment,
    when: Annotated[str, typer.Argument(metavar="DATE", help='As "2026-03-01 23:59".')],
    zone: Annotated[str, typer.Option(help="Whose clock that is, as Europe/Berlin.")] = "UTC",
    student: Annotated[
        list[str] | None, typer.Option(help="For this one alone: an extension; may be repeated.")
    ] = None,
    root: Root = Path(),
) -> None:
    """Say when an assignment is due, for all or with an extension for some."""
    from autograder.bridge.configuration import course_config
    from autograder.bridge.due_dates import set_due, set_due_for
    from autograder.course.clocks import in_utc

    root = course_root(root, assignment)
    with one_line():
        date = in_utc(when, zone)
        config = course_config(root)
        if not student:
            set_due(config, assignment, date)
        for name in student or []:
            set_due_for(config, assignment, name, date)
    whom = ", ".join(student or ["all"])
    console.print(f"due  {date:%Y-%m-%d %H:%M} UTC  for {whom}", highlight=False, markup=False)


@commands.command()
def rubric(
    assignment: Assignment,
    edit: Annotated[
        bool, typer.Option("--edit", help="Write solutions/ASSIGNMENT/rubric.toml, to be changed.")
    ] = False,
    root: Root = Path(),
) -> None:
    """List what each check is worth, as the course has it."""
    from autograder.commands.tables import rubric_table
    from autograder.grading.course_rubric import as_text, course_rubric
    from autograder.grading.folders import CourseFolders
    from lossedu.whole_files import write_whole

    root = course_root(root, assignment)
    folders = CourseFolders(root)
    with one_line():
        known = course_rubric(folders, assignment)
    if not edit:
        console.print(rubric_table(known))
        return
    path = folders.rubric(assignment)
    if path.exists():
        refused(f"{path} must not be there to be written, but is. Hint: edit it as it is")
    write_whole(path, as_text(known))
    console.print(f"written  {path}", highlight=False, markup=False)


def _graded(root: Path, assignment: str) -> "list[Outcome]":
    """What the last run found out; else exit with 2."""
    from autograder.grading.folders import CourseFolders
    from autograder.grading.journal import outcomes

    found = outcomes(CourseFolders(root).journal(assignment))
    if not found:
        refused(
            f"{assignment!r} must have been graded, but has no results. "
            f"Hint: autograder grade {assignment}"
        )
    return found
