"""The one place where an error becomes a line: for wrong use alone, never for a fault in code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from lossedu.own_code import own_code_took_part, stated_by_us

WRONG_USE = 2


@contextmanager
def one_line() -> Iterator[None]:
    """Say what was wrong with the use of a command in one line, and exit with 2.

    Wrong use is what this package refuses in words of its own, and a file that cannot be read or
    written.  Whatever comes through the user's own model or loss, and whatever this package did not
    foresee, keeps its trace.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_use(error) or own_code_took_part(error):
            raise
        refused(" ".join(str(error).split()), error)


def _is_of_use(error: Exception) -> bool:
    """Whether an error may say how the command was used; torch is loaded only to ask this."""
    if isinstance(error, ValueError | TypeError):
        return stated_by_us(error)
    if isinstance(error, OSError):
        return True
    from lossedu.training import CheckpointError

    return isinstance(error, CheckpointError) and stated_by_us(error)


def refused(why: str, cause: BaseException | None = None) -> NoReturn:
    """End the command as one that was used wrongly."""
    typer.echo(why, err=True)
    raise typer.Exit(WRONG_USE) from cause
