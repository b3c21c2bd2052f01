"""Averages of weights are arithmetic means, with batch norm's statistics at the mean."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import update_bn

from lossedu.landscape.optimisers.averaging import EqualAverage, average_weights, update_batch_norm
from lossedu.training import Checkpoints, fit
from lossedu.training.random_states import scoped


def network(seed=1):
    with scoped(seed):
        model = nn.Sequential(
            nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3)
        )
    return model.double()


def examples(n=30):
    generator = torch.Generator().manual_seed(0)
    inputs = 2 + torch.randn(n, 5, generator=generator).double()
    return inputs, torch.randint(3, (n,), generator=generator)


class Trace:
    """Remembers the weights after every step."""

    def __init__(self):
        self.points = []

    def after_step(self, run):
        self.points.append([p.detach().clone() for p in run.model.parameters()])


def trained(callbacks, steps=12, **options):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    settings = {"batch_size": 10, "progress": False, "callbacks": callbacks}
    fit(model, cross_entropy, examples(), optimizer=optimizer, steps=steps, **settings, **options)
    return model


def test_the_callback_holds_the_arithmetic_mean_of_the_steps_that_count():
    average, trace = EqualAverage(start=3, every=2), Trace()

    trained([average, trace])

    chosen = trace.points[4::2]  # after steps 5, 7, 9, 11
    means = [torch.stack(column).mean(0) for column in zip(*chosen, strict=True)]
    assert average.count == len(chosen) == 4
    torch.testing.assert_close(list(average.model.parameters()), means, rtol=1e-12, atol=1e-14)


def test_a_run_that_was_stopped_averages_on(tmp_path):
    whole, first, second = (EqualAverage(start=2) for _ in range(3))
    trained([whole])

    trained([first], steps=6, checkpoints=Checkpoints(tmp_path))
    trained([second], checkpoints=Checkpoints(tmp_path))

    assert second.count == whole.count == 10
    torch.testing.assert_close(second.model.state_dict(), whole.model.state_dict())


def test_the_average_of_states_is_their_mean_and_the_model_is_untouched():
    model, states = network(1), [network(seed).state_dict() for seed in (2, 3, 4)]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    mean = average_weights(model, states)

    for name, parameter in mean.named_parameters():
        expected = torch.stack([state[name] for state in states]).mean(0)
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert not mean.training


def test_the_average_of_many_half_precision_states_is_rounded_once():
    model = nn.Linear(20, 20).bfloat16()
    with scoped(0):
        states = [nn.Linear(20, 20).bfloat16().state_dict() for _ in range(300)]

    mean = average_weights(model, states)

    exact = torch.stack([state["weight"].double() for state in states]).mean(0)
    assert mean.weight.dtype == torch.bfloat16
    error = (mean.weight.double() - exact).abs()
    assert (error <= exact.abs() * 2**-8).all()


def test_statistics_are_those_of_all_examples_at_the_mean():
    inputs, targets = examples()
    states = [network(seed).state_dict() for seed in (2, 3)]

    mean = average_weights(network(), states, (inputs, targets))

    hidden = mean[0](inputs)
    torch.testing.assert_close(mean[1].running_mean, hidden.mean(0), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(mean[1].running_var, hidden.var(0), rtol=1e-12, atol=1e-14)


def test_equal_batches_give_what_torch_gives_and_unequal_ones_count_by_examples():
    inputs, targets = examples()
    ours, torchs = network(), network()
    equal = [(inputs[rows], targets[rows]) for rows in torch.arange(30).split(10)]
    update_batch_norm(ours, equal)
    update_bn(equal, torchs)
    torch.testing.assert_close(ours[1].running_mean, torchs[1].running_mean)
    torch.testing.assert_close(ours[1].running_var, torchs[1].running_var)

    unequal = [(inputs[:27], targets[:27]), (inputs[27:], targets[27:])]
    update_batch_norm(ours, unequal)

    hidden = ours[0](inputs)
    torch.testing.assert_close(ours[1].running_mean, hidden.mean(0))


def test_updating_statistics_changes_nothing_else():
    model = network().train()
    before = copy.deepcopy(model)

    update_batch_norm(model, examples())

    for (name, one), (_, other) in zip(
        model.state_dict().items(), before.state_dict().items(), strict=True
    ):
        assert torch.equal(one, other) or "running" in name, name
    assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    assert model[1].momentum == before[1].momentum


def test_a_compiled_models_statistics_are_updated_inside():
    plain, inside = network(), network()
    update_batch_norm(plain, examples())

    update_batch_norm(torch.compile(inside), examples())

    torch.testing.assert_close(inside.state_dict(), plain.state_dict(), rtol=0, atol=0)


def test_data_are_not_read_without_batch_norm():
    class Unread:
        def __iter__(self):
            raise AssertionError

    update_batch_norm(nn.Linear(2, 2), Unread())


def test_no_states_are_refused():
    with pytest.raises(ValueError, match="at least one state_dict"):
        average_weights(network(), [])
