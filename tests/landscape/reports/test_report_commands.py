"""The commands gate, compare and paths: what they read, print, write and exit with."""

import json

import pytest
import typer
from typer.testing import CliRunner

from lossedu.commands.landscape_reports import _names, compare, gate, paths
from lossedu.commands.train import train
from lossedu.landscape.reports.gate import gate_objective, read_limits
from lossedu.training.saved_runs import read_run
from tests.landscape.reports.one_weight import linear


def called(*arguments):
    """What a command says, and how it ends."""
    app = typer.Typer()
    for command in (compare, gate, paths, train):
        app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two short runs of the digits recipe, as ``lossedu train`` writes them."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        (folder / "config.yaml").write_text(f"recipe: digits\nepochs: 2\nseed: {seed}\n")
        words = [folder / "config.yaml", "--out", folder / str(seed), "--quiet"]
        assert called("train", *words).exit_code == 0
    return folder


@pytest.fixture
def run():
    return called


@pytest.mark.slow
def test_the_command_exits_with_0_1_or_2(runs, run, tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text("accuracy: {least: 0.5}\ndrift: 10\n")
    own = ["gate", runs / "0", "--limits", limits]

    passed = run(*own, "--reference", runs / "1", "--json")
    limits.write_text("top_eigenvalue: 0.0001\n")
    failed = run(*own)
    wrong = run("gate", tmp_path, "--limits", limits)

    found = json.loads(passed.stdout)
    assert passed.exit_code == 0
    assert found["passed"] is True
    model = read_run(runs / "0")
    accuracy = model.task.metrics["accuracy"](model.model(model.task.valid[0]), model.task.valid[1])
    assert found["checks"][0]["measured"]["value"] == pytest.approx(accuracy.item())
    assert failed.exit_code == 1
    assert "failed" in failed.stdout
    assert wrong.exit_code == 2
    assert "holds no run" in wrong.stderr


@pytest.mark.slow
def test_two_runs_are_compared_and_ways_between_them_are_found(runs, run, tmp_path):
    compared = run("compare", runs / "0", runs / "1", "--out", tmp_path)
    ways = run("paths", runs / "0", runs / "1", "--steps", 60, "--json")

    assert compared.exit_code == 0, compared.stderr
    assert json.loads((tmp_path / "comparison.json").read_text())["names"] == ["0", "1"]
    assert "written to" in compared.stdout
    straight, _, before, after = json.loads(ways.stdout)
    assert straight["barrier"] == pytest.approx(before["barrier"], rel=0.05)
    assert after["barrier"] <= before["barrier"]


def test_ways_that_cannot_be_found_are_said_before_the_long_search(run, tmp_path):
    runs = {"mean": tmp_path / "a", "margin": tmp_path / "b"}
    for recipe, folder in runs.items():
        (tmp_path / "config.yaml").write_text(f"recipe: {recipe}\nepochs: 1\n")
        train(str(tmp_path / "config.yaml"), folder, quiet=True)
    one, other = runs.values()

    shapes = run("paths", one, other)
    chain = run("paths", one, one, "--steps", 10**9)
    curve = run("paths", one, one, "--steps", 2, "--no-align", "--json")

    assert [shapes.exit_code, chain.exit_code, curve.exit_code] == [2, 2, 0]
    assert "second must have the parameters of first" in shapes.stderr
    assert "Hint: --no-align" in chain.stderr
    assert len(json.loads(curve.stdout)) == 2


FUNCTIONS = """
from torch import nn
from torch.nn.functional import mse_loss
import torch
from lossedu.landscape import Objective

def made(value):
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.constant_(model.weight, value)
    x = torch.tensor([[1.0], [2.0]]).double()
    return Objective(model, mse_loss, (x, 3 * x))

def now():
    return made(4.0)

def before():
    return made(2.0)
"""


def test_an_objective_is_gated_as_a_model_is(run, tmp_path, monkeypatch):
    (tmp_path / "some_model.py").write_text(FUNCTIONS)
    (tmp_path / "limits.yaml").write_text("trace: 5.1\ndrift: 1.0\nbarrier: 0.0\n")
    monkeypatch.chdir(tmp_path)
    targets = "some_model:now", "some_model:before"

    limits = ["--limits", tmp_path / "limits.yaml", "--json"]
    called = run("gate", targets[0], "--reference", targets[1], *limits)
    compared = run("compare", *targets, "--out", tmp_path / "out")

    direct = gate_objective(
        linear(4.0), read_limits(tmp_path / "limits.yaml"), reference=linear(2.0)
    )
    found = json.loads(called.stdout)
    assert called.exit_code == 0
    assert found == direct.to_dict()
    values = {check["name"]: check["measured"]["value"] for check in found["checks"]}
    assert values == pytest.approx({"trace": 5.0, "drift": 1.0, "barrier": 0.0})
    assert compared.exit_code == 0, compared.stderr
    assert (tmp_path / "out" / "comparison.html").is_file()


def test_a_name_with_brackets_is_printed_as_it_is(run, tmp_path, monkeypatch):
    # Square brackets are markup to what prints tables.
    source = FUNCTIONS + "\nglobals()['now[i]'] = now\n"
    (tmp_path / "bracketed_model.py").write_text(source)
    monkeypatch.chdir(tmp_path)

    done = run("compare", "bracketed_model:now[i]", "bracketed_model:before", "--out", "out")

    assert done.exit_code == 0, done.output
    assert "now[i]" in done.stdout


def test_a_file_where_the_report_shall_lie_is_said_before_the_work(run, tmp_path):
    (tmp_path / "taken").write_text("")

    done = run("compare", "no_such_module:f", "no_such_module:g", "--out", tmp_path / "taken")

    assert done.exit_code == 2
    assert "out must be a folder" in done.stderr


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("a/run", "b/run", ("a/run", "b/run")),
        ("a/one", "b/two", ("one", "two")),
        ("x/a/run/last", "x/b/run/last", ("a/run/last", "b/run/last")),
        ("run", "run", ("run", "run")),
    ],
)
def test_folders_are_called_by_as_much_of_their_path_as_tells_them_apart(first, second, names):
    assert _names(first, second) == names


def test_ways_are_looked_for_between_functions(run, tmp_path, monkeypatch):
    (tmp_path / "two_models.py").write_text(FUNCTIONS)
    monkeypatch.chdir(tmp_path)
    targets = "two_models:now", "two_models:before"

    done = run("paths", *targets, "--steps", 3, "--json")
    aligned = run("paths", *targets, "--align")

    assert done.exit_code == 0, done.output
    straight, curve = json.loads(done.stdout)
    assert straight["highest loss"] == pytest.approx(2.5)
    assert curve["path"] == "bezier"
    assert aligned.exit_code == 2
    assert "align must be left out for functions" in aligned.stderr
