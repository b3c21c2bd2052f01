"""Any loss function as a module."""

from functools import partial

import pytest
import torch
from torch import nn

from lossedu.losses import (
    as_module,
    cross_entropy,
    info_nce_loss,
    sigmoid_focal_loss,
    softmax_focal_loss,
)


def test_the_module_calls_the_function_with_its_settings():
    logits, targets = torch.tensor([0.3, -2.0]), torch.tensor([1.0, 0.0])

    got = as_module(sigmoid_focal_loss, gamma=1.0, reduction="sum")(logits, targets)

    assert got == sigmoid_focal_loss(logits, targets, gamma=1.0, reduction="sum")


def test_a_keyword_of_the_call_wins():
    module = as_module(sigmoid_focal_loss, gamma=1.0)
    x, y = torch.tensor([0.3]), torch.tensor([1.0])

    assert module(x, y, gamma=0.0) == sigmoid_focal_loss(x, y, gamma=0.0)


def test_tensors_are_buffers_and_travel_in_the_state():
    module = as_module(softmax_focal_loss, alpha=torch.tensor([1.0, 2.0]))

    assert module.state_dict()["alpha"].tolist() == [1.0, 2.0]
    assert module.double().alpha.dtype == torch.float64
    assert module(torch.zeros(1, 2), torch.tensor([1])) > 0


def test_a_parameter_is_one_of_the_module_trains_and_travels_in_the_state():
    module = as_module(info_nce_loss, temperature=nn.Parameter(torch.tensor(0.1)))
    optimiser = torch.optim.SGD(module.parameters(), lr=0.01)
    other = as_module(info_nce_loss, temperature=nn.Parameter(torch.tensor(1.0)))

    module(torch.eye(4), torch.eye(4).flip(0)).backward()
    optimiser.step()
    other.load_state_dict(module.state_dict())

    assert [name for name, _ in module.named_parameters()] == ["temperature"]
    assert other.temperature.item() == module.temperature.item() > 0.1
    assert repr(as_module(info_nce_loss, temperature=nn.Parameter(torch.tensor(0.5)))) == (
        "info_nce_loss(temperature=Parameter(0.5))"
    )


def test_settings_of_a_partial_call_are_settings_of_the_module():
    alpha = nn.Parameter(torch.tensor([1.0, 2.0]))

    module = as_module(partial(softmax_focal_loss, alpha=alpha, gamma=3.0), gamma=1.0)

    assert list(module.parameters()) == [alpha]
    assert repr(module) == "softmax_focal_loss(gamma=1.0, alpha=Parameter([1.0, 2.0]))"
    assert module(torch.zeros(1, 2), torch.tensor([1])) == (
        softmax_focal_loss(torch.zeros(1, 2), torch.tensor([1]), alpha=alpha, gamma=1.0)
    )


def test_a_call_with_its_inputs_bound_and_a_module_have_a_name_too():
    bound = as_module(partial(cross_entropy, torch.zeros(1, 2)), label_smoothing=0.1)
    weights = as_module(nn.CrossEntropyLoss(torch.tensor([1.0, 3.0])))

    assert repr(bound) == "cross_entropy(label_smoothing=0.1)"
    assert repr(weights) == "CrossEntropyLoss()"
    assert weights(torch.zeros(1, 2), torch.tensor([1])).item() == pytest.approx(0.6931472)


def test_the_repr_is_the_call():
    assert (
        repr(as_module(cross_entropy, label_smoothing=0.1)) == "cross_entropy(label_smoothing=0.1)"
    )


def test_an_unknown_setting_is_refused_early():
    with pytest.raises(
        TypeError, match=r"settings must be options of cross_entropy .* has 'gamma'"
    ):
        as_module(cross_entropy, gamma=2.0)
