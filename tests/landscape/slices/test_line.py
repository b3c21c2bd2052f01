"""A line meets its ends exactly and refuses ends of which one would be wrong."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import random_directions
from lossedu.landscape.slices.line import interpolation, line
from lossedu.landscape.slices.plane import plane
from lossedu.training.random_states import scoped

X = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long() + (X[:, 1] > 0).long()


def net(seed):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))
        model(X + seed)
    return model.eval()


def own_loss(model, **options):
    objective = Objective(model, cross_entropy, (X, Y), **options)
    return objective.value(objective.point)


@pytest.mark.parametrize("batch_norm", ["batch", "recomputed"])
def test_both_ends_have_exactly_their_models_losses(batch_norm):
    first, second = net(0), net(1)
    objective = Objective(first, cross_entropy, (X, Y), batch_norm=batch_norm)

    found = interpolation(objective, first.state_dict(), second.state_dict(), resolution=7)

    assert found.losses[0] == own_loss(first, batch_norm=batch_norm)
    assert found.losses[-1] == own_loss(second, batch_norm=batch_norm)
    half = objective.flatten(first.state_dict()) / 2 + objective.flatten(second.state_dict()) / 2
    assert found.losses[3] == pytest.approx(objective.value(half), rel=1e-5)


def test_frozen_statistics_of_one_end_are_refused():
    first, second = net(0), net(1)
    objective = Objective(first, cross_entropy, (X, Y))

    with pytest.raises(ValueError, match=r"'1\.running_mean'.*recomputed"):
        interpolation(objective, first.state_dict(), second.state_dict())
    with pytest.raises(ValueError, match="end must have the running statistics"):
        interpolation(objective, objective.point, second.state_dict())
    with pytest.raises(ValueError, match="start must have the running statistics"):
        interpolation(objective, second.state_dict(), second.state_dict())
    assert interpolation(objective, first.state_dict(), first.state_dict(), resolution=2).range


@pytest.mark.parametrize("draw", [line, plane])
def test_a_centre_with_other_statistics_than_the_frozen_ones_is_refused(draw):
    first, second = net(0), net(1)
    objective = Objective(first, cross_entropy, (X, Y), dtype=torch.float64)

    with pytest.raises(ValueError, match=r"centre must have.*'1\.running_mean'.*recomputed"):
        draw(objective, centre=second.state_dict(), resolution=3)
    assert draw(objective, centre=first.state_dict(), resolution=3).range
    assert draw(objective, second.state_dict(), resolution=3).range


def test_it_may_go_beyond_both_ends():
    objective = Objective(net(0), cross_entropy, (X, Y), batch_norm="batch")
    start, end = objective.point, 1.1 * objective.point

    found = interpolation(objective, start, end, beyond=0.5, resolution=9)

    assert found.at[0] == pytest.approx(-0.5)
    assert found.at[-1] == pytest.approx(1.5)
    assert (np.diff(found.at) > 0).all()
    assert set(np.linspace(0, 1, 9)) <= set(found.at)
    expected = objective.value(start + found.at[0] * (end - start))
    assert found.losses[0] == pytest.approx(expected, rel=1e-5)


def test_a_line_is_the_middle_row_of_a_plane():
    objective = Objective(net(0), cross_entropy, (X, Y))
    first, second = random_directions(objective)

    along = line(objective, first, resolution=9)
    grid = plane(objective, first, second, resolution=9, fill="grid")

    assert np.array_equal(along.losses, grid.losses[4])
    assert along.at[4] == 0
    assert np.array_equal(line(objective, resolution=9).losses, along.losses)


def test_a_line_around_another_point():
    objective = Objective(net(0), cross_entropy, (X, Y), batch_norm="batch")
    other = copy.deepcopy(net(1))

    found = line(objective, centre=other.state_dict(), resolution=3)

    assert found.losses[1] == own_loss(other, batch_norm="batch")


def test_what_is_not_finite_is_said_to_be():
    def broken(outputs, targets):
        loss = cross_entropy(outputs, targets)
        return loss / (loss < 1.5)

    objective = Objective(net(0), broken, (X, Y))
    found = line(objective, span=20, resolution=21)

    assert not found.finite[0]
    assert found.finite[10]
    assert np.isfinite(found.range).all()
    assert ["places not finite", str(int((~found.finite).sum()))] == list(found.table().text()[5])


@pytest.mark.parametrize("given", [{"span": 0.0}, {"resolution": 0}, {"direction": torch.zeros(3)}])
def test_what_cannot_be_is_refused(given):
    with pytest.raises(ValueError, match=f"{next(iter(given))} must"):
        line(Objective(net(0), cross_entropy, (X, Y)), **given)


def test_a_way_has_two_ends():
    objective = Objective(net(0), cross_entropy, (X, Y))

    with pytest.raises(ValueError, match="resolution must be at least 2"):
        interpolation(objective, objective.point, 2 * objective.point, resolution=1)


def test_beyond_is_not_negative():
    objective = Objective(net(0), cross_entropy, (X, Y))

    with pytest.raises(ValueError, match="beyond must"):
        interpolation(objective, objective.point, objective.point, beyond=-0.1)
