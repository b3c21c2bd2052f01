"""What a student has who installs the wheel: commands that say what is missing, and a grader."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.rubrics import rubric
from tests import publishing

ASSIGNMENTS = sorted(path.name for path in (publishing.ROOT / "solutions").iterdir())


@pytest.fixture(scope="module")
def published(shared_by_the_run: None) -> Path:
    return publishing.published()


@pytest.fixture(scope="module")
def installed(published, tmp_path_factory) -> Path:
    """What a student has who installs the wheel, without the libraries."""
    target = tmp_path_factory.mktemp("site")
    wheelhouse = ["--no-index", "--no-deps", "--find-links", str(published)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    subprocess.run([*command, *wheelhouse, "lossedu"], check=True, capture_output=True)
    return target


def run_installed(target: Path, program: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program with what is installed there before the clone."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(target)!r})\n{program}"],
        cwd=cwd,
        env=os.environ | {"PATH": os.defpath},  # no environment is active
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.slow
def test_what_is_installed_from_a_wheel_says_how_to_install_more(installed, tmp_path):
    done = run_installed(
        installed,
        "sys.modules['typer'] = None; sys.argv = ['lossedu', 'train']\n"
        "from lossedu.__main__ import main; main()",
        tmp_path,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("lossedu train needs typer, which is not installed. Hint: ")
    assert done.stderr.endswith(" -m pip install 'lossedu[train]'\n")


CHECKED = """
import autograder
from autograder import check
from torch.nn import functional as F

assert autograder.__file__.startswith({target!r}), autograder.__file__

def binary_cross_entropy(logits, targets):
    return {returned}

check("focal.bce")
"""
RETURNED = {
    "-F.logsigmoid((2 * targets - 1) * logits)": "right on the open examples",
    "-F.logsigmoid(logits)": "takes the logarithm of p for negatives too",  # a mistake of the bank
    "logits * 7": "binary_cross_entropy is not right yet: ",  # of nobody's
}


@pytest.mark.slow
@pytest.mark.parametrize(("returned", "says"), RETURNED.items())
def test_a_student_who_has_the_wheel_alone_is_told_what_is_right_and_what_is_wrong(
    installed, tmp_path, returned, says
):
    program = CHECKED.format(target=str(installed), returned=returned)

    done = run_installed(installed, program, tmp_path)

    assert says in done.stdout + done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_rubric_is_whole_without_its_bank(installed, tmp_path, name):
    program = (
        "from autograder.rubrics import has_bank, known_mistakes, rubric\n"
        f"assert known_mistakes({name!r}).mistakes and not has_bank({name!r})\n"
        f"print([check.id for check in rubric({name!r}).checks])"
    )

    done = run_installed(installed, program, tmp_path)

    due = [check.id for check in rubric(name).checks]
    assert done.stdout == f"{due}\n", done.stderr


@pytest.mark.slow
def test_a_course_is_not_made_without_the_teachers_part(installed, tmp_path):
    done = run_installed(
        installed,
        "sys.argv = ['autograder', 'new-course', 'spring']\n"
        "from autograder.__main__ import main; main()",
        tmp_path,
    )

    assert done.returncode == 2, done.stderr
    assert "teacher's part must be installed, but is not" in done.stderr
    assert "pip install ./teacher" in done.stderr
    assert not (tmp_path / "spring").exists()
