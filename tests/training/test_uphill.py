"""An optimizer that steps by the gradient of another point gets it from `fit`."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from lossedu.landscape import SAM
from lossedu.training import Checkpoints
from tests.training.conftest import small_data, small_model


def uphill(parameters, rho=0.1, model=None):
    base = torch.optim.SGD(parameters, lr=0.1, momentum=0.9)
    return SAM(base, rho=rho, model=model)


def with_norm():
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def same(one, other):
    mine, theirs = one.state_dict(), other.state_dict()
    return all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_run_is_that_of_a_plain_loop_with_a_closure(quick_fit):
    x, y = small_data(24)
    batches = [(x[k : k + 8], y[k : k + 8]) for k in (0, 8, 16)]
    expected = with_norm()
    optimizer = uphill(expected.parameters(), model=expected)
    losses = []
    for inputs, targets in batches * 3:

        def closure(inputs=inputs, targets=targets):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(expected(inputs), targets)
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())

    ours = with_norm()
    history, _ = quick_fit(ours, train=batches, epochs=3, optimizer=partial(uphill, model=ours))

    assert history.steps["loss"] == losses
    assert same(ours, expected)
    assert history.settings["optimizer"] == "SAM"


def test_at_rho_zero_it_is_its_base_bit_for_bit_dropout_included(quick_fit):
    base = partial(torch.optim.SGD, lr=0.1, momentum=0.9, foreach=False)

    _, ours = quick_fit(small_model(dropout=0.5), optimizer=partial(uphill, rho=0.0))
    _, theirs = quick_fit(small_model(dropout=0.5), optimizer=base)

    assert same(ours, theirs)


def test_accumulated_and_clipped_gradients_are_those_uphill(quick_fit):
    x, y = small_data(24)
    parts = [(x[k : k + 4], y[k : k + 4]) for k in range(0, 24, 4)]
    whole = [(x[k : k + 12], y[k : k + 12]) for k in (0, 12)]

    several, one = (
        quick_fit(train=train, optimizer=uphill, accumulate=k, clip=0.2)
        for train, k in ((parts, 3), (whole, 1))
    )

    assert several[0].steps["loss"] == pytest.approx(one[0].steps["loss"], rel=1e-5)
    assert max(one[0].steps["gradient_norm_clipped"]) == pytest.approx(0.2, rel=1e-4)
    for ours, theirs in zip(several[1].parameters(), one[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_what_is_reported_of_an_epoch_is_of_the_parameters_themselves(quick_fit):
    seen = []

    def remembered(outputs, _):
        seen.append(outputs)
        return 0.0

    quick_fit(optimizer=partial(uphill, rho=1e-12), metrics={"seen": remembered})
    quick_fit(optimizer=partial(uphill, rho=5.0), metrics={"seen": remembered})

    assert torch.equal(seen[0][:8], seen[2][:8])
    assert [len(outputs) for outputs in seen] == [23] * 4


def test_an_interrupted_run_goes_on_as_if_it_had_not_stopped(quick_fit, tmp_path):
    whole = quick_fit(optimizer=uphill, epochs=4)[1]

    quick_fit(optimizer=uphill, epochs=2, checkpoints=Checkpoints(tmp_path))
    rest = quick_fit(optimizer=uphill, epochs=4, checkpoints=Checkpoints(tmp_path))[1]

    assert same(rest, whole)


def test_what_is_not_finite_uphill_alone_stops_the_run_at_the_weights_before(quick_fit):
    class Cliff(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 2))

        def forward(self, x):
            return x @ self.weight * torch.where(self.weight.max() > 1.01, math.nan, 1.0)

    history, model = quick_fit(Cliff(), optimizer=partial(uphill, rho=1.0), epochs=1)

    assert [event["kind"] for event in history.events] == ["nonfinite"]
    assert torch.equal(model.weight, torch.ones(3, 2))
