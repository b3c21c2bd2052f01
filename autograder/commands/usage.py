"""How all commands are used: their common arguments, and one line for each wrong use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.grading.plain import printable
from autograder.grading.refusals import RefusalError
from lossedu.destinations import DestinationError
from lossedu.names import unknown_name

console = Console()

Assignment = Annotated[str, typer.Argument(help="Its folder's name in solutions/.")]
Root = Annotated[Path, typer.Option("--root", help="The course's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print outcomes as JSON.")]


@contextmanager
def one_line() -> Iterator[None]:
    """Say what was wrong with the use of a command in one line, and exit with 2."""
    try:
        yield
    except (RefusalError, DestinationError) as error:
        refused(str(error))
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a fault of ours: show where
            raise
        refused(str(error))


def refused(why: str) -> None:
    """End the command as one that was used wrongly."""
    typer.echo(printable(why), err=True)
    raise typer.Exit(2)


def course_root(root: Path, assignment: str) -> Path:
    """The course's folder, if it is one and has the assignment; else exit with 2."""
    root = root.resolve()
    known = sorted(path.parent.name for path in root.glob("solutions/*/*.md"))
    if not known:
        refused(
            f"root must be a course's folder, but {root} holds no assignments in solutions/. "
            "Hint: go to the course's folder, or name it with --root"
        )
    if assignment not in known:
        refused(unknown_name("assignment", assignment, known))
    return root
