"""Where the things of a course lie, and how they are written: whole or not at all."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lossedu.whole_files import write_whole

READ_ONLY = 0o444
OLD_S = 3600  # no run takes longer to write one file


@dataclass(frozen=True)
class CourseFolders:
    """The folders of one course.

    Attributes:
        root: What holds ``solutions/``, ``exercises/`` and ``course/``.
    """

    root: Path

    @property
    def course(self) -> Path:
        """All that belongs to one class of students; never under version control."""
        return self.root / "course"

    def exercise(self, assignment: str) -> Path:
        """What students get."""
        return self.root / "exercises" / assignment / f"{assignment}.ipynb"

    def rubric(self, assignment: str) -> Path:
        """What the course changes of an assignment's rubric; it may be missing."""
        return self.root / "solutions" / assignment / "rubric.toml"

    @property
    def secret(self) -> Path:
        """The seed of the hidden inputs."""
        return self.course / "secret"

    @property
    def log(self) -> Path:
        """What nbgrader says."""
        return self.course / "nbgrader.log"

    def journal(self, assignment: str) -> Path:
        """The results of a class, in the order in which they became known."""
        return self.course / "journal" / f"{assignment}.jsonl"

    def submitted(self, assignment: str, submission: str = "*") -> Path:
        """What was handed in."""
        return self.course / "submitted" / submission / assignment

    def autograded(self, assignment: str, submission: str) -> Path:
        """The notebook that was run, with feedback."""
        return self.course / "autograded" / submission / assignment / f"{assignment}.ipynb"

    def scratch(self) -> Path:
        """Where files are made before they are moved to their place; made if need be."""
        folder = self.course / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, path: Path, text: str, mode: int) -> None:
        """Write a file so that no moment shows half of it, and no kill leaves one beside it.

        Half-written files lie in a folder of their own, for what lies beside a submission is given
        back to the student.
        """
        write_whole(path, text, mode=mode, folder=self.scratch())

    def clear_scratch(self) -> None:
        """Remove what killed runs left half-written."""
        for left in self.scratch().iterdir():
            with suppress(FileNotFoundError):  # another run has finished with it
                if time.time() - left.stat().st_mtime > OLD_S:
                    left.unlink()
