"""``lossedu landscape``: pictures beside one another, resumed on request, faults in one line."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy
from typer.testing import CliRunner

from lossedu.commands.landscape import landscape
from lossedu.commands.train import train
from lossedu.landscape import Objective
from lossedu.landscape.slices.line import interpolation, line
from lossedu.landscape.slices.plane import plane
from lossedu.training.random_states import scoped
from lossedu.training.saved_runs import read_run

X = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


def network(seed):
    with scoped(seed):
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))


def example():
    return Objective(network(0), cross_entropy, (X, Y))


def nothing():
    return None


def broken():
    raise AttributeError("a fault of its own")


def mistaken():
    raise ValueError("a fault of its own")


HERE = "tests.commands.test_landscape"


def numbers(file):
    with np.load(file) as arrays:
        return dict(arrays)


def said(*arguments):
    return CliRunner().invoke(landscape, [str(a) for a in arguments])


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config = folder / "short.yaml"
    config.write_text("recipe: mean\nepochs: 2\n")
    train(str(config), folder / "out", quiet=True)
    return folder / "out"


def test_a_plane_is_a_page_a_picture_and_numbers(tmp_path):
    out = tmp_path / "deep" / "surface.html"

    done = said("plane", f"{HERE}:example", "--out", out, "--resolution", 21, "--seed", 3)

    assert done.exit_code == 0, done.output
    found = numbers(out.with_suffix(".npz"))
    expected = plane(example(), resolution=21, seed=3)
    assert np.array_equal(found["losses"], expected.losses)
    assert np.array_equal(found["x"], expected.x)
    assert "Plotly.newPlot" in out.read_text()
    assert "<svg" in out.with_suffix(".svg").read_text()
    assert "evaluations" in done.output
    assert "error estimate" in done.output
    names = {path.name for path in out.parent.iterdir()}
    assert names == {"surface.html", "surface.svg", "surface.npz", "surface.points.npz"}


def test_resumed_it_evaluates_nothing_twice(tmp_path):
    command = ["plane", f"{HERE}:example", "--out", tmp_path / "a.html", "--resolution", 5]

    assert said(*command).exit_code == 0
    again = said(*command, "--resume")
    anew = said(*command)

    assert "evaluations 0" in " ".join(again.output.split())
    assert "evaluations 25" in " ".join(anew.output.split())


def test_a_saved_run_is_drawn_on_its_training_data(tmp_path, saved):
    done = said("plane", saved, "--out", tmp_path / "a.html", "--resolution", 3)

    run = read_run(saved)
    with torch.no_grad():
        own = run.task.loss(run.model(run.task.train[0]), *run.task.train[1:]).item()
    assert done.exit_code == 0, done.output
    assert numbers(tmp_path / "a.npz")["losses"][1, 1] == pytest.approx(own, rel=1e-5)


def test_a_line_goes_in_a_direction_or_to_another_model(tmp_path, saved):
    out = tmp_path / "line.svg"

    along = said("line", saved, "--out", out, "--resolution", 5)
    steps = numbers(tmp_path / "line.npz")["at"]
    to = said("line", saved, "--to", saved, "--out", out, "--resolution", 5, "--quiet")
    shares = numbers(tmp_path / "line.npz")

    assert along.exit_code == to.exit_code == 0
    assert steps.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert shares["at"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert np.ptp(shares["losses"]) < 1e-6
    assert to.output == ""
    assert "<svg" in out.read_text()


def moved():
    return Objective(network(1), cross_entropy, (X, Y))


def normalised(seed=0):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    return Objective(model, cross_entropy, (X, Y))


def test_a_line_goes_to_what_a_function_returns_or_a_file_holds(tmp_path):
    out, file, saved = (tmp_path / name for name in ("a.svg", "w.safetensors", "w.pt"))
    expected = interpolation(example(), example().point, moved().point, resolution=5).losses
    state = {name: tensor.contiguous() for name, tensor in network(1).state_dict().items()}
    save_file(state, file)
    torch.save({"model": {f"module.{name}": tensor for name, tensor in state.items()}}, saved)

    for to in (f"{HERE}:moved", file, saved):
        done = said("line", f"{HERE}:example", "--to", to, "--out", out, "--resolution", 5)

        assert done.exit_code == 0, done.output
        assert numbers(tmp_path / "a.npz")["losses"] == pytest.approx(expected, rel=1e-6)


def test_a_checkpoint_takes_the_place_of_the_models_own_weights(tmp_path):
    torch.save(network(1).state_dict(), tmp_path / "w.pt")
    words = ["--out", tmp_path / "a.html", "--resolution", 3, "--seed", 2]

    done = said("plane", f"{HERE}:example", "--checkpoint", tmp_path / "w.pt", *words)

    assert done.exit_code == 0, done.output
    expected = plane(moved(), resolution=3, seed=2).losses
    assert numbers(tmp_path / "a.npz")["losses"] == pytest.approx(expected, rel=1e-6)


def test_statistics_are_treated_as_asked_for_a_function_too(tmp_path):
    words = ["line", f"{HERE}:normalised", "--out", tmp_path / "a.svg", "--resolution", 3]

    seen = {}
    for mode in ("", "frozen", "batch"):
        done = said(*words, *(["--batch-norm", mode] if mode else []))
        assert done.exit_code == 0, done.output
        seen[mode] = numbers(tmp_path / "a.npz")["losses"]

    own = line(normalised().with_batch_norm("batch"), resolution=3).losses
    assert seen["batch"] == pytest.approx(own, rel=1e-6)
    assert seen[""] == pytest.approx(seen["frozen"], rel=1e-9)
    assert abs(seen["batch"] - seen["frozen"]).max() > 1e-3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["line", f"{HERE}:example", "--batch-norm", "thawed"], "batch_norm must be one of"),
        (["line", f"{HERE}:example", "--checkpoint", "pyproject.toml"], "checkpoint must be a"),
        (["line", f"{HERE}:example", "--checkpoint", "nowhere.pt"], "nowhere.pt"),
        (["line", f"{HERE}:example", "--to", f"{HERE}:normalised"], "to must have the param"),
        (["plane", "no/such/folder"], "run must be a folder that lossedu train has written"),
        (["plane", "no_such_module:f"], "target must be package.module:function"),
        (["plane", r"C:\no\such\runs"], "run must be a folder that lossedu train has written"),
        (["plane", f"{HERE}:exampel"], "no function 'exampel'. Hint: did you mean 'example'?"),
        (["plane", ":example"], "names no module"),
        (["plane", f"{HERE}:nothing"], "returns NoneType"),
        (["plane", f"{HERE}:example", "--span", "-1"], "span must be above 0"),
        (["plane", f"{HERE}:example", "--fill", "dots"], "fill must be one of"),
        (["plane", f"{HERE}:example", "--tolerance", "0"], "tolerance must be above 0"),
        (["line", f"{HERE}:example", "--normalise", "row"], "normalise must be one of"),
        (["line", f"{HERE}:example", "--to", "nowhere"], "is not there"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, monkeypatch, arguments, words):
    out = tmp_path / ("x.html" if arguments[0] == "plane" else "x.svg")

    done = said(*arguments, "--out", out)

    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "name", "ending"),
    [
        ("plane", "a.svg", ".html"),
        ("plane", "a.npz", ".html"),
        ("plane", "a", ".html"),
        ("line", "a.npz", ".svg"),
        ("line", "a.png", ".svg"),
        ("spectrum", "a.npz", ".svg"),
    ],
)
def test_a_name_that_one_of_the_other_files_takes_is_refused(tmp_path, command, name, ending):
    done = said(command, f"{HERE}:example", "--out", tmp_path / name)

    assert done.exit_code == 2
    assert f"out must end in {ending}" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "error"), [("broken", AttributeError), ("mistaken", ValueError)]
)
def test_a_fault_inside_of_the_function_keeps_its_trace(function, error):
    done = said("plane", f"{HERE}:{function}")

    assert isinstance(done.exception, error)
    assert "a fault of its own" in str(done.exception)


def library(source):
    """A function of no file: what it raises is not taken for a fault of the user's own code."""
    names = {}
    exec(compile(source, "<library>", "exec"), names)
    return names["f"]


