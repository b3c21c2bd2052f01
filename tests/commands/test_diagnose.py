"""The command that says what is wrong with a run."""

import json

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


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (None, "but none is given. Hint: lossedu diagnose runs"),
        ("nowhere", "nowhere is not there. Hint: lossedu train digits"),
        ("folder", "folder holds no run."),
        ("empty.jsonl", "empty.jsonl holds nothing of a run."),
        ("torn.jsonl", "torn.jsonl holds nothing of a run."),
        ("binary.jsonl", "binary.jsonl is not text."),
        ("other.jsonl", "line 1 of"),
        ("list.json", "line 1 of"),
        ("config.json", "line 1 of"),
        ("row.jsonl", "line 2 of"),
    ],
)
def test_what_is_no_run_is_one_line(tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "torn.jsonl").write_text('{"record": "sett')
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "other.jsonl").write_text("<svg>\n")
    (tmp_path / "list.json").write_text("[1, 2]\n")
    (tmp_path / "config.json").write_text('{"recipe": "digits"}\n')
    step = {"record": "step", "loss": 1}
    rows = json.dumps(step), json.dumps(step | {"loss": [1]}), ""
    (tmp_path / "row.jsonl").write_text("\n".join(rows))

    done = invoke(*([tmp_path / name] if name else []))

    assert done.exit_code == 2
    assert words in done.stderr
    assert done.output.count("\n") == 1
    assert "Errno" not in done.output


def test_a_slip_in_a_folders_name_is_answered_with_the_nearest(sick):
    (sick / "runs").mkdir()
    (sick / "history.jsonl").rename(sick / "runs" / "history.jsonl")

    done = invoke(sick / "runz")

    assert done.exit_code == 2
    assert f"is not there. Hint: did you mean '{sick / 'runs'}'?" in done.stderr


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
