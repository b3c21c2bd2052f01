"""The gate lets through what keeps its limits with room for the error, and nothing else."""

import json

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.reports.gate import Limit, gate_objective, landscape_gate
from lossedu.landscape.reports.vital_signs import Measured, vital_signs
from lossedu.training.random_states import scoped
from tests.landscape.reports.one_weight import linear

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
    assert json.loads(result.to_json())["passed"] is False


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
    assert result.to_dict()["checks"][0]["measured"]["value"] is None


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
