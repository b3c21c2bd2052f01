"""Two processes do what one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = "tests/training/two_processes.py"


def launched(processes, folder, checkpoints, *more):
    folder.mkdir()
    # What accelerate calls its launcher for several devices serves CPUs too, if told so.
    kind = "--multi_gpu" if processes > 1 else "--cpu"
    options = [f"--num_processes={processes}", kind, "--num_machines=1", "--mixed_precision=no"]
    options += ["--dynamo_backend=no", "--num_cpu_threads_per_process=1", "--main_process_port=0"]
    launch = [sys.executable, "-m", "accelerate.commands.launch", *options]
    command = [*launch, SCRIPT, folder, checkpoints, *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "found.json").read_text())


def assert_alike(ours, theirs):
    for name in theirs:
        for table in (0, 1):
            for column, values in theirs[name][table].items():
                expected = pytest.approx(values, rel=1e-5, abs=1e-6, nan_ok=True)
                assert ours[name][table][column] == expected, (name, column)
        for mine, other in zip(ours[name][2], theirs[name][2], strict=True):
            for row, wanted in zip(mine, other, strict=True):
                assert row == pytest.approx(wanted, rel=1e-4, abs=1e-5)


@pytest.mark.slow
def test_two_processes_give_the_curve_of_one_and_either_goes_on_for_the_other(tmp_path):
    one = launched(1, tmp_path / "one", tmp_path / "a")
    two = launched(2, tmp_path / "two", tmp_path / "b")
    assert_alike(two, one)
    assert all(run[3] == [] for run in two.values())

    launched(1, tmp_path / "crash of one", tmp_path / "c", "crash")
    launched(2, tmp_path / "crash of two", tmp_path / "d", "crash")
    assert_alike(launched(2, tmp_path / "rest of two", tmp_path / "c"), one)
    assert_alike(launched(1, tmp_path / "rest of one", tmp_path / "d"), one)


@pytest.mark.slow
def test_a_process_that_goes_astray_is_reported(tmp_path):
    found = launched(2, tmp_path / "astray", tmp_path / "c", "diverge")

    kinds = {event["kind"] for event in found["tensors"][3]}
    assert kinds == {"divergence"}
    assert found["tensors"][3][0]["spread"] > 1e-6
