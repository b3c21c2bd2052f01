"""Folders' names are names, and a file without a date is no date, whatever nbgrader takes them for.

Students choose what their folders are called and what lies beside their notebooks.  nbgrader reads
a name as a pattern, so it finds no notebook behind a bracket; a line break in one name ends the
feedback of the whole class, and a ``timestamp.txt`` without a date the list of submissions.
"""

import glob
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory

from autograder.bridge.timestamps import timestamp
from autograder.grading.submissions import WHEN, Submission

EVERYBODY = "*"
_nbgraders_init = BaseConverter.init_notebooks
_nbgraders_format = CourseDirectory.format_path


def take_names_as_they_are() -> None:
    """Have nbgrader's commands and pages do so in this process; again changes nothing."""
    BaseConverter.init_notebooks = _init_notebooks
    CourseDirectory.format_path = _format_path
    CourseDirectory.get_existing_timestamp = _existing_timestamp
    NbGraderAPI.get_submitted_timestamp = _submitted_timestamp


def _init_notebooks(converter: Any) -> None:
    """Find the notebooks of those who were asked for, by their folders' own names."""
    asked = converter.coursedir
    place = converter._format_source(asked.assignment_id, asked.student_id)
    one = asked.student_id != EVERYBODY and Path(place).is_dir()
    below = place.removeprefix(asked.root)
    folders = [place] if one else _matches(f"{glob.escape(asked.root)}{below}")
    found = {
        folder: _matches(f"{glob.escape(folder)}{os.sep}{asked.notebook_id}.ipynb")
        for folder in folders
    }
    converter.notebooks = []
    converter.assignments = {folder: notebooks for folder, notebooks in found.items() if notebooks}
    if not converter.assignments:
        _nbgraders_init(converter)  # says why, and what was meant


def _matches(pattern: str) -> list[str]:
    """The paths of a pattern, spelled as it is: nbgrader compares them with an expression."""
    return glob.glob(pattern)  # noqa: PTH207


def _format_path(
    coursedir: Any, nbgrader_step: str, student_id: str, assignment_id: str, escape: bool = False
) -> str:
    """A path, or the expression that a path is to match, line breaks in it or not."""
    text: str = _nbgraders_format(coursedir, nbgrader_step, student_id, assignment_id, escape)
    return f"(?s){text}" if escape else text


def _existing_timestamp(coursedir: Any, dest_path: str) -> datetime | None:
    """When what is in a folder was handed in."""
    place = Path(dest_path).absolute()
    return timestamp(Submission(place.parent.name, place / WHEN, place.parents[1]))


def _submitted_timestamp(api: Any, assignment_id: str, student_id: str) -> datetime | None:
    """When a submission was handed in."""
    submitted = api.coursedir.submitted_directory
    return _existing_timestamp(
        api.coursedir, api.coursedir.format_path(submitted, student_id, assignment_id)
    )
