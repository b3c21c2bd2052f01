"""A course folder that works: the assignments, and a configuration that nbgrader reads."""

from pathlib import Path

from autograder.grading.refusals import RefusalError
from lossedu.whole_files import write_whole

_PACKAGED = Path(__file__).parents[1] / "assignments"
_CHECKED_OUT = Path(__file__).parents[2] / "solutions"
TEACHERS_PART = "in a clone: pip install ./teacher"
_CONFIGURATION = '''"""nbgrader reads this when a command runs in this folder."""

from pathlib import Path

from autograder.bridge.configuration import configure

configure(get_config(), Path(__file__).resolve().parent)
'''
_READ_ME = """# A course on losses

The assignments are in `solutions/`; students get what is in `exercises/`. In this folder:

    autograder doctor              # is the sandbox ready?
    autograder release focal       # makes exercises/focal/focal.ipynb
    nbgrader zip_collect focal     # a platform's archive in downloaded/focal/archive/
    autograder grade focal
    jupyter notebook               # marks by hand: Nbgrader > Formgrader in the menu
    nbgrader generate_feedback focal

`autograder sample-class focal` grades a class of examples, to rehearse.
Submissions belong in `course/submitted/<student>/<assignment>/<assignment>.ipynb`.
`course/` holds what students wrote, their marks, and the secret seed of the hidden inputs: keep it
to yourself, and keep a copy of it.
"""


def new_course(folder: Path) -> list[str]:
    """Fill a new folder.

    Args:
        folder: Where; made if it is not there.

    Returns:
        The names of the assignments in it.

    Raises:
        FileExistsError: If there is something in it already.
        RefusalError: If the assignments with their answers are not installed here.
    """
    sources = sorted(assignments_folder().glob("*/*.md"))
    if not sources:
        raise RefusalError(
            "the teacher's part must be installed, but is not: what students install holds no "
            f"assignment with answers. Hint: {TEACHERS_PART}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"folder must be new or empty, but {folder} is not. Hint: choose another name."
        )
    for source in sources:
        target = folder / "solutions" / source.parent.name / source.name
        write_whole(target, source.read_text(encoding="utf-8"))
    write_whole(folder / "nbgrader_config.py", _CONFIGURATION)
    write_whole(folder / "README.md", _READ_ME)
    write_whole(folder / ".gitignore", "course/\ndownloaded/\n.jupyter/\n")
    return [source.parent.name for source in sources]


def assignments_folder() -> Path:
    """Where the assignments are: in the package that a teacher has installed, or in the clone."""
    return _PACKAGED if _PACKAGED.exists() else _CHECKED_OUT
