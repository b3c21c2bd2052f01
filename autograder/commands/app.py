"""The command ``autograder``."""

import json
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import autograder.grading.fewer_imports  # noqa: F401
from autograder.commands.chosen import assignment_and_files, to_grade
from autograder.commands.teacher import commands
from autograder.commands.usage import (
    Assignment,
    Json,
    Root,
    console,
    course_root,
    one_line,
)
from autograder.grading.outcomes import Outcome
from lossedu.entry import show_version

if TYPE_CHECKING:
    from autograder.grading.submissions import Submission
    from autograder.grading.workers import Pool

warnings.filterwarnings("ignore", category=DeprecationWarning)

app = typer.Typer(no_args_is_help=True, help="Release and grade assignments.")
app.add_typer(commands)

INTERRUPTED = 130  # what a shell expects after Ctrl-C

Trust = Annotated[
    bool, typer.Option("--trust", help="Run without a sandbox: students' code can do all you can.")
]
WithoutTraining = Annotated[
    bool, typer.Option("--without-training", help="Leave out the checks that train models.")
]


def _say_version(asked: bool) -> None:
    if asked:
        show_version("autograder")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hold the options that stand before a subcommand."""


@app.command()
def release(
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="ASSIGNMENT", help="Their folders' names in solutions/."),
    ],
    root: Root = Path(),
) -> None:
    """Make the students' notebooks from the teacher's."""
    from autograder.bridge.course import Course, logged_to
    from autograder.grading.folders import CourseFolders

    (root,) = {course_root(root, assignment) for assignment in assignments}
    with one_line(), logged_to(CourseFolders(root).log):
        for assignment in assignments:
            Course(root).release(assignment)
            console.print(f"released  exercises/{assignment}/{assignment}.ipynb", markup=False)


@app.command()
def grade(
    words: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="ASSIGNMENT [FILES]",
            help="The assignment; then notebooks or folders of them, else all in course/submitted.",
        ),
    ] = None,
    assignment: Annotated[
        str, typer.Option(help="The assignment, where all that is named are files.")
    ] = "",
    student: Annotated[
        list[str] | None, typer.Option(help="Grade this one alone; may be repeated.")
    ] = None,
    question: Annotated[
        list[str] | None,
        typer.Option(help="Give new marks for this check or cell alone; may be repeated."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="How many processes; else one a core.")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="Of a Dask cluster, as tcp://host:8786; else this machine grades.")
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last run was stopped.")
    ] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write the outcomes to this file.")
    ] = None,
    trust: Trust = False,
    without_training: WithoutTraining = False,
    root: Root = Path(),
) -> None:
    """Grade a class, and put its marks into the gradebook."""
    from lossedu.destinations import check_file
    from lossedu.whole_files import write_whole

    assignment, files = assignment_and_files(assignment, words or [])
    root = course_root(root, assignment)
    with one_line():
        if as_json is not None:
            check_file("--json", as_json)
        submissions = to_grade(root, assignment, files, student or [])
        with _pool(scheduler, jobs) as pool:
            outcomes = _graded(
                root,
                assignment,
                submissions,
                pool,
                resume=resume,
                others_stay=bool(files or student),
                costly=not without_training,
                trust=trust,
                questions=question or [],
            )
    if as_json is not None:
        write_whole(as_json, _as_json(outcomes))
    _show(outcomes)


@app.command()
def sample_class(
    assignment: Assignment,
    root: Root = Path(),
    as_json: Json = False,
    without_training: WithoutTraining = False,
) -> None:
    """Grade a class of right answers, typical mistakes and a broken file, with feedback."""
    from autograder.bridge.course import Course, logged_to
    from autograder.course.sample_class import submit
    from autograder.grading.folders import CourseFolders
    from autograder.grading.submissions import Submission

    root = course_root(root, assignment)
    folders = CourseFolders(root)
    with one_line(), _pool("", None) as pool:
        with logged_to(folders.log):
            course = Course(root)
            if not folders.exercise(assignment).exists():
                course.release(assignment)
        submissions = [
            Submission(name, folders.submitted(assignment, name) / f"{assignment}.ipynb")
            for name in submit(root, assignment)
        ]
        outcomes = _graded(
            root, assignment, submissions, pool, resume=True, costly=not without_training
        )
        with logged_to(folders.log):
            course.feedback(assignment)
    if as_json:
        typer.echo(_as_json(outcomes), nl=False)
    else:
        _show(outcomes)


@app.command(name="try")
def try_(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    assignment: Annotated[str, typer.Option(help="Else the notebook says it.")] = "",
    as_json: Json = False,
    without_training: WithoutTraining = False,
    trust: Trust = False,
) -> None:
    """Ask the public checks about one notebook, as check(...) does in it."""
    from autograder.commands.tables import check_table
    from autograder.student.trial import tried

    with one_line():
        outcome = tried(notebook, assignment, costly=not without_training, trust=trust)
    if as_json:
        typer.echo(_as_json([outcome]), nl=False)
    else:
        console.print(check_table(outcome))
    raise typer.Exit(0 if outcome.score == outcome.max_score else 1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say which layers of the sandbox work here; exit with 1 if too few do."""
    from dataclasses import asdict

    from autograder.commands.tables import layer_table
    from autograder.sandbox.layers import floor_is_met, live_layers
    from autograder.sandbox.system import why_not_here

    layers = live_layers()
    enough = floor_is_met(layers)
    if as_json:
        typer.echo(json.dumps([asdict(layer) for layer in layers], indent=1))
    elif elsewhere := why_not_here():
        typer.echo(elsewhere)
    else:
        console.print(layer_table(layers))
        verdict = "Submissions can be graded." if enough else "Submissions must not be graded here."
        console.print(verdict, highlight=False)
    raise typer.Exit(0 if enough else 1)


