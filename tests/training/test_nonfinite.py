"""The first step and the layer where a NaN arose, and a healthy state left behind."""

import pytest
import torch
from torch import nn

from lossedu.training import diagnose, restore_model
from lossedu.training.nonfinite import in_gradients
from tests.training.conftest import small_data, small_model


class RootOfZero(nn.Module):
    """Finite, but its gradient is not."""

    def forward(self, x):
        return (x * 0).sqrt() + x


class LogOfNegative(nn.Module):
    """Not finite for negative input, from the third batch on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += self.training
        return x + (x.amin().log() * 0 if self.calls > 2 else 0)


def model_with(layer):
    return nn.Sequential(nn.Linear(3, 8), layer, nn.Linear(8, 2))


def finite(model):
    return all(p.isfinite().all() for p in model.parameters())


def test_a_layer_whose_output_is_not_finite_is_named(quick_fit):
    history, model = quick_fit(model_with(LogOfNegative()), epochs=5)

    assert history.events == [{"kind": "nonfinite", "step": 2, "where": "1", "what": "output"}]
    assert len(history.steps["step"]) == 3
    assert finite(model)


def test_a_gradient_that_is_not_finite_is_traced_to_the_layer_below_it(quick_fit):
    history, model = quick_fit(model_with(RootOfZero()), epochs=5)

    assert history.events == [{"kind": "nonfinite", "step": 0, "where": "0", "what": "gradient"}]
    assert finite(model)


def test_bad_input_is_named_as_such(quick_fit):
    x, y = small_data()
    x[11] = float("nan")

    history, _ = quick_fit(train=[(x[:8], y[:8]), (x[8:], y[8:])], epochs=5)

    assert history.events == [{"kind": "nonfinite", "step": 1, "where": "inputs", "what": "value"}]


def test_a_loss_that_is_not_finite_is_named_as_such(quick_fit):
    def broken(outputs, targets):
        return (outputs.sum() - outputs.sum().detach() - 1).log()

    history, _ = quick_fit(loss=broken, epochs=5)

    assert history.events[0]["step"] == 0
    assert history.events[0]["what"] in ("loss", "gradient")


def test_parameters_that_are_bad_from_the_start_are_named(quick_fit):
    model = small_model()
    with torch.no_grad():
        model[3].bias[0] = float("inf")

    history, _ = quick_fit(model, epochs=5)

    assert history.events[0] | {"where": "3", "what": "parameter"} == history.events[0]


def test_a_run_that_failed_leaves_its_last_good_checkpoint(quick_fit, tmp_path):
    model = model_with(LogOfNegative())

    quick_fit(model, epochs=5, checkpoints=tmp_path)

    assert not list(tmp_path.glob("last-*"))  # no time has passed before it failed


class OnlyInTraining(nn.Module):
    """Statistics that evaluation alone uses, and that are not numbers."""

    def forward(self, x):
        return x if self.training else x * torch.nan


@pytest.mark.parametrize(
    ("layer", "spoil", "place"),
    [
        (OnlyInTraining(), False, {"where": "1", "what": "output"}),
        (nn.ReLU(), True, {"where": "inputs", "what": "value"}),
    ],
)
def test_a_validation_loss_that_is_not_finite_is_traced_and_diagnosed(
    quick_fit, layer, spoil, place
):
    x, y = small_data(9)
    x[4, 0] = torch.nan if spoil else 0.0

    history, model = quick_fit(model_with(layer), valid=(x, y), epochs=3)

    event = {"kind": "nonfinite_validation", "step": 3, "epoch": 0}
    assert history.events == [event | place]
    (found,) = diagnose(history)
    assert (found.name, found.severity, found.first_step) == ("NaN or overflow", "critical", 3)
    assert place["where"] in found.evidence
    assert "In 3 of 3 epochs" in found.evidence
    assert model.training


def test_an_epoch_whose_validation_loss_is_nan_is_never_the_best(quick_fit, tmp_path):
    model = model_with(nn.ReLU())

    class SpoilTheFirst(nn.Module):
        def __init__(self):
            super().__init__()
            self.validated = 0

        def forward(self, outputs, targets):
            self.validated += not torch.is_grad_enabled()
            value = nn.functional.cross_entropy(outputs, targets)
            return value * torch.nan if self.validated == 1 else value + 10 * self.validated

    loss = SpoilTheFirst()
    loss.reduction = None
    valid = small_data(9)
    history, _ = quick_fit(model, loss=loss, valid=valid, epochs=2, checkpoints=tmp_path)

    assert history.epochs["valid_loss"][0] != history.epochs["valid_loss"][0]
    assert history.epochs["train_loss"][0] < history.epochs["valid_loss"][1]
    assert restore_model(model, tmp_path) == 6


def test_of_many_bad_gradients_the_one_nearest_to_the_loss_counts():
    norms = torch.tensor([float("nan"), float("inf"), 1.0])

    assert in_gradients(["a.weight", "b.c.bias", "d"], norms) == {
        "where": "b.c",
        "what": "gradient",
    }
    assert in_gradients(["a"], torch.ones(1)) is None


@pytest.mark.parametrize("kind", ["output", "gradient"])
def test_running_means_are_left_as_they_were(quick_fit, kind):
    layer = LogOfNegative() if kind == "output" else RootOfZero()
    norm = nn.BatchNorm1d(8)
    model = nn.Sequential(nn.Linear(3, 8), norm, layer, nn.Linear(8, 2))

    history, _ = quick_fit(model, epochs=5)

    assert int(norm.num_batches_tracked) == len(history.steps["step"])
