"""nbgrader's configuration: where things lie, how notebooks are released, what grades them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.bridge.pages import FILTERS
from autograder.bridge.sources import refresh
from autograder.grading.folders import CourseFolders
from autograder.grading.refusals import RefusalError

CONFIG_FILE = "nbgrader_config.py"
COURSE_ID = "lossedu"
DATABASE_VARIABLE = "LOSSEDU_GRADEBOOK"
_STUB = "raise NotImplementedError()"
_BEFORE_RELEASE = (
    "IncludeHeaderFooter",
    "LockCells",
    "ClearSolutions",
    "ClearOutput",
    "CheckCellMetadata",
    "ComputeChecksums",
    "SaveCells",
    "ClearHiddenTests",
    "ClearMarkScheme",
    "ComputeChecksums",
    "CheckCellMetadata",
)


class GradebookError(RefusalError):
    """The gradebook cannot be opened."""


class NameTheTask(NbGraderPreprocessor):
    """Puts the task's name into the error that an unsolved cell raises."""

    def preprocess_cell(
        self, cell: nbformat.NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Name the task, if nbgrader has just emptied the cell."""
        task = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = cell.source.replace(_STUB, f'raise NotImplementedError("{task}")')
        return cell, resources


def configure(config: Config, root: Path) -> None:
    """Fill nbgrader's configuration for the course at ``root``; bring its sources up to date."""
    # Assignments train small models: a second thread gains nothing and loses much on shared cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # nbgrader calls alembic by its bare name, which must be the one installed beside it.
    beside = str(Path(sys.executable).parent)
    if beside not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])
    from autograder.bridge.exact_names import take_names_as_they_are  # it needs this module
    from autograder.bridge.no_links import collect_without_links

    take_names_as_they_are()
    collect_without_links()
    folders = CourseFolders(root)
    folders.course.mkdir(exist_ok=True)
    refresh(root / "solutions")
    _configure_folders(config, folders)
    _configure_release(config)
    _configure_grading(config)


def course_config(root: Path) -> Config:
    """The configuration, for use without nbgrader's command line: as the course's file says."""
    if (root / CONFIG_FILE).exists():
        return PyFileConfigLoader(CONFIG_FILE, path=str(root)).load_config()
    config = Config()
    configure(config, root)
    return config


@contextmanager
def open_gradebook(config: Config) -> Iterator[Gradebook]:
    """The gradebook of a course.

    Raises:
        GradebookError: If there is no such database, or the file is none.
    """
    url = config.CourseDirectory.db_url
    try:
        gradebook = Gradebook(url, COURSE_ID)
    except SQLAlchemyError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        told = " ".join(str(getattr(error, "orig", None) or error).split())[:120]
        raise GradebookError(
            f"the gradebook must be a database that can be opened, but {shown} is not: {told}"
        ) from error
    with gradebook:
        yield gradebook


def _configure_folders(config: Config, folders: CourseFolders) -> None:
    course = config.CourseDirectory
    course.root = str(folders.root)
    course.course_id = COURSE_ID
    course.source_directory = "solutions"
    course.release_directory = "exercises"
    course.submitted_directory = "course/submitted"
    course.autograded_directory = "course/autograded"
    course.feedback_directory = "course/feedback"
    default = f"sqlite:///{folders.course}/gradebook.db"
    course.db_url = os.environ.get(DATABASE_VARIABLE, default)
    # nbgrader copies neighbours into a release unless told not to: the text has the answers.
    course.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.md", "*.bak"]


def _configure_release(config: Config) -> None:
    import nbgrader.preprocessors as steps

    config.ClearSolutions.code_stub = {"python": f"# your code here\n{_STUB}"}
    config.ClearSolutions.text_stub = "*Your answer here.*"
    named = [getattr(steps, name) for name in _BEFORE_RELEASE]
    named.insert(_BEFORE_RELEASE.index("ClearSolutions") + 1, NameTheTask)
    config.GenerateAssignment.preprocessors = named


def _configure_grading(config: Config) -> None:
    """`nbgrader autograde` and the formgrader's button run the sandbox, and nothing else.

    nbgrader converts a submission twice: it first cleans it, then runs it.  Our exporter does both
    in the first pass, so that neither has steps left; a step that a teacher adds to the second pass
    gets the graded notebook.
    """
    config.Autograde.exporter_class = "autograder.bridge.exporter.SandboxExporter"
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = []
    config.ZipCollectApp.collector_plugin = "autograder.bridge.collecting.DownloadCollector"
    config.ZipCollectApp.extractor_plugin = "autograder.bridge.unpacking.BoundedExtractor"
    config.Autograde.pre_convert_hook = "autograder.bridge.exporter.drop_links"
    # What a student prints as HTML is shown to the teacher: it must not act in her name.
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = dict(FILTERS)
    config.HTMLExporter.preprocessors = ["autograder.bridge.pages.EscapedNames"]
    config.ExportApp.plugin_class = "autograder.bridge.csv_export.DisarmedCsv"
    config.ExecutePreprocessor.timeout = 120