def _graded(
    root: Path,
    assignment: str,
    submissions: Sequence["Submission"],
    pool: "Pool",
    *,
    resume: bool,
    costly: bool,
    others_stay: bool = False,
    trust: bool = False,
    questions: Sequence[str] = (),
) -> list[Outcome]:
    """Grade, with a bar that shows how far; after Ctrl-C, say how to go on."""
    from autograder.bridge.classroom import open_class
    from autograder.commands.progress import progress
    from autograder.course.new_course import TEACHERS_PART
    from autograder.rubrics import has_bank

    if not has_bank(assignment):
        said = f"NOTE: no mistake will be named without the teacher's part. Hint: {TEACHERS_PART}"
        typer.echo(said, err=True)
    if trust:
        typer.echo("WARNING: no sandbox; every submission can do all that you can.", err=True)
    done = 0
    try:
        with (
            progress(console, len(submissions)) as advance,
            open_class(root, assignment, costly=costly, trust=trust, questions=questions) as work,
        ):

            def known(outcome: Outcome) -> None:
                nonlocal done
                done += 1
                advance(outcome)

            return work.grade(
                submissions, pool, resume=resume, others_stay=others_stay, known=known
            )
    except KeyboardInterrupt:
        hint = "the same command goes on" if resume else "go on with --resume"
        typer.echo(f"stopped: {done} of {len(submissions)} are graded. Hint: {hint}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _pool(scheduler: str, jobs: int | None) -> AbstractContextManager["Pool"]:
    """Who grades; the processes of this machine begin to load at once."""
    from autograder.grading.workers import cluster, machine

    if scheduler:
        return nullcontext(partial(cluster, scheduler))
    return machine(jobs)


def _as_json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([outcome.as_record() for outcome in outcomes], indent=1) + "\n"


def _show(outcomes: Sequence[Outcome]) -> None:
    from autograder.commands.tables import class_table, faults

    console.print(class_table(outcomes))
    for line in faults(outcomes):
        console.print(line, highlight=False, markup=False)


if __name__ == "__main__":
    app()
