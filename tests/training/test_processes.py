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


def several(folder, *runs):
    """Do one run after another; what those left that came to their end."""
    for _, name, *_ in runs:
        (folder / name).mkdir()
    jobs = [[n, str(folder / name), str(folder / kept), *more] for n, name, kept, *more in runs]
    done = subprocess.run(
        [sys.executable, SCRIPT, "several", json.dumps(jobs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ended = [name for _, name, _, *more in runs if not more]
    return [json.loads((folder / name / "found.json").read_text()) for name in ended]


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
    one, two, rest_of_two, rest_of_one = several(
        tmp_path,
        (1, "one", "a"),
        (2, "two", "b"),
        (1, "crash of one", "c", "crash"),
        (2, "crash of two", "d", "crash"),
        (2, "rest of two", "c"),
        (1, "rest of one", "d"),
    )

    assert_alike(two, one)
    assert all(run[3] == [] for run in two.values())
    assert_alike(rest_of_two, one)
    assert_alike(rest_of_one, one)


@pytest.mark.slow
def test_a_process_that_goes_astray_is_reported(tmp_path):
    found = launched(2, tmp_path / "astray", tmp_path / "c", "diverge")

    kinds = {event["kind"] for event in found["tensors"][3]}
    assert kinds == {"divergence"}
    assert found["tensors"][3][0]["spread"] > 1e-6
