"""A point that moves in place is followed, and every value is that of its place."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from tests.landscape.objective.models import CLASSES, assert_same, examples, inputs_for, mlp, seen


@pytest.mark.parametrize("batch_norm", ["frozen", "batch", "recomputed"])
def test_a_point_that_is_moved_in_place_is_followed(model, batch_norm):
    x, y = inputs_for(model)
    objective = Objective(model, cross_entropy, (x, y), batch_norm=batch_norm, batch_size=5)
    theta, before = objective.point.clone(), seen(model)
    moves = [torch.randn(objective.size) * size for size in (0.0, 0.1, 1.0)]

    with objective.following(theta) as value:
        found = [value() for move in moves if theta.copy_(objective.point + move) is theta]

    assert found == [objective.value(objective.point + move) for move in moves]
    assert_same(before, seen(model))


class Remembering(nn.Module):
    """Each call adds to a buffer, in place or by a new tensor, and the output depends on it."""

    def __init__(self, in_place):
        super().__init__()
        self.in_place = in_place
        self.head = nn.Linear(5, CLASSES)
        self.register_buffer("calls", torch.ones(()))

    def forward(self, x):
        if self.in_place:
            self.calls += 1
        else:
            self.calls = self.calls + 1
        return self.head(x) * self.calls


@pytest.mark.parametrize("in_place", [True, False])
def test_what_a_call_writes_into_a_buffer_is_gone_before_the_next(in_place):
    objective = Objective(Remembering(in_place), cross_entropy, examples(), batch_size=4)

    with objective.following(objective.point) as value:
        followed = {value() for _ in range(3)}

    assert followed == {objective.value(objective.point)} == {objective.value(objective.point)}


def test_following_ends_where_something_is_raised():
    fails = True

    def failing(outputs, targets):
        if fails:
            raise ValueError("stop")
        return cross_entropy(outputs, targets)

    objective = Objective(mlp(), failing, examples())
    with pytest.raises(ValueError, match="stop"), objective.following(objective.point) as value:
        value()

    fails = False
    assert objective.gradient(objective.point).any()


def test_two_moving_points_are_followed_side_by_side():
    objective = Objective(mlp(), cross_entropy, examples())
    one, other = objective.point.clone(), 2 * objective.point

    with objective.following(one) as first, objective.following(other) as second:
        found = first(), second(), first()

    assert found == (objective.value(one), objective.value(other), objective.value(one))
