"""nbgrader's own commands work in the course's folder, and its marks are what they should be."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def command(course, *arguments, code=0):
    done = subprocess.run(
        [BIN / arguments[0], *arguments[1:]], cwd=course, capture_output=True, text=True
    )
    assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_exercise_that_is_checked_in_is_the_one_that_is_generated(course):
    command(course, "nbgrader", "generate_assignment", "focal", "--force")

    generated = course / "exercises" / "focal"
    assert [p.name for p in generated.iterdir()] == ["focal.ipynb"]
    assert (generated / "focal.ipynb").read_bytes() == (
        ROOT / "exercises" / "focal" / "focal.ipynb"
    ).read_bytes()


def test_one_notebook_through_autograde_feedback_and_validate(course):
    command(course, "nbgrader", "generate_assignment", "focal", "--force")
    handed_in = course / "course" / "submitted" / "somebody" / "focal"
    handed_in.mkdir(parents=True)
    shutil.copy(course / "exercises" / "focal" / "focal.ipynb", handed_in)

    command(course, "nbgrader", "autograde", "focal", "--create")
    command(course, "nbgrader", "generate_feedback", "focal")
    said = command(course, "nbgrader", "validate", str(handed_in / "focal.ipynb"))

    feedback = (course / "course" / "feedback" / "somebody" / "focal" / "focal.html").read_text()
    assert "Score: 0.0 / 24.0" in feedback
    assert "focal-truth" in said
    assert "VALIDATION FAILED ON 11 CELL(S)" in said


def test_the_sample_class_is_graded_and_a_broken_file_costs_only_itself(course):
    for extra in (
        "right-but-unusual",
        "wrong-alpha-for-all",
        "wrong-log-of-rounded",
        "wrong-sum-lost-factor",
    ):
        (course / "samples" / "focal" / f"{extra}.py").unlink()
    command(course, "autograder", "release", "focal")

    first = json.loads(command(course, "autograder", "sample-class", "focal", "--json"))
    again = json.loads(command(course, "autograder", "sample-class", "focal", "--json"))

    assert again == first
    found = {o["submission"]: (o["status"], sum(m["points"] for m in o["marks"])) for o in first}
    assert found == {
        "broken-file": ("unreadable", 0),
        "right": ("graded", 20),
        "wrong-p-for-p-t": ("graded", 13),
    }


def test_wrong_use_is_answered_in_one_line_with_exit_code_2(course):
    said = command(course, "autograder", "release", "nothing", code=2)

    assert said.strip() == (
        "assignment must be one of those in solutions/ (focal), but is 'nothing'."
    )


@pytest.mark.server
def test_the_formgrader_lists_the_assignment(course, tmp_path):
    command(course, "nbgrader", "generate_assignment", "focal", "--force")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = {"jupyter_server.extension": True, "nbgrader.server_extensions.formgrader": True}
    arguments = ["-m", "jupyter_server", f"--port={port}", "--no-browser", "--allow-root"]
    arguments += ["--ServerApp.token=", "--ServerApp.password=", "--ServerApp.ip=127.0.0.1"]
    arguments += [f"--ServerApp.jpserver_extensions={extensions}"]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, *arguments], cwd=course, stdout=log, stderr=log)
        try:
            listed = _fetched(f"http://127.0.0.1:{port}/formgrader/api/assignments", server)
        finally:
            server.terminate()
            server.wait(20)

    assert [entry["name"] for entry in json.loads(listed)] == ["focal"]


def _fetched(url, server):
    """The answer of a server that is still starting."""
    for _ in range(120):
        assert server.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.25)
    raise AssertionError(f"no answer from {url}")
