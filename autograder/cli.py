"""The command ``autograder``."""

import json
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

warnings.filterwarnings("ignore", category=DeprecationWarning)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Release and grade assignments.")
console = Console()

Assignment = Annotated[str, typer.Argument(help="Its folder's name in solutions/.")]
Root = Annotated[Path, typer.Option("--root", help="The course's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print outcomes as JSON.")]


def _checked(root: Path, assignment: str) -> Path:
    """The course's folder, if it is one and has the assignment; else exit with 2."""
    root = root.resolve()
    known = sorted(path.parent.name for path in root.glob("solutions/*/*.md"))
    if assignment not in known:
        listed = ", ".join(known) or f"none in {root}; run this in the course's folder"
        typer.echo(
            f"assignment must be one of those in solutions/ ({listed}), but is {assignment!r}."
        )
        raise typer.Exit(2)
    return root


@app.command()
def release(assignment: Assignment, root: Root = Path()) -> None:
    """Make the student's notebook from the teacher's."""
    from autograder.bridge import Course, logged_to

    root = _checked(root, assignment)
    with logged_to(root / "course" / "nbgrader.log"):
        Course(root).release(assignment)
    console.print(f"released  exercises/{assignment}/{assignment}.ipynb")


@app.command()
def sample_class(assignment: Assignment, root: Root = Path(), as_json: Json = False) -> None:
    """Grade a class of right answers, typical mistakes and a broken file."""
    from dataclasses import asdict

    from autograder.bridge import Course, logged_to
    from autograder.outcomes import Outcome
    from autograder.report import class_table, faults
    from autograder.sample_class import fingerprint, submit
    from autograder.sources import write_atomically

    root = _checked(root, assignment)
    record = root / "course" / f"sample-{assignment}.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    outcomes: list[Outcome] = []
    with logged_to(root / "course" / "nbgrader.log"):
        course = Course(root)
        names = submit(root, assignment)
        course.register(assignment, names)
        for number, name in enumerate(names, 1):
            state = fingerprint(root, assignment, name)
            if known.get(name, {}).get("state") == state:
                outcome = Outcome.from_record(known[name]["outcome"])
            else:
                if not as_json:
                    console.print(f"  grading {number} of {len(names)}: {name}", highlight=False)
                outcome = course.grade(assignment, name)
                known[name] = {"state": state, "outcome": asdict(outcome)}
                write_atomically(record, json.dumps(known, indent=1, sort_keys=True) + "\n")
            outcomes.append(outcome)
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    else:
        console.print(class_table(outcomes))
        for line in faults(outcomes):
            console.print(line, highlight=False, markup=False)
