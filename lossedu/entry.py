"""How both commands start: what they say of their version, and of a library that is missing."""

import io
import sys
from collections.abc import Mapping
from importlib import import_module

from lossedu import __version__
from lossedu.extras import missing
from lossedu.own_code import own_code_took_part

WRONG_USE = 2


def run(program: str, module: str, extras: Mapping[str, str], otherwise: str) -> None:
    """Run a command; exit with 2 and one line if a library is missing.

    Args:
        program: Its name.
        module: Where its ``app`` is.
        extras: Which extra brings all that a subcommand needs.
        otherwise: The extra of all other subcommands.
    """
    if sys.argv[1:] == ["--version"]:  # also where the libraries of the command are missing
        show_version(program)
        return
    write_unicode()
    word = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    try:
        import_module(module).app()
    except ModuleNotFoundError as error:
        part = f"{program} {word}" if word in extras else program
        line = missing(error, part, extras.get(word, otherwise))
        if not line or own_code_took_part(error):
            raise
        sys.stderr.write(f"{line}\n")
        sys.exit(WRONG_USE)


def show_version(program: str) -> None:
    """Print a command's name and version."""
    sys.stdout.write(f"{program} {__version__}\n")


def write_unicode() -> None:
    """Write files and pipes in UTF-8, whatever the system's own encoding lacks.

    A terminal keeps its encoding, and shows a question mark for what that lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
