"""Training without code: a file goes in, a table, a plot and a model come out."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer
from safetensors.torch import load_file
from typer.testing import CliRunner

from lossedu.commands.train import train
from lossedu.training import History
from lossedu.training.config import settings_of
from lossedu.training.recipes import recipes
from lossedu.training.saved_runs import read_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    app = typer.Typer()
    app.command()(train)

    def invoke(config, *more):
        path = tmp_path / "config.yaml"
        path.write_text(config)
        return CliRunner().invoke(app, [str(path), "--out", str(tmp_path / "out"), *more])

    return invoke


def test_the_digits_are_learnt_and_everything_is_written(run, tmp_path):
    done = run("recipe: digits\nepochs: 3\nlearning_rate: 0.01\n")

    assert done.exit_code == 0, done.output
    assert "accuracy" in done.output
    history = History.read(tmp_path / "out" / "history.jsonl")
    assert history.last("accuracy") > 0.9
    assert history.settings["learning_rate"] <= 0.01
    assert len(history.epochs["epoch"]) == 3
    assert "<svg" in (tmp_path / "out" / "history.svg").read_text()
    shapes = {tuple(t.shape) for t in load_file(tmp_path / "out" / "model.safetensors").values()}
    assert (128, 64) in shapes


def test_quiet_says_nothing(run):
    assert run("recipe: mean\nepochs: 1\n", "--quiet").output == ""


def test_a_run_that_is_started_again_goes_on(run, tmp_path):
    config = f"recipe: mean\ncheckpoints: {tmp_path / 'kept'}\nepochs: 2\n"
    run(config)
    first = History.read(tmp_path / "out" / "history.jsonl")

    done = run(config)

    assert done.exit_code == 0, done.output
    assert History.read(tmp_path / "out" / "history.jsonl").steps == first.steps


def test_without_a_file_the_recipes_are_listed():
    app = typer.Typer()
    app.command()(train)

    done = CliRunner().invoke(app, [])

    assert done.exit_code == 0
    for name in recipes():
        assert name in done.output


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("epochs: 3", "config must name its recipe"),
        ("recipe: digits\ncolour: red", "but sets 'colour'"),
        ("recipe: bread", "recipe must be one of 'mean', 'robust centre'"),
        ("recipe: digts", "Hint: did you mean 'digits'?"),
        ("recipe: [digits]", "recipe must be one of 'mean'"),
        ("recipe: digits\nepocs: 3", "but sets 'epocs'. Hint: did you mean 'epochs'?"),
        ("recipe: digits\nbatch_size: 0", "batch_size must be a whole number of at least 1"),
        ("recipe: digits\nlearning_rate: fast", "learning_rate must be a number, but is 'fast'"),
        ("recipe: digits\nlearning_rate: -1", "learning_rate must be above 0"),
        ("recipe: digits\nweight_decay: -1", "weight_decay must be at least 0"),
        ("recipe: digits\noptimizer: Adm", "optimizer must be one of 'AdamW', 'SGD'"),
        ("recipe: digits\nschedule: cosin", "Hint: did you mean 'cosine'?"),
        ("recipe: digits\nseed: -1", "seed must be a whole number from 0"),
        ("recipe: digits\nseed: 0.5", "seed must be a whole number from 0"),
        ("recipe: digits\nlayers: 5", "layers must be a list of widths that begin with 64 and"),
        ("recipe: digits\nlayers: [63, 10]", "begin with 64 and end with 10"),
        ("recipe: digits\nlayers: [64, many, 10]", "layers' widths must be a whole number"),
        ("recipe: digits\ntrackers: tensorbord", "Hint: did you mean 'tensorboard'?"),
        ("recipe: digits\ntrackers: 5", "trackers must be a list of names"),
        ("recipe: digits\nearly_stopping: {patience: two}", "patience must be a whole number"),
        ("recipe: digits\nearly_stopping: {min_delta: low}", "early_stopping must set what it"),
        ("recipe: digits\nepochs: 1\nearly_stopping: {monitor: accurcy}", "mean 'accuracy'?"),
        ("recipe: digits\nepochs: 0", "must be"),
        ("recipe: digits\nearly_stopping: {patients: 3}", "early_stopping must set 'patience'"),
        ("recipe: [", "is not: line 1"),
        ("recipe: !!python/object/apply:os.getcwd []", "config must be YAML"),
    ],
)
def test_a_wrong_file_is_one_line_and_exit_code_2(run, config, message):
    done = run(config)

    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_a_file_that_is_not_there_is_said(tmp_path):
    app = typer.Typer()
    app.command()(train)

    done = CliRunner().invoke(app, [str(tmp_path / "none.yaml")])

    assert done.exit_code == 2
    assert "config must be a YAML file or one of the recipes" in done.output


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("digts", "but is 'digts'. Hint: did you mean 'digits'?"),
        (".", "config must be a file or a recipe, but . is a folder."),
    ],
)
def test_a_slip_in_a_recipes_name_is_answered_with_the_nearest(given, message):
    app = typer.Typer()
    app.command()(train)

    done = CliRunner().invoke(app, [given])

    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_no_text_is_said(tmp_path):
    app = typer.Typer()
    app.command()(train)
    (tmp_path / "latin.yaml").write_bytes("recipe: größe".encode("latin-1"))

    done = CliRunner().invoke(app, [str(tmp_path / "latin.yaml")])

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "config must be YAML in UTF-8" in done.stderr


@pytest.mark.parametrize("out", ["file", "file/deep"])
def test_a_place_that_cannot_hold_a_run_is_refused_before_training(tmp_path, out):
    app = typer.Typer()
    app.command()(train)
    (tmp_path / "file").write_text("mine")

    done = CliRunner().invoke(app, ["digits", "--out", str(tmp_path / out)])

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "out must" in done.stderr


def test_yaml_takes_a_number_without_a_point_for_a_word_and_we_do_not():
    recipe, changes = settings_of({"recipe": "digits", "learning_rate": "1e-3", "clip": "1e1"})

    assert (recipe.learning_rate, changes["clip"]) == (0.001, 10.0)
    assert settings_of({"recipe": "digits", "clip": None})[1]["clip"] is None


def test_an_embedding_may_be_of_any_width():
    recipe, _ = settings_of({"recipe": "neighbours", "layers": [6, 3]})

    assert recipe.layers == (6, 3)


def test_settings_reach_the_recipe_and_fit():
    text = {"recipe": "digits", "layers": [64, 10], "clip": 1.0, "early_stopping": 4}

    recipe, changes = settings_of(text | {"batch_size": 32})

    assert (recipe.layers, recipe.batch_size) == ((64, 10), 32)
    assert changes["clip"] == 1.0
    assert changes["early_stopping"].patience == 4


@pytest.mark.slow
def test_a_terminal_sees_a_bar_that_moves(tmp_path):
    script = "import typer; from lossedu.commands.train import train; typer.run(train)"
    (tmp_path / "c.yaml").write_text("recipe: digits\nepochs: 2\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", script, tmp_path / "c.yaml", "--out", tmp_path / "out"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}

    done = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = bytearray()
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(ours)

    assert done.wait() == 0
    text = seen.decode(errors="replace")
    assert text.count("step") > 2
    assert "valid loss" in text


def test_the_history_of_a_recipe_knows_the_truth(run, tmp_path):
    done = run("recipe: wrong labels\nepochs: 1\n")

    best = json.loads((tmp_path / "out" / "history.jsonl").read_text().splitlines()[0])["best"]
    assert "the truth itself" in done.output
    assert all(isinstance(value, float) for value in best.values())
    assert torch.tensor(list(best.values())).isfinite().all()


def test_a_written_run_comes_back_as_its_model_on_its_data(run, tmp_path):
    run("recipe: digits\nepochs: 2\nseed: 3\nlayers: [64, 16, 10]\n", "--quiet")

    found = read_run(tmp_path / "out")

    inputs, classes = found.task.valid
    with torch.no_grad():
        loss = float(found.task.loss(found.model(inputs), classes))
    assert loss == pytest.approx(History.read(tmp_path / "out/history.jsonl").last("valid_loss"))
    assert found.seed == 3
    assert found.recipe.layers == (64, 16, 10)


def test_a_folder_without_a_run_or_with_a_model_of_another_recipe_is_refused(run, tmp_path):
    with pytest.raises(ValueError, match="run must be a folder that lossedu train has written, b"):
        read_run(tmp_path)

    run("recipe: digits\nepochs: 1\n", "--quiet")
    (tmp_path / "out/config.yaml").write_text("recipe: digits\nlayers: [64, 5, 10]\n")
    with pytest.raises(ValueError, match="must be of the recipe 'digits', but is not: Error"):
        read_run(tmp_path / "out")
    with pytest.raises(ValueError, match=r"is not there\. Hint: did you mean '.*out'"):
        read_run(tmp_path / "ot")
    (tmp_path / "out/model.safetensors").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"the model in .*out must be whole, but is not"):
        read_run(tmp_path / "out")
    (tmp_path / "out/model.safetensors").unlink()
    with pytest.raises(ValueError, match="holds no model: its training did not end"):
        read_run(tmp_path / "out")
