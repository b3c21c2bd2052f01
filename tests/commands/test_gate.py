"""``lossedu gate`` is a step of a pipeline: its exit code is the decision."""

import json

import pytest
from typer.testing import CliRunner

from lossedu.commands.app import app
from tests.monitoring.gate.models import losses

POLICY = "least: 300\nchecks: {mean_loss: {most_increase: 0.02}, invalid: {most: 0}}\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gate.yaml").write_text(POLICY)

    def gate(n, worse, *more):
        for name, table in zip(("new.csv", "old.csv"), losses(n, worse=worse), strict=True):
            table.to_csv(tmp_path / name, index=False)
        return CliRunner().invoke(
            app, ["gate", "new.csv", "old.csv", "--policy", "gate.yaml", *more]
        )

    return gate


@pytest.mark.parametrize(
    ("n", "worse", "code", "word"),
    [(1000, 0.0, 0, "passed"), (1000, 0.5, 1, "failed"), (200, 0.0, 2, "not enough evidence")],
)
def test_the_exit_code_is_the_decision(run, n, worse, code, word):
    done = run(n, worse)

    assert done.exit_code == code, done.output
    assert f"gate on {n} examples: {word}" in done.stdout


@pytest.mark.parametrize("report", ["report.json", "report.md", "report.xml"])
def test_a_report_is_written_and_json_is_printed(run, report, tmp_path):
    done = run(400, 0.5, "--out", report, "--json")

    assert json.loads(done.stdout)["verdict"] == "failed"
    assert "failed" in (tmp_path / report).read_text()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--out", "report.pdf"], "out must end in .json, .md, .xml, but is report.pdf."),
        (["--policy", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_use_is_one_line(run, more, complaint):
    done = run(400, 0.0, *more)

    assert done.exit_code == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