def test_a_fault_of_many_lines_is_said_in_one(monkeypatch):
    fault = library(
        "from lossedu.arguments.checks import check_positive\n"
        "def f(*_):\n    check_positive('first\\n\\tsecond', -1.0)"
    )
    monkeypatch.setattr("lossedu.commands.landscape.objective_of", fault)

    assert said("line", "anything").stderr.startswith("first second must be ")


def test_a_fault_that_nobody_foresaw_keeps_its_trace(monkeypatch):
    fault = library("def f(*_):\n    raise TypeError('len() takes exactly one argument')")
    monkeypatch.setattr("lossedu.commands.landscape.objective_of", fault)

    assert isinstance(said("line", "anything").exception, TypeError)


def test_a_picture_that_fails_leaves_no_part(tmp_path, monkeypatch):
    fail = library(
        "def f(_, file, **__):\n    file.write_text('half of a pict')\n    raise OSError('no room')"
    )
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)

    done = said("line", f"{HERE}:example", "--out", tmp_path / "a.svg", "--resolution", 3)

    assert done.stderr == "no room\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.points.npz"]


def test_another_runs_points_are_refused(tmp_path):
    command = ["plane", f"{HERE}:example", "--out", tmp_path / "a.html", "--resolution", 3]
    said(*command)

    done = said(*command, "--resume", "--seed", 5)

    assert done.exit_code == 2
    assert "file must be of this run" in done.stderr


def test_the_spectrum_is_written_with_its_largest_eigenvalues(tmp_path):
    out = tmp_path / "deep" / "spectrum.svg"

    done = said("spectrum", f"{HERE}:example", "--out", out, "--top", 3)

    assert done.exit_code == 0, done.output
    found = numbers(out.with_suffix(".npz"))
    objective = example()
    dense = torch.autograd.functional.hessian(
        lambda theta: objective.differentiable(theta, next(objective.batches())), objective.point
    )
    exact = torch.linalg.eigvalsh(dense).flip(0)[:3]
    assert found["eigenvalues"] == pytest.approx(exact.numpy(), rel=1e-3)
    assert np.trapezoid(found["density"], found["grid"]) == pytest.approx(1, abs=0.02)
    assert "eigenvalue" in done.output
    assert out.read_text().startswith("<?xml")
