"""nbgrader's own commands and pages work in the course's folder, and run the sandbox underneath."""

import json
import shutil
import socket
import subprocess
import sys
import urllib.request
import warnings
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.bridge.configuration import COURSE_ID
from autograder.course.sample_class import answers_in, filled_in
from autograder.grading.folders import CourseFolders
from autograder.grading.secret import course_secret
from tests import fresh
from tests.waiting import HANG_S, wait_until

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
NAMES = sorted(path.name for path in (ROOT / "exercises").iterdir())
MACHINE, BY_HAND = 20.0, 4.0


MAINS = {"nbgrader": "nbgrader.apps.nbgraderapp", "autograder": "autograder.__main__"}


def installed(course, *arguments):
    """Run a command as it is installed."""
    program, *words = arguments
    done = subprocess.run([BIN / program, *words], cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"


def command(course, *arguments):
    """Run a command where nbgrader is loaded already: to load takes longer than most commands."""
    program, *words = arguments
    text = f"import sys\nfrom {MAINS[program]} import main\nsys.argv[0] = {program!r}\nmain()"
    done = fresh.run(text, *words, cwd=course, loading=(MAINS["nbgrader"],))
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course with the focal assignment released: it is copied, for to release takes seconds."""
    root = tmp_path_factory.mktemp("course")
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    installed(root, "nbgrader", "generate_assignment", "focal", "--force")
    return root


@pytest.fixture
def folders(released, tmp_path):
    return CourseFolders(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture
def course(folders):
    return folders.root


def answered(folders, sample="right"):
    """The exercise, with the answers of one of the sample class."""
    answers = answers_in((folders.root / "samples" / "focal" / f"{sample}.py").read_text())
    notebook = filled_in(folders.exercise("focal").read_text(), answers)
    return nbformat.reads(notebook, as_version=4)


def hand_in(folders, name, notebook):
    path = folders.submitted("focal", name) / "focal.ipynb"
    path.parent.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells with one id are what some tests are about
        path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    return path


def scores(folders):
    """By student: what the machine gave, and whether something waits to be marked by hand."""
    with Gradebook(f"sqlite:///{folders.course}/gradebook.db", COURSE_ID) as gradebook:
        return {
            one.student.id: (
                sum(g.auto_score or 0 for nb in one.notebooks for g in nb.grades),
                bool(one.needs_manual_grade),
            )
            for one in gradebook.assignment_submissions("focal")
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_exercise_that_is_checked_in_is_the_one_that_is_generated(released, tmp_path, name):
    course = shutil.copytree(released, tmp_path / "course")
    command(course, "nbgrader", "generate_assignment", name, "--force")

    generated = course / "exercises" / name
    assert [p.name for p in generated.iterdir()] == [f"{name}.ipynb"]
    assert (generated / f"{name}.ipynb").read_bytes() == (
        ROOT / "exercises" / name / f"{name}.ipynb"
    ).read_bytes()


def test_autograde_marks_what_is_there_whatever_its_neighbours_are(folders):
    right = answered(folders)
    hand_in(folders, "right", right)
    warned = answered(folders)
    warn = "import sys, warnings\nwarnings.warn('careful')\nprint('oh', file=sys.stderr)"
    warned.cells.insert(2, nbformat.v4.new_code_cell(warn))
    hand_in(folders, "warned", warned)
    doubled = answered(folders)
    doubled.cells.append(next(c for c in doubled.cells if "def focal_loss(" in c.source))
    hand_in(folders, "doubled", doubled)
    hand_in(folders, "broken", "{ this is no notebook")
    hand_in(folders, "long", f"[{' ' * (100 * 2**20)}]")
    hand_in(folders, "wrong", answered(folders, "wrong-alpha-for-all"))

    command(folders.root, "nbgrader", "autograde", "focal")

    found = scores(folders)
    assert {name: found[name][0] for name in ("right", "warned", "doubled")} == {
        "right": MACHINE, "warned": MACHINE, "doubled": MACHINE,
    }  # fmt: skip
    assert found["right"][1], "what a person marks waits for her"
    assert found["broken"] == found["long"] == (0.0, True), "and so does what cannot be read"
    assert 0 < found["wrong"][0] < MACHINE


def test_the_class_command_and_nbgraders_own_give_the_same_gradebook(released, tmp_path):
    course_secret(CourseFolders(released))  # the same hidden inputs for both
    here, there = (CourseFolders(shutil.copytree(released, tmp_path / n)) for n in ("a", "b"))
    for folders in (here, there):
        for sample in ("right", "wrong-p-for-p-t"):
            hand_in(folders, sample, answered(folders, sample))

    command(here.root, "nbgrader", "autograde", "focal")
    command(there.root, "autograder", "grade", "--assignment", "focal")

    assert scores(here) == scores(there)
    assert len(scores(here)) == 2


def test_feedback_says_the_points_and_nothing_that_is_hidden(folders):
    notebook = answered(folders, "wrong-alpha-for-all")
    act = (
        "class Loud:\n    def _repr_html_(self):\n        return '<script>steal()</script>'\nLoud()"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(act))
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>steal()</script>"))
    folder = hand_in(folders, "ann", notebook).parent
    (folder / "answers.txt").symlink_to(folders.root / "solutions" / "focal" / "focal.md")
    linked = folders.submitted("focal", "eve")
    linked.parent.mkdir()
    linked.symlink_to(folders.root / "solutions" / "focal")

    command(folders.root, "nbgrader", "autograde", "focal")
    command(folders.root, "nbgrader", "generate_feedback", "focal")

    assert scores(folders)["eve"] == (0, True)  # what cannot be read waits for a person
    assert not folders.submitted("focal", "eve").is_symlink()
    assert (folders.root / "solutions" / "focal" / "focal.ipynb").exists()
    for page in folders.course.glob("*/eve/focal/*"):
        assert "def focal_loss" not in page.read_text(), "no answer comes back by a link"
    given_back = folders.course / "feedback" / "ann" / "focal"
    assert [path.name for path in given_back.iterdir()] == ["focal.html"]
    feedback = (given_back / "focal.html").read_text()
    assert f"/ {MACHINE + BY_HAND}" in feedback
    assert "Positives are weighted by alpha, negatives by 1 - alpha" in feedback
    assert "<script>steal" not in feedback
    assert "HIDDEN" not in feedback
    assert str(folders.secret.read_text().strip()) not in feedback


def test_regrading_through_nbgrader_keeps_what_a_person_gave(folders):
    hand_in(folders, "ann", answered(folders))
    command(folders.root, "nbgrader", "autograde", "focal")
    url = f"sqlite:///{folders.course}/gradebook.db"
    with Gradebook(url, COURSE_ID) as gradebook:
        (written,) = [
            grade
            for notebook in gradebook.find_submission("focal", "ann").notebooks
            for grade in notebook.grades
            if grade.auto_score is None
        ]
        written.manual_score, written.extra_credit, task = 3.0, 1.0, written.name
        gradebook.find_comment(task, "focal", "focal", "ann").manual_comment = "Well said."
        gradebook.db.commit()

    command(folders.root, "nbgrader", "autograde", "focal", "--force")

    with Gradebook(url, COURSE_ID) as gradebook:
        assert gradebook.find_submission("focal", "ann").score == MACHINE + 4.0
        assert gradebook.find_comment(task, "focal", "focal", "ann").comment == "Well said."


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_without_a_sandbox_nothing_runs_and_nothing_is_marked(folders, monkeypatch):
    from autograder.bridge.course import Course
    from autograder.sandbox import client

    witness = folders.root / "witness"
    notebook = answered(folders)
    notebook.cells.append(nbformat.v4.new_code_cell(f"open({str(witness)!r}, 'w').close()"))
    hand_in(folders, "ann", notebook)
    monkeypatch.setattr(client, "floor_is_met", lambda layers: False)

    done = Course(folders.root).api.autograde("focal", "ann")

    assert not done["success"]
    assert not witness.exists()
    assert scores(folders)["ann"] == (0.0, True)


def test_validate_agrees_about_the_visible_part(folders):
    right = hand_in(folders, "right", answered(folders))
    wrong = hand_in(folders, "wrong", answered(folders, "wrong-alpha-for-all"))

    assert "Success!" in command(folders.root, "nbgrader", "validate", str(right))
    said = command(folders.root, "nbgrader", "validate", str(wrong))
    assert 'check("focal.alpha")' in said
    assert 'check("focal.bce")' not in said


@pytest.mark.server
def test_the_formgraders_button_grades_in_the_sandbox_and_its_page_does_not_act(folders, tmp_path):
    notebook = answered(folders)
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>steal()</script>"))
    hand_in(folders, "ann", notebook)
    with formgrader(folders, tmp_path) as ask:
        done = json.loads(ask("api/submission/focal/ann/autograde", b""))
        (listed,) = json.loads(ask("api/submissions/focal"))
        (submitted,) = json.loads(ask("api/submitted_notebooks/focal/focal"))
        page = ask(f"submissions/{submitted['id']}/").decode()

    assert done["success"], done
    assert (listed["student"], listed["score"], listed["needs_manual_grade"]) == (
        "ann", MACHINE, True,
    )  # fmt: skip
    assert "steal()" in page
    assert "<script>steal" not in page


class formgrader:  # noqa: N801  used as a context, like a function
    """A Jupyter server with the formgrader, asked by address."""

    def __init__(self, folders, logs):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        extensions = {
            "jupyter_server.extension": True,
            "nbgrader.server_extensions.formgrader": True,
        }
        arguments = ["-m", "jupyter_server", f"--port={self.port}", "--no-browser", "--allow-root"]
        arguments += ["--ServerApp.token=", "--ServerApp.password=", "--ServerApp.ip=127.0.0.1"]
        arguments += ["--ServerApp.disable_check_xsrf=True"]
        arguments += [f"--ServerApp.jpserver_extensions={extensions}"]
        self.log = (logs / "server.log").open("w")
        self.server = subprocess.Popen(
            [sys.executable, *arguments], cwd=folders.root, stdout=self.log, stderr=self.log
        )

    def __enter__(self):
        wait_until(self.answers)
        return self.ask

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(HANG_S)
        self.log.close()

    def answers(self):
        assert self.server.poll() is None, "the server ended by itself"
        with suppress(OSError):
            return self.ask("api/assignments")

    def ask(self, path, data=None):
        address = f"http://127.0.0.1:{self.port}/formgrader/{path}"
        with urllib.request.urlopen(address, data, timeout=HANG_S) as answer:
            return answer.read()
