"""A class to rehearse with: right answers, typical mistakes, and a file that is no notebook."""

import re
from pathlib import Path

import nbformat

from autograder.course.new_course import TEACHERS_PART
from autograder.grading.submissions import SubmissionError
from lossedu.whole_files import write_whole

_PACKAGED = Path(__file__).parents[1] / "samples"
_CHECKED_OUT = Path(__file__).parents[2] / "samples"

_CELL = re.compile(r"^# %% ([\w-]+)\n", re.MULTILINE)


def answers_in(text: str) -> dict[str, str]:
    """Cell bodies by cell id, from a file in which each begins with ``# %% id``."""
    parts = _CELL.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def filled_in(exercise: str, answers: dict[str, str]) -> str:
    """The released notebook with a student's answers in it.

    Raises:
        ValueError: If an answer belongs to no cell.
    """
    notebook = nbformat.reads(exercise, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    unknown = sorted(set(answers) - set(cells))
    if unknown:
        raise ValueError(f"answers must belong to cells of the exercise, but {unknown} do not.")
    for name, body in answers.items():
        cells[name].source = body.removeprefix('"""').removesuffix('"""').strip()
    return f"{nbformat.writes(notebook)}\n"


def submit(root: Path, assignment: str) -> list[str]:
    """Write the sample class below ``course/submitted``, and say whose submissions there are.

    Each file of ``samples/<assignment>/`` is one submission: ``.py`` holds answers to be put into
    the exercise, ``.txt`` is handed in as it is.  A course without samples of its own has those of
    this package.

    Raises:
        SubmissionError: If nobody has written any.
    """
    given = samples_folder(root, assignment)
    exercise = (root / "exercises" / assignment / f"{assignment}.ipynb").read_text(encoding="utf-8")
    names = []
    for sample in sorted(given.iterdir()):
        text = sample.read_text(encoding="utf-8")
        if sample.suffix == ".py":
            text = filled_in(exercise, answers_in(text))
        folder = root / "course" / "submitted" / sample.stem / assignment
        target = folder / f"{assignment}.ipynb"
        for place in (folder.parent, folder, target):
            if place.is_symlink():
                raise SubmissionError(f"{place} must not be a link, but leads elsewhere.")
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            write_whole(target, text)
        names.append(sample.stem)
    return names


def samples_folder(root: Path, assignment: str) -> Path:
    """Where the sample class of an assignment is: in the course, the teacher's part or the clone.

    Raises:
        SubmissionError: If it is in neither.
    """
    for folder in (root / "samples", _PACKAGED, _CHECKED_OUT):
        if any((folder / assignment).glob("[!.]*.*")):
            return folder / assignment
    raise SubmissionError(
        f"samples/{assignment} must hold a sample class, but {root} has none, nor has this "
        f"package. Hint: {TEACHERS_PART}"
    )
