"""A class of focal submissions: ours beside stock nbgrader, and what a killed run costs."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat

from autograder.bridge.configuration import course_config
from autograder.bridge.course import Course
from autograder.bridge.gradebook import student_marks
from autograder.course.export import StudentMark
from autograder.course.new_course import new_course
from autograder.course.sample_class import answers_in, filled_in
from autograder.rubrics.focal.mistakes import BANK
from autograder.sandbox.client import Server
from benchmarks.measure import Measured, Row

ROOT = Path(__file__).parents[1]
ASSIGNMENT = "focal"
TRAINED = ("focal-detector", "focal-platt")  # a student's own compute, whoever grades
STOCK = """
from pathlib import Path

c = get_config()
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "stock"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "course/submitted"
c.CourseDirectory.autograded_directory = "course/autograded"
c.CourseDirectory.feedback_directory = "course/feedback"
c.CourseDirectory.db_url = f"sqlite:///{c.CourseDirectory.root}/course/gradebook.db"
"""


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured; a grader needs no accelerator."""
    if device != "cpu":
        return
    yield from server_rows()
    few, many = (6, 8) if quick else (200, 1000)
    with course(few) as folder:
        ours = timed(command(folder), folder)
        size = f"{few} submissions"
        found = Measured(1e3 * ours, peak_mb(folder))
        asked = 2 if quick else 4
        with stock(asked) as other:
            each = timed([_script("nbgrader"), "autograde", ASSIGNMENT], other) / asked
        theirs = Measured(1e3 * each * few)
        yield Row(
            "autograder grade",
            size,
            f"nbgrader autograde, from {asked} of them",
            found,
            theirs,
            target=1 / 30,
        )
        per_mark = ours / few
        limit = ("≤ 0.10 s each", per_mark <= 0.10)
        yield Row(
            "autograder grade, each", size, "", replace(found, ms=1e3 * per_mark), None, limit=limit
        )
    with course(many) as folder:
        whole = timed(command(folder), folder)
        limit = ("< 180 s", whole < 180)
        found = Measured(1e3 * whole, peak_mb(folder))
        yield Row("autograder grade", f"{many} submissions", "", found, None, limit=limit)
    with course(few) as folder:
        timed(command(folder), folder)
        marks = marks_of(folder)
        kills = 3 if quick else 20
        same = sum(survives_a_kill(folder, marks, number, ours) for number in range(kills))
        limit = (f"{same} of {kills} gradebooks identical", same == kills)
        yield Row("kill -9, then --resume", size, "", Measured(None), None, limit=limit)


def server_rows() -> Iterator[Row]:
    """How long the server takes to start."""
    start = time.perf_counter()
    with Server():
        ms = 1e3 * (time.perf_counter() - start)
    yield Row("start of the server", "once", "", Measured(ms), None, limit=("< 5 s", ms < 5000))


@contextmanager
def course(count: int) -> Iterator[Path]:
    """A course whose students have handed in."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "course"
        new_course(folder)
        Course(folder).release(ASSIGNMENT)
        hand_in(folder, count)
        yield folder


@contextmanager
def stock(count: int) -> Iterator[Path]:
    """The same submissions in a course that nbgrader grades by itself."""
    with course(count) as folder:
        (folder / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
        (folder / "course" / "gradebook.db").unlink(missing_ok=True)
        release = [_script("nbgrader"), "generate_assignment", ASSIGNMENT, "--force"]
        timed(release, folder)
        yield folder


def hand_in(folder: Path, count: int) -> None:
    """Right answers and known mistakes in turn; nobody has trained a model."""
    exercise = (folder / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text(
        encoding="utf-8"
    )
    right = answers_in((ROOT / "samples" / ASSIGNMENT / "right.py").read_text(encoding="utf-8"))
    answers = {name: body for name, body in right.items() if name not in TRAINED}
    assert len(answers) == len(right) - len(TRAINED), "the cells that train must be left out"
    variants = BANK.singles()
    for number in range(count):
        notebook = nbformat.reads(filled_in(exercise, answers), as_version=4)
        if number % 2:
            # What is defined last counts.
            wrong = variants[number % len(variants)].source
            notebook.cells.append(nbformat.v4.new_code_cell(wrong))
        path = folder / "course" / "submitted" / f"student-{number:04d}" / ASSIGNMENT
        path.mkdir(parents=True)
        (path / f"{ASSIGNMENT}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")


def command(folder: Path, *more: str) -> list[str]:
    """What a teacher types."""
    out = str(folder / "outcomes.json")
    grade = [_script("autograder"), "grade", "--assignment", ASSIGNMENT, "--without-training"]
    return [*grade, "--json", out, *more]


def timed(arguments: Sequence[str], folder: Path) -> float:
    """Seconds of wall time of a command that succeeds."""
    start = time.perf_counter()
    done = subprocess.run(arguments, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} must succeed, but says: {done.stderr[-2000:]}")
    return time.perf_counter() - start


def peak_mb(folder: Path) -> float:
    """The most memory that a submission took beyond the server."""
    outcomes = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))
    return max(outcome["peak_mb"] for outcome in outcomes)


def marks_of(folder: Path) -> list[StudentMark]:
    """What the gradebook says."""
    return student_marks(course_config(folder), ASSIGNMENT)


def survives_a_kill(folder: Path, marks: list[StudentMark], number: int, whole_s: float) -> bool:
    """Kill a run at a moment of its own, resume it, and compare the gradebook."""
    (folder / "course" / "gradebook.db").unlink()
    Course(folder).release(ASSIGNMENT)
    moment = random.Random(number).uniform(0.05, 0.95) * whole_s
    running = subprocess.Popen(
        command(folder),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(moment)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    timed(command(folder, "--resume"), folder)
    return marks_of(folder) == marks


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
