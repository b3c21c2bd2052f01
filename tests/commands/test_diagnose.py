"""The command that says what is wrong with a run."""

import pytest
from typer.testing import CliRunner

from lossedu.commands.app import app
from lossedu.training import History
from lossedu.training.diagnosis import findings_table


@pytest.fixture
def sick(tmp_path):
    history = History()
    for step, loss in enumerate([0.7, 0.6, float("nan")]):
        history.add("steps", {"step": step, "loss": loss, "gradient_norm": 0.3})
    history.write(tmp_path / "history.jsonl")
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(app, ["diagnose", *map(str, arguments)])


def test_a_sick_run_is_named_with_its_remedy_and_exits_with_1(sick):
    done = invoke(sick)

    assert done.exit_code == 1
    assert "critical: NaN or overflow" in done.output
    assert "See " in done.output


def test_a_healthy_run_exits_with_0_and_a_file_does_as_well_as_a_folder(tmp_path):
    history = History()
    for step in range(40):
        history.add("steps", {"step": step, "loss": 1 / (1 + step), "gradient_norm": 0.3})
    path = tmp_path / "healthy.jsonl"
    history.write(path)

    done = invoke(path)

    assert done.exit_code == 0, done.output
    assert "nothing found" in done.output


@pytest.mark.parametrize("arguments", [[], ["no such folder"], [__file__]])
def test_what_is_no_run_is_one_line(arguments):
    done = invoke(*arguments)

    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_table_has_a_row_a_finding(sick):
    table = findings_table({"a": History.read(sick / "history.jsonl"), "b": History()})

    (row,) = table.rows
    assert row[:3] == ["a", "NaN or overflow", 2]


@pytest.mark.slow
def test_the_failing_runs_are_all_found():
    done = invoke("--failures")

    assert done.exit_code == 0
    for name in ("overflow", "oscillation", "overfitting", "leakage"):
        assert name in done.output
