"""A cyclic schedule ends its cycles where it says, and a snapshot is taken there."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lossedu.landscape.optimisers.restarts import Snapshots, warm_restarts
from lossedu.training import fit


def rates(period, cycles, factor):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    restarts = warm_restarts(optimizer, period=period, cycles=cycles, factor=factor)
    seen = []
    for _ in range(restarts.steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        restarts.schedule.step()
    return restarts, [*seen, optimizer.param_groups[0]["lr"]]


@given(period=st.integers(1, 9), cycles=st.integers(1, 4), factor=st.integers(1, 3))
def test_a_cycle_ends_one_step_before_the_rate_is_highest_again(period, cycles, factor):
    restarts, seen = rates(period, cycles, factor)

    highest = [step for step, rate in enumerate(seen) if rate == pytest.approx(1.0)]

    assert tuple(highest[1:]) == restarts.snapshot_steps
    for start, end in pairwise(highest):
        assert seen[start:end] == sorted(seen[start:end], reverse=True)


def test_snapshots_are_the_weights_after_those_steps_and_later_training_leaves_them():
    model, x = nn.Linear(2, 1), torch.eye(2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    restarts = warm_restarts(optimizer, period=2, cycles=3)
    snapshots, weights = Snapshots(restarts.snapshot_steps), []

    class Trace:
        def after_step(self, run):
            weights.append(run.model.weight.detach().clone())

    fit(
        model,
        nn.MSELoss(),
        (x, x[:, :1]),
        optimizer=optimizer,
        schedule=restarts.schedule,
        steps=7,
        progress=False,
        callbacks=[snapshots, Trace()],
    )

    taken = [state["weight"] for state in snapshots.states]
    assert [torch.equal(a, weights[step - 1]) for a, step in zip(taken, (2, 4, 6), strict=True)]
    torch.testing.assert_close(taken, [weights[1], weights[3], weights[5]], rtol=0, atol=0)
    again = Snapshots(restarts.snapshot_steps)
    again.load_state_dict(snapshots.state_dict())
    assert len(again.states) == 3


def test_arguments_out_of_range_are_refused():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)

    with pytest.raises(ValueError, match="cycles must"):
        warm_restarts(optimizer, period=3, cycles=0)
    with pytest.raises(ValueError, match="lowest must"):
        warm_restarts(optimizer, period=3, cycles=1, lowest=-1.0)
    with pytest.raises(ValueError, match=r"lowest must lie in \[0, 1\]"):
        warm_restarts(optimizer, period=3, cycles=1, lowest=2.0)
