"""How far weights have moved is what vectors say, and what did not move must be the same."""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from lossedu.landscape import Objective
from lossedu.landscape.reports.movement import check_same_elsewhere, drift, movement


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([3.0, 4.0]))
        self.all = nn.Parameter(torch.tensor([12.0]))

    def forward(self, x):
        return x * self.w.sum() * self.all


def test_a_parameter_called_all_does_not_hide_the_whole():
    x = torch.ones(3, 1)
    objective = Objective(Named(), mse_loss, (x, x))
    end = objective.point + torch.tensor([1.3, 0.0, 0.0])

    found = drift(objective, objective.point, end)

    assert found["all"].relative == pytest.approx(0.1, rel=1e-6)
    assert found["w"].relative == pytest.approx(0.26, rel=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ([0.0, 0.0], [0.0, 0.0], (0.0, 0.0, 1.0)),
        ([0.0, 0.0], [3.0, 4.0], (5.0, float("inf"), 0.0)),
        ([3.0, 0.0], [0.0, 4.0], (5.0, 5 / 3, 0.0)),
        ([1e-14, 0.0], [2e-14, 0.0], (1e-14, 1.0, 1.0)),
        ([], [], (0.0, 0.0, 1.0)),
    ],
)
def test_distance_relative_and_cosine_by_hand(start, end, expected):
    found = movement(*(torch.tensor(v, dtype=torch.float64) for v in (start, end)))

    assert (found.distance, found.relative, found.cosine) == pytest.approx(expected)


def objective(*, bias, frozen_bias=True):
    torch_model = nn.Linear(2, 1, bias=bias).double()
    with torch.no_grad():
        torch_model.weight.fill_(1.0)
        if bias:
            torch_model.bias.zero_()
            torch_model.bias.requires_grad_(not frozen_bias)
    x = torch.eye(2).double()
    return Objective(torch_model, mse_loss, (x, x[:, :1]))


def test_what_one_has_and_the_other_lacks_is_named():
    pair = objective(bias=True), objective(bias=False)

    for first, second in (pair, pair[::-1]):
        with pytest.raises(ValueError, match="'bias' differs too"):
            check_same_elsewhere(first, second)
    with pytest.raises(ValueError, match=r"'bias' differs: of shape \(1,\) in old, missing in new"):
        check_same_elsewhere(objective(bias=True, frozen_bias=False), pair[1], names=("old", "new"))
    check_same_elsewhere(pair[0], objective(bias=True))
