"""The barrier is the highest rise above the chord, and its error estimate is honest."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import mse_loss

from lossedu.landscape import Objective, interpolation
from lossedu.landscape.connectivity.barrier import linear_barrier
from lossedu.training.random_states import scoped


class Given(nn.Module):
    """One number t; its loss is a function of t that a test chooses."""

    def __init__(self, function):
        super().__init__()
        self.t = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.function = function

    def forward(self, x):
        return self.function(self.t) + 0 * x


def objective_of(function):
    return Objective(Given(function), lambda outputs: outputs.mean(), torch.zeros(1).double())


def ends(high=1.0):
    return torch.zeros(1).double(), torch.tensor([high]).double()


def test_the_height_and_place_of_a_known_hill():
    objective = objective_of(lambda t: 3 * t + torch.sin(torch.pi * t) ** 2)

    barrier = linear_barrier(objective, *ends(), tolerance=1e-4)

    assert barrier.converged
    assert barrier.height == pytest.approx(1.0, abs=1e-4 * 3)
    assert barrier.place == pytest.approx(0.5, abs=0.02)
    assert barrier.table().rows[0][-1] == len(barrier.losses)


def test_a_loss_below_its_chord_has_no_barrier():
    barrier = linear_barrier(objective_of(lambda t: (t - 0.3) ** 2), *ends())

    assert barrier.height == 0.0
    assert barrier.converged
    assert len(barrier.losses) == 11


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_rounding_neither_places_a_barrier_nor_says_where_to_look_next(dtype):
    eps = torch.finfo(dtype).eps

    def measured(function, noise, tolerance=1e-2):
        draws = np.random.default_rng(noise)
        model = Given(lambda t: function(t) * (1 + noise * eps * draws.uniform(-1, 1)))
        objective = Objective(model.to(dtype), lambda out: out.mean(), torch.zeros(1).to(dtype))
        start, end = (each.to(dtype) for each in ends())
        return linear_barrier(objective, start, end, tolerance=tolerance)

    def twin_hills(t):  # as high at 1/4 as at 3/4
        return 1 - torch.cos(4 * torch.pi * (t - 0.5)) + 0.5 * torch.cos(8 * torch.pi * (t - 0.5))

    for noise in (1, 2, 3):
        assert measured(lambda t: 0.7 + 0 * t, noise).place == 0.0
        found, expected = (measured(twin_hills, each, 1e-4) for each in (noise, 0))
        assert found.positions.tolist() == expected.positions.tolist()
        assert found.place == expected.place < 0.5


@settings(max_examples=60)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=6), st.floats(0.001, 0.1))
@example([0.0, 0.0, 0.5, 0.0, 0.75, -0.5], 0.0625)  # all of the hill lies before the first point
@example([0.0, 0.5, 1.0, 0.0, 1.0, -0.75], 0.0168)  # and its bend begins there
def test_a_converged_barrier_misses_no_more_than_its_error(weights, tolerance):
    def smooth(t):
        return sum(w * torch.cos((k + 1) * 2.5 * t + w) for k, w in enumerate(weights))

    barrier = linear_barrier(objective_of(smooth), *ends(), tolerance=tolerance, most=513)

    fine = torch.linspace(0, 1, 4001, dtype=torch.float64)
    loss = smooth(fine) if any(weights) else torch.zeros_like(fine)
    true = float((loss - ((1 - fine) * loss[0] + fine * loss[-1])).max())
    assert barrier.converged
    assert barrier.height - 1e-12 <= true <= barrier.height + barrier.error + 1e-9


def test_a_narrow_hill_is_refined_until_it_is_known_and_not_called_converged_before():
    narrow = objective_of(lambda t: torch.exp(-(((t - 0.43) / 0.03) ** 2)))

    few = linear_barrier(narrow, *ends(), tolerance=1e-3, most=12)
    many = linear_barrier(narrow, *ends(), tolerance=1e-3)

    assert not few.converged
    assert many.converged
    assert many.height == pytest.approx(1.0, abs=2e-3)
    assert np.all(np.diff(many.positions) > 0)


def test_a_loss_that_is_not_finite_on_the_way_is_an_infinite_barrier():
    barrier = linear_barrier(objective_of(lambda t: 1 / (t > 0.5).double() - 1), *ends())

    assert barrier.height == np.inf
    assert not barrier.converged


def test_a_loss_that_jumps_is_looked_at_no_longer_than_steps_can_be_halved():
    barrier = linear_barrier(objective_of(lambda t: (t > 0.43).double()), *ends(), most=400)

    assert not barrier.converged
    assert len(barrier.losses) < 400
    assert np.diff(barrier.positions).min() < 1e-15
    assert barrier.height <= 0.57 <= barrier.height + barrier.error


def test_an_end_that_is_not_finite_leaves_the_loss_at_the_other_as_it_is():
    start, end = ends()

    barrier = linear_barrier(objective_of(lambda t: t + 2), start, torch.nan * end)

    assert barrier.height == np.inf
    assert barrier.losses[0] == 2.0
    assert np.isnan(barrier.losses[1:]).all()


def test_an_end_that_would_only_fit_by_broadcasting_is_refused():
    model, x = nn.Linear(3, 2), torch.ones(4, 3)
    objective = Objective(model, mse_loss, (x, x[:, :2]))

    with pytest.raises(ValueError, match=r"end must have shape \(8,\).*but has shape \(1,\)"):
        linear_barrier(objective, objective.point, torch.ones(1))
    with pytest.raises(TypeError, match=r"start must be a tensor or a state_dict, but is ndarray"):
        linear_barrier(objective, np.zeros(8), objective.point)


def test_ends_may_be_what_interpolation_takes(tmp_path):
    model, x = nn.Linear(3, 2), torch.ones(4, 3)
    objective = Objective(model, mse_loss, (x, x[:, :2]))
    end = {name: tensor + 1 for name, tensor in model.state_dict().items()}
    file = tmp_path / "losses.npz"

    plain = linear_barrier(objective, objective.point, objective.flatten(end))
    named = linear_barrier(objective, model.state_dict(), end, file=file)

    assert named.losses.tolist() == plain.losses.tolist()
    line = interpolation(objective, model.state_dict(), end, resolution=11, file=file)
    assert line.evaluations == 0
    again = linear_barrier(objective, model.state_dict(), end, file=file)
    assert again.losses.tolist() == plain.losses.tolist()
    with pytest.raises(ValueError, match="file must be of this run"):
        linear_barrier(objective, end, model.state_dict(), file=file)


def test_arguments_out_of_range_are_refused():
    objective = objective_of(lambda t: t)

    with pytest.raises(ValueError, match="resolution must lie in 3 to most"):
        linear_barrier(objective, *ends(), resolution=2)
    with pytest.raises(ValueError, match="resolution must be a whole number"):
        linear_barrier(objective, *ends(), resolution=5.0)
    with pytest.raises(ValueError, match="tolerance must"):
        linear_barrier(objective, *ends(), tolerance=0.0)


def normed(seed):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 1))
    return model.double()


def test_both_ends_of_a_batch_norm_line_are_right():
    with scoped(0):
        x = 3 + 2 * torch.randn(40, 4).double()
    y = x.sum(1, keepdim=True)
    models = [normed(1), normed(2)]
    own = []
    for model in models:
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for _ in range(200):
            optimizer.zero_grad()
            mse_loss(model(x), y).backward()
            optimizer.step()
        own.append(mse_loss(model(x), y).item())  # in training: statistics of all rows
    objective = Objective(models[0], mse_loss, (x, y), batch_norm="batch")

    start, end = (objective.flatten(model.state_dict()) for model in models)
    barrier = linear_barrier(objective, start, end)

    assert barrier.losses[[0, -1]].tolist() == pytest.approx(own, rel=1e-12)
    frozen = objective.with_batch_norm("frozen")
    assert abs(frozen.value(end) - own[1]) > 10 * own[1]  # the wrong end point that is refused
    with pytest.raises(ValueError, match='but has "frozen"'):
        linear_barrier(frozen, start, end)


def test_another_treatment_of_batch_norm_leaves_the_first_as_it_was():
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).double()
    objective = Objective(normed(1), mse_loss, (x, x[:, :1]))
    before = objective.value(objective.point)

    other = objective.with_batch_norm("batch")
    other.value(other.point)
    statistics = objective.statistics(objective.point)

    assert objective.value(objective.point) == before
    hidden = normed(1)[0](x)
    torch.testing.assert_close(statistics["1.running_mean"], hidden.mean(0).detach())
    torch.testing.assert_close(statistics["1.running_var"], hidden.var(0).detach())
