"""Batch norm takes the statistics that were asked for: frozen, of the batch or recomputed."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from lossedu.landscape import Objective
from tests.landscape.objective.models import examples, seeded, with_batch_norm


def test_recomputed_statistics_are_those_of_all_examples_at_the_point():
    model, (x, y) = with_batch_norm(), examples()
    objective = Objective(
        model, cross_entropy, (x, y), batch_norm="recomputed", dtype=torch.float64
    )
    theta = objective.point + torch.randn(objective.size, dtype=torch.float64)
    named = objective.unflatten(theta)
    hidden = x.double() @ named["0.weight"].T + named["0.bias"]
    scaled = (hidden - hidden.mean(0)) / (hidden.var(0) + model[1].eps).sqrt()
    scaled = torch.relu(scaled * named["1.weight"] + named["1.bias"])
    expected = cross_entropy(scaled @ named["3.weight"].T + named["3.bias"], y).item()

    assert objective.value(theta) == pytest.approx(expected, rel=1e-12)


def test_recomputed_statistics_weigh_batches_by_their_examples():
    model, (x, _) = nn.BatchNorm1d(5).double(), examples(n=9)
    x = x.double()
    batches = [(x[:2], x[:2]), (x[2:], x[2:])]
    mean = x.mean(0)
    variance = (2 * x[:2].var(0) + 7 * x[2:].var(0)) / 9
    expected = mse_loss((x - mean) / (variance + model.eps).sqrt(), x).item()

    objective = Objective(model, mse_loss, batches, batch_norm="recomputed")

    assert objective.value(objective.point) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match='"recomputed"'):
        objective.gradient(objective.point)


def test_batch_statistics_are_those_of_training():
    model, (x, y) = with_batch_norm(), examples()
    objective = Objective(model, cross_entropy, (x, y), batch_norm="batch")

    own = cross_entropy(copy.deepcopy(model).train()(x), y).item()

    assert objective.value(objective.point) == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_recomputed_statistics_do_not_depend_on_the_old_ones(bad):
    model, data = seeded(with_batch_norm), examples()
    fresh = Objective(model, cross_entropy, data, batch_norm="recomputed")
    model[1].running_mean.fill_(bad)
    model[1].running_var.fill_(bad)
    lost = Objective(model, cross_entropy, data, batch_norm="recomputed")

    assert lost.value(lost.point) == fresh.value(fresh.point)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(5)

    def forward(self, x):
        return self.norm(x) + self.norm(3 * x + 5)


def test_a_layer_that_is_called_twice_averages_both_calls():
    x, _ = examples()
    batches = [(x[:4], x[:4]), (x[4:], x[4:])]
    objective = Objective(Siamese(), mse_loss, batches, batch_norm="recomputed")

    found = objective.statistics(objective.point)

    torch.testing.assert_close(found["norm.running_mean"], (x.mean(0) + (3 * x + 5).mean(0)) / 2)
    hooks = [module._forward_pre_hooks for module in objective.functional().norms]
    assert not any(hooks)


SYNCHRONISED = """
import torch
from torch import nn
from accelerate import PartialState
PartialState(cpu=True)
from torch.nn.functional import cross_entropy
from lossedu.landscape import Objective
from lossedu.landscape.slices.line import line
from tests.landscape.objective.models import examples, seeded, with_batch_norm
model = nn.SyncBatchNorm.convert_sync_batchnorm(seeded(with_batch_norm))
for batch_norm in ("batch", "recomputed"):
    plain = Objective(seeded(with_batch_norm), cross_entropy, examples(), batch_norm=batch_norm)
    found = Objective(model, cross_entropy, examples(), batch_norm=batch_norm)
    assert line(found, resolution=3).losses.tolist() == line(plain, resolution=3).losses.tolist()
assert type(model[1]) is nn.SyncBatchNorm
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_synchronised_batch_norm_does_not_mix_the_points_of_two_processes(
    in_two_processes, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))

    in_two_processes(SYNCHRONISED)
