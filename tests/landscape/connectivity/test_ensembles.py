"""An ensemble averages probabilities, and gains what Jensen's inequality says."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.calibration import expected_calibration_error
from lossedu.landscape import Objective
from lossedu.landscape.connectivity.ensembles import checkpoint_ensemble
from lossedu.landscape.objective.predictions import predictions
from lossedu.training.random_states import scoped


def members(count=3):
    with scoped(0):
        models = [
            nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
            for _ in range(count)
        ]
        for model in models:
            model(torch.randn(50, 4) + torch.randn(4))  # statistics of its own
    return models


def examples(n=25):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 4, generator=generator), torch.randint(3, (n,), generator=generator)


def test_the_average_is_of_probabilities_with_each_members_own_statistics():
    models, (x, y) = members(), examples()

    ensemble = checkpoint_ensemble(models, (x, y), batch_size=7)

    with torch.no_grad():
        each = [model.eval()(x).double().softmax(-1) for model in models]
    mean = torch.stack(each).mean(0)
    torch.testing.assert_close(ensemble.probabilities, mean, rtol=1e-5, atol=1e-7)
    losses = [-p[torch.arange(25), y].log() for p in (*each, mean)]
    gains = torch.stack(losses[:3]).mean(0) - losses[3]
    assert ensemble.gain == pytest.approx(gains.mean().item(), rel=1e-5)
    assert ensemble.standard_error == pytest.approx(gains.std().item() / 5, rel=1e-5)
    assert ensemble.together["cross_entropy"] == pytest.approx(losses[3].mean().item(), rel=1e-6)
    error = expected_calibration_error(mean, y).item()
    assert ensemble.together["calibration_error"] == pytest.approx(error, abs=1e-6)
    decided = [p.argmax(-1) for p in each]
    assert ensemble.disagreement[0, 1] == (decided[0] != decided[1]).double().mean().item()
    assert ensemble.table().rows[-1][0] == "ensemble"


def test_copies_of_one_model_gain_nothing():
    model = members(1)[0]

    ensemble = checkpoint_ensemble([model] * 4, examples())

    assert ensemble.gain == pytest.approx(0.0, abs=1e-12)
    assert not ensemble.disagreement.any()


@pytest.mark.parametrize("count", range(1, 9))
def test_a_gain_is_never_below_zero(count):
    assert checkpoint_ensemble([members(1)[0]] * count, examples()).gain >= 0


def test_examples_to_ignore_are_left_out():
    model, (x, y) = members(1)[0], examples()
    few = predictions(Objective(model, cross_entropy, (x[5:], y[5:])))
    y[:5] = -100

    said = predictions(Objective(model, cross_entropy, (x, y), batch_size=10))

    assert said.figures() == pytest.approx(few.figures())
    assert predictions(Objective(model, cross_entropy, (x[:5], y[:5]))) is None


@pytest.mark.parametrize(("columns", "highest"), [(1, 2), (2, 9)])
def test_whole_targets_that_are_no_classes_of_the_outputs_are_none(columns, highest):
    x, _ = examples()
    counts = torch.arange(25) % highest

    def loss(outputs, targets):
        return (outputs.mean(1) - targets).square().mean()

    assert predictions(Objective(nn.Linear(4, columns), loss, (x, counts))) is None


class Reversing:
    """Batches that come in another order every time."""

    def __init__(self, *batches):
        self.batches = list(batches)

    def __iter__(self):
        self.batches.reverse()
        return iter(self.batches)


def test_members_of_other_classes_or_with_other_examples_are_refused():
    x, y = examples()
    with pytest.raises(ValueError, match=r"same classes, but have \[3, 5\]"):
        checkpoint_ensemble([nn.Linear(4, 3), nn.Linear(4, 5)], (x, y))
    batches = Reversing((x[:10], y[:10]), (x[10:], y[10:]))
    with pytest.raises(ValueError, match="the same examples in the same order"):
        checkpoint_ensemble(members(2), batches)


def test_a_single_logit_is_two_classes_and_a_number_is_none():
    x, _ = examples()
    model = nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    events = (x[:, 0] > 0).float()

    def loss(outputs, targets):
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    objective = Objective(model, loss, (x, events))
    said = predictions(objective)

    assert said.losses.mean().item() == pytest.approx(objective.value(objective.point), rel=1e-5)
    assert predictions(Objective(model, nn.functional.mse_loss, (x, x[:, 0]))) is None


def test_losses_by_class_average_to_the_loss():
    model, (x, y) = members(1)[0], examples()
    objective = Objective(model, cross_entropy, (x, y))

    by_class = torch.tensor(predictions(objective).loss_by_class())

    mean = float(by_class @ torch.bincount(y, minlength=3).float()) / len(y)
    assert mean == pytest.approx(objective.value(objective.point), rel=1e-5)


def test_no_models_and_no_classifiers_are_refused():
    x, _ = examples()
    with pytest.raises(ValueError, match="at least one model"):
        checkpoint_ensemble([], (x, x))
    with pytest.raises(ValueError, match="must be classifiers"):
        checkpoint_ensemble([nn.Linear(4, 4)], (x, x))
