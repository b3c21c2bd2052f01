"""The benchmarks run, and what they compare gives one value."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_each_loss_of_the_benchmarks_equals_its_peer():
    command = [sys.executable, "-m", "benchmarks", "losses", "--quick"]
    before = {path: path.read_bytes() for path in (ROOT / "benchmarks").glob("RESULTS.*")}

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    rows = [line.split(" | ") for line in run.stdout.splitlines()[1:]]
    assert len(rows) >= 15
    compared = {row[0] for row in rows if row[2] != "–"}
    assert {
        "sigmoid_focal_loss",
        "cross_entropy",
        "pairwise_hinge_loss",
        "nt_xent_loss",
    } <= compared
    assert before == {path: path.read_bytes() for path in (ROOT / "benchmarks").glob("RESULTS.*")}


@pytest.mark.slow
def test_one_step_of_training_is_measured_beside_each_peer():
    command = [sys.executable, "-m", "benchmarks", "training", "--quick"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    rows = [line.split(" | ") for line in run.stdout.splitlines()[1:]]
    assert {row[2] for row in rows} == {"a bare loop", "Lightning's Trainer", "1 process"}


@pytest.mark.slow
@pytest.mark.browser
def test_typed_formulas_are_judged_in_python_and_in_a_page():
    needs.browser()
    command = [sys.executable, "-m", "benchmarks", "practice", "--quick"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    rows = [line.split(" | ")[0] for line in run.stdout.splitlines()[1:]]
    assert [row.partition(",")[0] for row in rows] == [
        *["compare in Python"] * 2,
        *["compare in a page"] * 2,
        "first answer of a page",
    ]


@pytest.mark.slow
def test_counting_a_batch_and_joining_late_labels_are_measured():
    command = [sys.executable, "-m", "benchmarks", "monitoring", "--quick"]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    rows = [line.split(" | ") for line in run.stdout.splitlines()[1:]]
    assert [row[2] for row in rows] == ["prometheus_client", "two layers of 256", "pandas"]
