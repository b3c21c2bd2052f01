"""Where results go: a place that cannot be written to is refused before the work, not after it."""

import tempfile
from pathlib import Path


class DestinationError(ValueError):
    """A result cannot be written where it was to go."""


def check_file(argument: str, path: Path) -> None:
    """See that a file can be written, in a folder that may have to be made; nothing is changed.

    Args:
        argument: What named it, such as ``"out"``.
        path: Where the file is to be written, or replaced.

    Raises:
        DestinationError: If it cannot.
    """
    if path.is_dir():
        raise DestinationError(f"{argument} must be a file, but {path} is a folder.")
    _check(argument, path, path.parent)


def check_folder(argument: str, path: Path) -> None:
    """See that files can be written into a folder, which may have to be made; nothing is changed.

    Raises:
        DestinationError: If they cannot.
    """
    if path.exists() and not path.is_dir():
        raise DestinationError(f"{argument} must be a folder, but {path} is a file.")
    _check(argument, path, path)


def _check(argument: str, path: Path, folder: Path) -> None:
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if _is(place))
    if not there.is_dir():
        raise DestinationError(f"{argument} must lie in a folder, but {path} lies in a file.")
    try:
        with tempfile.TemporaryFile(dir=there):  # permissions alone say too little
            pass
    except OSError as error:
        raise DestinationError(
            f"{argument} must lie where files can be written, but {path} does not: "
            f"{error.strerror or error}."
        ) from error


def _is(place: Path) -> bool:
    try:
        return place.exists()
    except NotADirectoryError:  # before Python 3.12, below a file
        return False
    except PermissionError:  # below a folder that may not be looked into
        return False
