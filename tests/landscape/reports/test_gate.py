"""The gate lets through what keeps its limits with room for the error, and nothing else."""

import json
import subprocess
import sys

import pytest
import torch
import typer
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
from typer.testing import CliRunner

from lossedu.commands.landscape_reports import _names, compare, gate, paths
from lossedu.commands.train import train
from lossedu.landscape import Objective
from lossedu.landscape.reports.gate import Limit, gate_objective, landscape_gate, read_limits
from lossedu.landscape.reports.vital_signs import Measured, vital_signs
from lossedu.training.random_states import scoped
from lossedu.training.saved_runs import read_run

Norm = nn.BatchNorm1d


def examples():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(30, 4, generator=generator).double()
    return x, (x[:, 0] > 0).long()


def network(seed=0):
    with scoped(seed):
        return nn.Sequential(
            nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)
        ).double()


def gated(limits, model=None, **options):
    return landscape_gate(model or network(), cross_entropy, examples(), limits, **options)


def test_every_figure_can_be_limited_and_is_the_models():
    from lossedu.landscape.reports.gate import ALONE, BESIDE, HELD_OUT

    model, other = network(), network(1)
    names = (*ALONE, *HELD_OUT, *BESIDE)

    result = gated({name: Limit() for name in names}, model, reference=other)

    values = {check.name: check.measured.value for check in result.checks}
    x, y = examples()
    model.eval()
    assert list(values) == list(names)
    assert values["loss"] == pytest.approx(cross_entropy(model(x), y).item(), rel=1e-10)
    assert values["accuracy"] == (model(x).argmax(-1) == y).double().mean().item()
    mine, theirs = (nn.utils.parameters_to_vector(m.parameters()) for m in (model, other))
    assert values["drift"] == pytest.approx(((mine - theirs).norm() / theirs.norm()).item())
    assert result.passed
    assert result.exit_code == 0


def test_one_limit_that_is_not_kept_fails_the_gate():
    result = gated({"loss": Limit(most=100.0), "accuracy": Limit(least=1.01)})

    assert [check.passed for check in result.checks] == [True, False]
    assert result.exit_code == 1
    assert [row[-1] for row in result.table().rows] == ["passed", "failed"]
    assert json.loads(json.dumps(result.as_json(), allow_nan=False))["passed"] is False


@pytest.mark.parametrize(
    ("measured", "limit", "admitted"),
    [
        (Measured(1.0, 0.1), Limit(most=1.2), True),
        (Measured(1.0, 0.3), Limit(most=1.2), False),
        (Measured(1.0, 0.3), Limit(least=0.8), False),
        (Measured(1.0, 0.1, converged=False), Limit(most=9.0), False),
        (Measured(float("nan")), Limit(), False),
        (Measured(float("inf")), Limit(least=0.0), False),
        (Measured(1.0, float("nan")), Limit(), False),
    ],
)
def test_a_figure_passes_with_its_error_or_not_at_all(measured, limit, admitted):
    assert limit.admits(measured) is admitted


def test_a_model_that_has_diverged_fails_and_does_not_crash():
    model = network()
    with torch.no_grad():
        model[3].bias.fill_(torch.nan)

    result = gated({"loss": Limit(), "top_eigenvalue": Limit(), "trace": Limit()}, model)

    assert not any(check.passed for check in result.checks)
    assert result.as_json()["checks"][0]["measured"]["value"] is None


