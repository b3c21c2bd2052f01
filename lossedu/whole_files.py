"""The one way to write a file: whole or not at all, at whatever moment the process is killed.

A file is written beside its place under a name of its own, flushed to the disk, and put into its
place in one step.  Two processes that write the same file never mix; the later one wins.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
_LONGEST = 50  # characters of up to four bytes each: file systems take 255 bytes for a name


@contextmanager
def part_of(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Give a name to write to, and remove what is still there in the end.

    Args:
        path: Where the file belongs.  Its folder is made if it is missing.
        folder: Where the part lies, on the same disk; else beside its place.

    Yields:
        A path that no other process uses, hidden, ending in ``.part``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f".{path.name[:_LONGEST]}.{os.getpid()}-{secrets.token_hex(4)}{PART}"
    part = (folder or path.parent) / name
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Flush a finished part to the disk and give it its name, in one step.

    Args:
        part: A file that is closed.
        path: Where it belongs, on the same disk; what was there before is replaced.
    """
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    part.replace(path)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a name to write to, which takes the place of ``path`` when the block ends well.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "a.txt") as part:
        ...         _ = part.write_text("all of it")
        ...     (Path(folder) / "a.txt").read_text()
        'all of it'
    """
    path = Path(path)
    with part_of(path) as part:
        yield part
        put_in_place(part, path)


def write_whole(
    path: str | Path, content: str | bytes, *, mode: int | None = None, folder: Path | None = None
) -> None:
    """Write a text, in UTF-8, or bytes, as a whole or not at all.

    Args:
        path: Where; its folder is made if it is missing.
        content: All of it.
        mode: The file's permissions, as ``0o600``; else the system's usual ones.
        folder: Where the part lies meanwhile, on the same disk; else beside its place.

    Raises:
        OSError: If it cannot be written; what was there before is untouched.
    """
    path = Path(path)
    with part_of(path, folder) as part:
        _fill(part, content, mode)
        part.replace(path)


def create_whole(path: str | Path, content: str | bytes, *, mode: int | None = None) -> bool:
    """Write a file that must not be there yet: of two processes that do, the first one wins.

    Returns:
        Whether it was this call that made the file.
    """
    path = Path(path)
    with part_of(path) as part:
        _fill(part, content, mode)
        try:
            os.link(part, path)
        except FileExistsError:
            return False
    return True


def _fill(part: Path, content: str | bytes, mode: int | None) -> None:
    data = content.encode() if isinstance(content, str) else content
    # Made with its permissions: at no moment may others read what is private.
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if mode is not None:
        part.chmod(mode)  # whatever the process's umask is
