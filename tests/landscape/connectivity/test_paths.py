"""Paths meet their ends exactly and stay low where the straight line does not."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.connectivity.paths import low_loss_path
from lossedu.training.random_states import scoped

KINDS = ["bezier", "polygonal"]


class Ring(nn.Module):
    """Two numbers whose loss is low on the unit circle, high inside and outside."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.tensor([1.0, 0.0], dtype=torch.float64))

    def forward(self, x):
        return (self.place.square().sum() - 1) ** 2 + x.sum() * 0


def ring():
    objective = Objective(Ring(), lambda loss: loss, torch.zeros(1))
    # Exactly opposite points would have no side to turn to.
    return objective, torch.tensor([1.0, 0.05]).double(), torch.tensor([-1.0, 0.05]).double()


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_goes_round_a_hill(kind):
    path = low_loss_path(*ring(), kind=kind, bends=3, steps=800, learning_rate=0.02, seed=1)

    assert path.straight.max() > 0.9
    assert path.highest < 0.15 * path.straight.max()
    assert path.barrier < 0.15


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bends", [1, 2, 3])
def test_ends_are_exact(kind, bends):
    objective, start, end = ring()
    generator = torch.Generator().manual_seed(0)
    start, end = (torch.randn(2, generator=generator, dtype=torch.float64) for _ in range(2))

    path = low_loss_path(objective, start, end, kind=kind, bends=bends, steps=3)

    assert torch.equal(path.at(0.0), start)
    assert torch.equal(path.at(1.0), end)
    assert path.losses[0] == objective.value(start)
    assert path.losses[-1] == objective.value(end)


def test_a_bezier_curve_is_de_casteljaus_and_a_chain_is_straight_between_bends():
    objective, start, end = ring()
    bezier = low_loss_path(objective, start, end, bends=2, steps=5)
    chain = low_loss_path(objective, start, end, kind="polygonal", bends=2, steps=5)

    points = list(bezier.bends)
    while len(points) > 1:
        points = [0.7 * a + 0.3 * b for a, b in pairwise(points)]

    torch.testing.assert_close(bezier.at(0.3), points[0])
    torch.testing.assert_close(chain.at(0.5), (chain.bends[1] + chain.bends[2]) / 2)
    torch.testing.assert_close(chain.at(1 / 3), chain.bends[1])


def test_a_seed_decides_the_path():
    first, again, other = (low_loss_path(*ring(), steps=20, seed=s) for s in (1, 1, 2))

    assert torch.equal(first.bends, again.bends)
    assert not torch.equal(first.bends, other.bends)


def test_the_loss_along_a_path_is_the_objectives_and_its_table_says_the_highest():
    objective, start, end = ring()

    path = low_loss_path(objective, start, end, steps=10, resolution=5)

    again = [objective.value(path.at(t)) for t in path.positions]
    np.testing.assert_array_equal(path.losses, again)
    assert path.table().rows[1][1] == path.highest


def test_batch_norm_is_recomputed_along_the_path_and_the_model_untouched():
    with scoped(0):
        model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2))
        x, y = 2 + torch.randn(30, 4), torch.randint(2, (30,))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    objective = Objective(model, cross_entropy, (x, y), batch_norm="recomputed", batch_size=10)
    end = objective.point + 0.5 * torch.ones(objective.size)

    path = low_loss_path(objective, objective.point, end, steps=12, resolution=5)

    assert path.losses[-1] == objective.value(end)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    frozen = Objective(model, cross_entropy, (x, y))
    with pytest.raises(ValueError, match='but has "frozen"'):
        low_loss_path(frozen, objective.point, end, steps=1)


class CoarseRing(Ring):
    """A ring about another centre, with a loss of another size."""

    def __init__(self, dtype, centre, size):
        super().__init__()
        self.to(dtype)
        self.centre, self.size = centre, size

    def forward(self, x):
        radius = (self.place.float() - self.centre).square().sum()
        return self.size * (radius - 1) ** 2


@pytest.mark.parametrize(
    ("dtype", "centre", "size"), [(torch.float16, 0.0, 1e-3), (torch.bfloat16, 8.0, 1.0)]
)
def test_a_path_of_coarse_numbers_goes_round_a_hill_too(dtype, centre, size):
    model = CoarseRing(dtype, centre, size)
    objective = Objective(model, lambda loss: loss, torch.zeros(1))
    start, end = ((centre + point).to(dtype) for point in ring()[1:])

    path = low_loss_path(objective, start, end, bends=3, steps=800, learning_rate=0.01, seed=1)

    assert path.straight.max() > 0.9 * size
    assert path.highest < 0.15 * path.straight.max()
    assert torch.equal(path.at(1.0), end.float())


class Hole(nn.Module):
    """A number whose loss is not finite above one half."""

    def __init__(self):
        super().__init__()
        self.t = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return (1 / (self.t < 0.5)).sum() + self.t.sum()


def test_a_loss_that_is_not_finite_on_the_way_is_an_infinite_barrier():
    objective = Objective(Hole(), lambda loss: loss, torch.zeros(1))

    path = low_loss_path(objective, torch.zeros(1), torch.ones(1), steps=2)

    assert path.highest == np.inf
    assert path.barrier == np.inf
    assert [row[2] for row in path.table().rows] == [np.inf, np.inf]


def test_ends_may_carry_gradients_and_the_caller_may_have_turned_them_off():
    objective, start, end = ring()
    expected = low_loss_path(objective, start, end, steps=5)

    with torch.no_grad():
        off = low_loss_path(objective, start, end, steps=5)
    carried = low_loss_path(objective, start.requires_grad_() * 1, end, steps=5)

    assert torch.equal(off.bends, expected.bends)
    assert torch.equal(carried.bends, expected.bends)
    assert not carried.bends.requires_grad


def test_ends_may_be_state_dicts():
    objective, start, end = ring()
    named = [objective.unflatten(point) for point in (start, end)]

    expected = low_loss_path(objective, start, end, steps=3)
    path = low_loss_path(objective, *named, steps=3)

    assert torch.equal(path.bends, expected.bends)


def test_an_end_of_another_size_is_refused():
    objective, start, _ = ring()

    with pytest.raises(ValueError, match=r"end must have shape \(2,\).*but has shape \(1,\)"):
        low_loss_path(objective, start, torch.ones(1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "spline"}, "kind must"),
        ({"bends": 0}, "bends must"),
        ({"steps": 0}, "steps must"),
        ({"resolution": 1}, "resolution must be at least 2"),
        ({"resolution": 2.5}, "resolution must be a whole number"),
        ({"learning_rate": 0.0}, "learning_rate must"),
    ],
)
def test_arguments_out_of_range_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        low_loss_path(*ring(), **given)