class Bent(nn.Module):
    """Its second derivative at 0 is infinite; its loss and gradient are fine."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2).double())

    def forward(self, x):
        return (self.w.abs() ** 1.5).sum() + x


def test_a_curvature_that_is_not_finite_fails_its_own_limits_alone():
    x = torch.ones(3, 1).double()
    limits = {"loss": Limit(most=1.0), "top_eigenvalue": Limit(), "trace": Limit()}

    result = landscape_gate(Bent(), mse_loss, (x, 0 * x), limits)

    assert [check.passed for check in result.checks] == [True, False, False]
    with pytest.raises(ValueError, match="tolerance must"):
        landscape_gate(Bent(), mse_loss, (x, x), limits, tolerance=-1.0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_error_of_sharpness_holds_what_rounding_does_to_it(dtype, seed):
    x, y = examples()
    model = nn.Sequential(*(layer for layer in network(seed) if not isinstance(layer, Norm)))

    exact = vital_signs(Objective(model, cross_entropy, (x, y))).sharpness.value
    rounded = Objective(model.to(dtype), cross_entropy, (x.to(dtype), y))
    found = vital_signs(rounded).sharpness

    assert abs(found.value - exact) <= found.error


def test_stale_statistics_are_caught():
    model = network()
    x, _ = examples()
    model[1].momentum = None
    model.train()(x)
    assert gated({"statistics_gap": Limit(most=0.01)}, model).passed
    model[1].running_var *= 1e-4

    assert not gated({"statistics_gap": Limit(most=0.01)}, model).passed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "must be a mapping"),
        ("loss: many", "'loss' has 'many'"),
        ("loss: {highest: 3}", "highest"),
        ("loss: [", "must be a YAML or JSON file"),
        ("loss: true", "has True"),
        ("loss: 1\n\ndrift: [", "line 3: expected the node content"),
        ("loss: .nan", "'loss'"),
        ("trace: 1\nloss: {least: 2, most: 1}", "least is 2 and most 1.*'loss'"),
        ("loss: [1]", r"has \[1\]"),
    ],
)
def test_a_file_of_limits_that_says_nothing_is_refused(tmp_path, text, said):
    (tmp_path / "limits.yaml").write_text(text)

    with pytest.raises(ValueError, match=said) as caught:
        read_limits(tmp_path / "limits.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_limits_that_cannot_be_read_are_said_to_be(tmp_path, name):
    with pytest.raises(ValueError, match="must be a text file that can be read"):
        read_limits(tmp_path / name)


@pytest.mark.parametrize(
    "text", ['{"loss": 1e-3,\n\t"trace": {"most": 2E+2}}', "loss: 1e-3\ntrace: {most: 2E+2}"]
)
def test_numbers_with_exponents_are_numbers(tmp_path, text):
    (tmp_path / "limits").write_text(text)

    assert read_limits(tmp_path / "limits") == {"loss": Limit(0.001), "trace": Limit(200.0)}


def test_a_limit_that_nothing_can_keep_is_refused():
    for ends in ({"least": 2.0, "most": 1.0}, {"most": float("nan")}):
        with pytest.raises(ValueError, match="least must not be above most"):
            Limit(**ends)


def test_yaml_and_json_say_the_same(tmp_path):
    (tmp_path / "a.yaml").write_text("loss: 3\naccuracy: {least: 0.5}\n")
    (tmp_path / "a.json").write_text('{"loss": 3, "accuracy": {"least": 0.5}}')

    limits = read_limits(tmp_path / "a.yaml")

    assert limits == read_limits(tmp_path / "a.json")
    assert limits == {"loss": Limit(most=3.0), "accuracy": Limit(least=0.5)}


def test_limits_that_cannot_be_measured_are_refused():
    with pytest.raises(ValueError, match=r"hold 'sharpnes'\. Hint: did you mean 'sharpness'"):
        gated({"sharpnes": Limit()})
    with pytest.raises(ValueError, match="but hold none"):
        gated({})
    with pytest.raises(ValueError, match="reference must be given"):
        gated({"drift": Limit()})
    x, _ = examples()
    with pytest.raises(ValueError, match="is for classifiers"):
        landscape_gate(
            nn.Linear(4, 1).double(), mse_loss, (x, x[:, :1]), {"accuracy": Limit(least=0.5)}
        )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two short runs of the digits recipe, as ``lossedu train`` writes them."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        (folder / "config.yaml").write_text(f"recipe: digits\nepochs: 2\nseed: {seed}\n")
        command = [sys.executable, "-m", "lossedu", "train", str(folder / "config.yaml")]
        subprocess.run([*command, "--out", str(folder / str(seed)), "--quiet"], check=True)
    return folder


@pytest.fixture
def run():
    app = typer.Typer()
    for command in (compare, gate, paths):
        app.command()(command)

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


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


def linear(value):
    model = nn.Linear(1, 1, bias=False).double()
    with torch.no_grad():
        model.weight.fill_(value)
    x = torch.tensor([[1.0], [2.0]]).double()
    return Objective(model, mse_loss, (x, 3 * x))


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
    assert found == direct.as_json()
    values = {check["name"]: check["measured"]["value"] for check in found["checks"]}
    assert values == pytest.approx({"trace": 5.0, "drift": 1.0, "barrier": 0.0})
    assert compared.exit_code == 0, compared.stderr
    assert (tmp_path / "out" / "comparison.html").is_file()


def test_a_reference_that_differs_in_what_does_not_vary_is_refused():
    pair = []
    for value in (1.0, 2.0):
        model = nn.Linear(2, 1).double()
        with torch.no_grad():
            model.bias.fill_(value)
        model.bias.requires_grad_(False)
        x = torch.eye(2).double()
        pair.append(Objective(model, mse_loss, (x, x[:, :1])))

    with pytest.raises(ValueError, match="'bias' differs too"):
        gate_objective(pair[0], {"drift": Limit()}, reference=pair[1])
    with pytest.raises(ValueError, match="'weight' differs"):
        gate_objective(pair[0], {"drift": Limit()}, reference=linear(1.0))


def test_a_reference_whose_buffers_give_other_losses_is_refused():
    class Scaled(nn.Linear):
        def __init__(self, scale):
            super().__init__(2, 1)
            self.register_buffer("scale", torch.tensor(scale))

        def forward(self, x):
            return super().forward(x) * self.scale

    x = torch.eye(2)
    data = (x, x[:, :1])

    with pytest.raises(ValueError, match="model must differ from reference in what varies alone"):
        landscape_gate(Scaled(1.0), mse_loss, data, {"barrier": Limit()}, reference=Scaled(9.0))
    result = landscape_gate(Scaled(1.0), mse_loss, data, {"loss": Limit()}, reference=Scaled(9.0))
    assert result.passed


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
