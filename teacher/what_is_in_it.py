"""What the distribution for teachers holds: what that for students leaves out."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
# Where in the clone, and where in the package that is installed.
MOVED = {
    "solutions/*/*.md": ("solutions", "autograder/assignments"),
    "samples/*/*.py": ("samples", "autograder/samples"),
    "samples/*/*.txt": ("samples", "autograder/samples"),
    "autograder/rubrics/*/*mistakes.py": ("", ""),
    "autograder/rubrics/*/mistakes/*.py": ("", ""),
}


class TeachersPart(BuildHookInterface[Any]):
    """Adds files of the clone, which lies above the folder of this distribution."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say which, and where each belongs."""
        for pattern, (below, target) in MOVED.items():
            for path in sorted(ROOT.glob(pattern)):
                place = Path(target) / path.relative_to(ROOT / below)
                build_data["force_include"][str(path)] = place.as_posix()
