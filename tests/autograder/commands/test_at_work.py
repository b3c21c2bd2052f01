"""The command ``autograder`` at work on a course: it grades, tries, goes on, and leaves nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.commands import app as cli
from autograder.grading.folders import CourseFolders
from autograder.grading.journal import outcomes
from autograder.grading.outcomes import Outcome
from tests.waiting import HANG_S, group_lives, wait_until

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent


def command(course, *arguments, code=0):
    done = subprocess.run(
        [BIN / "autograder", *arguments],
        cwd=course,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """A course whose sample class was graded, and what the command said."""
    root = tmp_path_factory.mktemp("course")
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.ipynb"))
    for sample in (root / "samples" / "focal").iterdir():
        if sample.stem not in ("right", "wrong-alpha-for-all", "broken-file"):
            sample.unlink()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    said = command(root, "sample-class", "focal", "--without-training", "--json")
    return root, json.loads(said)


@pytest.fixture
def course(rehearsed, tmp_path):
    return shutil.copytree(rehearsed[0], tmp_path / "course")


@pytest.mark.slow
def test_the_sample_class_is_graded_and_a_broken_file_costs_only_itself(rehearsed):
    root, records = rehearsed

    found = {r["submission"]: (r["status"], r["score"] == r["max_score"]) for r in records}
    assert found == {
        "broken-file": ("unreadable", False),
        "right": ("graded", True),
        "wrong-alpha-for-all": ("graded", False),
    }
    feedback = root / "course" / "feedback" / "broken-file" / "focal" / "focal.html"
    assert "This submission was not graded." in feedback.read_text()


@pytest.mark.slow
def test_grading_prints_a_table_and_first_faults_and_writes_json(course, tmp_path):
    said = command(
        course, "grade", "--assignment", "focal", "--resume", "--without-training",
        "--json", str(tmp_path / "outcomes.json"),
    )  # fmt: skip

    assert "wrong-alpha-for-all" in said
    assert "broken-file: the file must be a Jupyter notebook" in said
    records = json.loads((tmp_path / "outcomes.json").read_text())
    kept = outcomes(CourseFolders(course).journal("focal"))
    assert [Outcome.from_record(record) for record in records] == kept


@pytest.mark.slow
def test_one_student_and_one_question_are_graded_again_and_the_rest_stays(course, tmp_path):
    journal = CourseFolders(course).journal("focal")
    before = {outcome.submission: outcome for outcome in outcomes(journal)}
    shutil.copy(
        CourseFolders(course).submitted("focal", "right") / "focal.ipynb",
        CourseFolders(course).submitted("focal", "wrong-alpha-for-all") / "focal.ipynb",
    )

    command(
        course, "grade", "focal", "--student", "wrong-alpha-for-all", "--question", "focal.alpha",
        "--json", str(tmp_path / "outcomes.json"),
    )  # fmt: skip

    (record,) = json.loads((tmp_path / "outcomes.json").read_text())
    after = {outcome.submission: outcome for outcome in outcomes(journal)}
    new, old = Outcome.from_record(record), before["wrong-alpha-for-all"]
    lost = [
        {check.id for check in one.checks if check.points < check.max_points} for one in (old, new)
    ]
    assert lost[0] - lost[1] == {"focal.alpha"}
    assert lost[1], "what else was lost stays lost"
    assert after == before | {"wrong-alpha-for-all": new}


@pytest.mark.slow
def test_trying_a_notebook_says_what_check_would_say_and_exits_with_1_where_points_are_lost(course):
    folders = CourseFolders(course)
    path = [
        str(folders.submitted("focal", n) / "focal.ipynb") for n in ("right", "wrong-alpha-for-all")
    ]

    right = command(course, "try", path[0], "--without-training")
    wrong = command(course, "try", path[1], "--without-training", code=1)

    assert "✗" not in right
    assert "✗ focal.alpha" in wrong


@pytest.mark.slow
def test_the_doctor_lists_the_layers(course):
    layers = json.loads(command(course, "doctor", "--json"))

    assert {"namespaces", "seccomp", "Landlock"} <= {layer["name"] for layer in layers}
    assert "Submissions can be graded." in command(course, "doctor")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on_and_leaves_no_process(course):
    right = CourseFolders(course).submitted("focal", "right")
    for number in range(60):
        shutil.copytree(right, course / "course" / "submitted" / f"copy-{number}" / "focal")
    journal = CourseFolders(course).journal("focal")
    journal.unlink()
    arguments = [BIN / "autograder", "grade", "--assignment", "focal", "--without-training"]
    process = subprocess.Popen(
        arguments, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: process.poll() is not None or (journal.exists() and outcomes(journal)))

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all at once
    _, said = process.communicate(timeout=HANG_S)

    assert process.returncode == cli.INTERRUPTED
    assert "of 63 are graded. Hint: go on with --resume" in said
    wait_until(lambda: not group_lives(process.pid))
    assert 0 < len(outcomes(journal)) < 63
