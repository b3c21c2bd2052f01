"""Any loss function as a module."""

import pytest
import torch

from lossedu.losses import as_module, cross_entropy, sigmoid_focal_loss, softmax_focal_loss


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


def test_the_repr_is_the_call():
    assert (
        repr(as_module(cross_entropy, label_smoothing=0.1)) == "cross_entropy(label_smoothing=0.1)"
    )


def test_an_unknown_setting_is_refused_early():
    with pytest.raises(
        TypeError, match=r"settings must be options of cross_entropy .* has 'gamma'"
    ):
        as_module(cross_entropy, gamma=2.0)
