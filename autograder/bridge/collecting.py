"""Collects what learning platforms let a teacher download, for ``nbgrader zip_collect``."""

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from nbgrader.plugins.zipcollect import FileNameCollectorPlugin
from traitlets import Unicode

from autograder.bridge.configuration import open_gradebook
from autograder.grading.downloads import Found, platform_of, read_name
from autograder.grading.plain import printable
from autograder.grading.submissions import is_named_for

_ARCHIVES = (".zip", ".tar.gz", ".gz")


@dataclass(frozen=True)
class _File:
    path: Path
    found: Found


class DownloadCollector(FileNameCollectorPlugin):
    """Finds whose each file is, and takes one notebook of each student.

    A regular expression of the course, ``c.DownloadCollector.named_regexp``, comes first.
    """

    timezone = Unicode("UTC", help="Of the platform's clock, as Europe/Berlin.").tag(config=True)

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Whose a file is and what it is; None if it is not collected."""
        if self.named_regexp:
            named: dict[str, str] | None = super().collect(submitted_file)
            return named
        if not hasattr(self, "_chosen"):
            self._chosen = self._choose()
        return self._chosen.get(submitted_file)

    def _choose(self) -> dict[str, dict[str, str]]:
        """The best notebook of each student, by its path."""
        of_student: dict[str, list[_File]] = defaultdict(list)
        inside_of = {path: self._inside(path) for path in self._files()}
        platform = platform_of(inside_of.values(), self._assignment)
        for path, inside in inside_of.items():
            found = read_name(inside, self._assignment, self._students.values(), platform)
            if found is None:
                self._warn(f"{path.name}: named as no learning platform names what it packs")
            else:
                of_student[self._student(found)].append(_File(path, found))
        chosen = {}
        for student, files in _apart(of_student).items():
            notebooks = [file for file in files if file.path.suffix == ".ipynb"]
            if not notebooks:
                names = ", ".join(sorted(file.found.file for file in files))
                self._warn(f"{student}: no notebook is among what was handed in ({names})")
                continue
            best = max(notebooks, key=self._rank)
            chosen[str(best.path)] = self._collected(student, best, len(notebooks))
        return chosen

    def _collected(self, student: str, file: _File, count: int) -> dict[str, str]:
        name = f"{self._assignment}.ipynb"
        if count > 1:
            self._warn(f"{student}: of {count} notebooks the latest, {file.found.file}, is taken")
        elif file.found.file != name:
            self._warn(f"{student}: {file.found.file} is taken for {name}")
        info = {"student_id": student, "file_id": name}
        if file.found.when is not None:
            local = file.found.when.replace(tzinfo=ZoneInfo(self.timezone))
            info["timestamp"] = local.astimezone(UTC).isoformat(" ")
        return info

    def _rank(self, file: _File) -> tuple[bool, datetime, int, str]:
        found = file.found
        named = is_named_for(Path(found.file), self._assignment)
        return named, found.when or datetime.min, found.attempt, str(file.path)

    def _student(self, found: Found) -> str:
        """As the course calls her, if its list has the platform's number."""
        return self._students.get(found.user, found.student)

    def _files(self) -> list[Path]:
        """The ordinary files of the unpacked download; what was linked is not followed."""
        return sorted(
            Path(place, name)
            for place, folders, names in os.walk(self._step("extracted"))
            for name in names
            if name.endswith((".ipynb", ".html", ".pdf", ".py"))
            and not Path(place, name).is_symlink()
            and name != "index.html"
        )

    def _inside(self, path: Path) -> PurePosixPath:
        """A path without the folder that stands for a whole archive."""
        parts = path.relative_to(self._step("extracted")).parts
        archive = self._step("archive")
        packed = len(parts) > 1 and any((archive / f"{parts[0]}{e}").exists() for e in _ARCHIVES)
        return PurePosixPath(*parts[packed:])

    @property
    def _students(self) -> dict[str, str]:
        """Those of the course's list, by their number on the platform."""
        if not hasattr(self, "_known"):
            with open_gradebook(self.parent.config) as gradebook:
                self._known: dict[str, str] = {
                    str(one.lms_user_id or f"-{one.id}"): one.id for one in gradebook.students
                }
        return self._known

    @property
    def _assignment(self) -> str:
        return str(self.parent.coursedir.assignment_id)

    def _step(self, name: str) -> Path:
        app: Any = self.parent
        return Path(app._format_collect_path(getattr(app, f"{name}_directory")))

    def _warn(self, text: str) -> None:
        self.log.warning("%s", printable(text))


def _apart(of_student: dict[str, list[_File]]) -> dict[str, list[_File]]:
    """Students of one name on a platform whose names hold no login, told apart by its numbers."""
    apart = {}
    for student, files in of_student.items():
        numbers = {file.found.number for file in files}
        for number in numbers:
            name = student if len(numbers) == 1 else f"{student}_{number}"
            apart[name] = [file for file in files if file.found.number == number]
    return apart
