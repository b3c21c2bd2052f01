"""The system that a sandbox needs: Linux, whose kernel has all that its walls are made of."""

import sys

_NAMES = {"darwin": "macOS", "win32": "Windows", "cygwin": "Windows"}


def why_not_here() -> str:
    """What this system lacks, in one line, and what to do; empty on Linux."""
    if sys.platform.startswith("linux"):
        return ""
    return (
        "the system must be Linux to run submissions in a sandbox, but is "
        f"{_NAMES.get(sys.platform, sys.platform)}. Hint: grade in a container or a virtual "
        "machine (WSL on Windows); check(...) in a notebook works here."
    )
