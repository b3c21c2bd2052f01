"""Where the programs of Prometheus and Alertmanager are, under whatever name a system has them."""

import shutil
from pathlib import Path

NAMES = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
}
PACKAGES = "sudo apt-get install prometheus prometheus-alertmanager"


class MissingProgramError(OSError):
    """A server or tool is not installed; the text says how to get it."""


def program(tool: str) -> Path:
    """The program of that tool.

    Args:
        tool: ``"prometheus"``, ``"promtool"``, ``"alertmanager"`` or ``"amtool"``.

    Raises:
        MissingProgramError: If it is on no folder of ``PATH``.
    """
    for name in NAMES[tool]:
        path = shutil.which(name)
        if path:
            return Path(path)
    raise MissingProgramError(
        f"{tool} is not installed. Hint: {PACKAGES}, or put the program of its project on PATH."
    )
