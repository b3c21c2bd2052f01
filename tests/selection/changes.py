"""Which files differ from a commit: those that git sees changed, and those new to it."""

import subprocess
from pathlib import Path

EVERYTHING = frozenset({"constraints.txt", "pyproject.toml", "tests/conftest.py"})
"""Files on which each test depends."""


def changed_files(root: Path, since: str) -> list[str]:
    """Paths, seen from a repository's folder, of the files that differ from a commit.

    Args:
        root: The folder of the repository.
        since: A commit, or a branch: then what was done since this branch left it.

    Raises:
        ValueError: If there is no such commit.
    """
    try:
        (start,) = _lines(root, "merge-base", since, "HEAD")
    except (subprocess.CalledProcessError, ValueError):
        message = f"SINCE must name a commit that this branch comes from, but is {since!r}."
        raise ValueError(message) from None
    changed = _lines(root, "diff", "--name-only", "--no-renames", "-z", start)
    unknown = _lines(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({*changed, *unknown})


def _lines(root: Path, *command: str) -> list[str]:
    done = subprocess.run(
        ["git", *command], cwd=root, capture_output=True, encoding="utf-8", check=True
    )
    return [line for line in done.stdout.replace("\0", "\n").splitlines() if line]
