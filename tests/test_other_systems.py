"""On macOS and Windows all works but the sandbox, and that says so in one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.rubrics import rubric
from lossedu.training import History
from tests import once, other_systems

ROOT = Path(__file__).parent.parent
SAID = {"darwin": "macOS", "win32": "Windows"}
NEEDS_LINUX = ("doctor", "try", "try --trust", "sample-class", "grade")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=SAID)
def system(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def there(shared_by_the_run, system) -> Path:
    """A folder of what was done on that system, once a run: it takes a dozen seconds."""
    return once.folder_once_a_run(f"on-{system}", lambda folder: use(folder, system))


def use(folder: Path, system: str) -> None:
    """Run the commands in a course of its own, and keep what they say beside it."""
    course = folder / "course"
    course.mkdir()
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, course / name, ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copy(ROOT / "nbgrader_config.py", course)
    said = folder / "said.json"
    command = [sys.executable, "-W", "ignore", other_systems.__file__, system, course, said]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "USER": "reader"}
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def course(there) -> Path:
    """The course's folder on that system."""
    return there / "course"


@pytest.fixture(scope="module")
def found(there) -> dict:
    """What commands have said there, and how they ended."""
    return json.loads((there / "said.json").read_text(encoding="utf-8"))


def test_every_module_can_be_imported_but_what_runs_submissions(found):
    assert found["broken"] == []


@pytest.mark.parametrize("command", ["train", "again", "line", "release", "new-course", "similar"])
def test_a_command_that_runs_no_submission_works(found, command):
    assert found[command]["code"] == 0, found[command]


def test_a_run_and_its_landscape_are_written(found, course):
    written = {path.name for path in course.iterdir()} | {
        path.name for path in (course / "runs").iterdir()
    }

    assert written >= {"history.jsonl", "history.svg", "model.safetensors", "line.svg", "line.npz"}


def test_a_run_knows_its_memory(found, course, system):
    history = History.read(course / "runs" / "history.jsonl")

    (peak,) = {round(mb, 3) for mb in history.steps["memory_mb"][-1:]}
    if system == "win32":
        assert peak == other_systems.PEAK_MB
    else:  # this machine counts KiB, where macOS counts bytes
        assert 0 < peak < 64


def test_a_saved_run_can_be_diagnosed(found):
    assert found["diagnose"]["code"] in (0, 1)
    assert found["diagnose"]["err"] == ""


def test_check_answers_in_a_notebook(found):
    said = [line for line in found["check"] if line.startswith("focal.")]

    assert len(said) == len(rubric("focal").checks)
    assert [line for line in said if "right on the open examples" not in line] == []


@pytest.mark.parametrize("command", NEEDS_LINUX)
def test_what_runs_submissions_says_in_one_line_that_it_needs_linux(found, command, system):
    ended = found[command]
    said = ended["out" if command == "doctor" else "err"]

    assert said.splitlines() == [
        f"the system must be Linux to run submissions in a sandbox, but is {SAID[system]}. "
        "Hint: grade in a container or a virtual machine (WSL on Windows); check(...) in a "
        "notebook works here."
    ]
    assert ended["code"] == (1 if command == "doctor" else 2)


def test_a_system_without_these_names_would_not_have_gone_unnoticed():
    assert hasattr(os, "sched_getaffinity")
    for system, lacks in other_systems.OF_OS.items():
        assert any(hasattr(os, name) for name in lacks.split()), system
