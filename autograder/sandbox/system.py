"""The system that a sandbox needs: Linux, whose kernel has all that its walls are made of."""

import sys

_NAMES = {"darwin": "macOS", "win32": "Windows", "cygwin": "Windows"}


def why_not_here() -> str:
    """What this system lacks, in one line, and what to do; empty on Linux."""
    if sys.platform.startswith("linux"):
        return ""
    return (
        "the system that grades must be Linux, whose kernel makes the sandbox, but this is "
        f"{_NAMES.get(sys.platform, sys.platform)}. Hint: use a virtual machine or a container "
        "(on Windows, WSL); all else works here, and so does check(...) in a notebook."
    )
