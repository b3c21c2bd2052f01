"""What holds for several losses at once: fixed weights, penalties, and learned weights."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lossedu.losses import UncertaintyWeighting, parameter_penalty, weighted_sum

KINDS = {"depth": "regression", "label": "classification"}


def double(value, **options):
    return torch.tensor(value, dtype=torch.float64, **options)


def at(*log_variances):
    """A weighting of depth and label with these logarithms of variances."""
    weighting = UncertaintyWeighting(KINDS).double()
    with torch.no_grad():
        for parameter, value in zip(weighting.parameters(), log_variances, strict=True):
            parameter.fill_(value)
    return weighting


def test_a_weighted_sum_by_hand_whatever_the_order_of_names():
    losses = {"a": double(2.0, requires_grad=True), "b": double(3.0, requires_grad=True)}

    total = weighted_sum(losses, {"b": 10.0, "a": 0.5})
    total.backward()

    assert total == 31
    assert [loss.grad.item() for loss in losses.values()] == [0.5, 10.0]


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_loss_of_weight_zero_does_no_harm_whatever_it_is(broken):
    losses = {"broken": double(broken), "sound": double(2.0)}

    assert weighted_sum(losses, {"broken": 0.0, "sound": 1.0}) == 2


def test_where_all_weights_are_zero_the_sum_is_zero_whatever_the_losses_are():
    losses = {"broken": double(math.nan), "sound": double(2.0)}

    assert weighted_sum(losses, {"broken": 0.0, "sound": 0.0}) == 0


def test_a_penalty_by_hand():
    # 2 (3 + 1 + 4) + (9 + 1 + 16) / 4
    weights = [torch.tensor([[3.0, -1.0]]), torch.tensor(-4.0)]

    assert parameter_penalty(weights, l1=2.0, l2=0.5) == 22.5
    assert parameter_penalty(weights) == parameter_penalty([], l1=1.0, l2=1.0) == 0


def test_a_step_of_gradient_descent_on_l2_is_weight_decay():
    decayed, charged = (nn.Parameter(double([3.0, -1.0])) for _ in range(2))
    optimizers = [
        torch.optim.SGD([decayed], lr=0.1, weight_decay=0.3),
        torch.optim.SGD([charged], lr=0.1),
    ]

    decayed.grad = torch.zeros_like(decayed)
    parameter_penalty([charged], l2=0.3).backward()
    for optimizer in optimizers:
        optimizer.step()

    torch.testing.assert_close(charged, decayed)


def test_the_gradient_of_l1_has_one_size_and_is_zero_at_zero():
    w = double([1e4, -1e-4, 0.0], requires_grad=True)

    parameter_penalty([w], l1=0.5).backward()

    assert w.grad.tolist() == [0.5, -0.5, 0.0]


def test_a_penalty_on_half_precision_does_not_overflow_where_the_square_would():
    w = torch.tensor([300.0, 400.0], dtype=torch.float16)

    assert parameter_penalty([w], l1=1.0, l2=2.0).item() == pytest.approx(250_700)


def test_learned_weights_by_hand():
    # s = log 4 and log 9: 8 / 2 / 4 + log(4) / 2 + 18 / 9 + log(9) / 2 = 3 + log 6.
    weighting = at(math.log(4), math.log(9))

    got = weighting({"label": double(18.0), "depth": double(8.0)})

    assert got.item() == pytest.approx(3 + math.log(6), rel=1e-14)


@given(st.floats(1e-4, 1e4), st.floats(1e-4, 1e4))
def test_it_settles_where_the_variance_is_the_loss_or_twice_the_loss(depth, label):
    weighting = at(math.log(depth), math.log(2 * label))

    loss = weighting({"depth": double(depth), "label": double(label)})
    loss.backward()

    assert all(abs(p.grad.item()) < 1e-12 for p in weighting.parameters())
    assert loss.item() == pytest.approx(1 + (math.log(depth) + math.log(2 * label)) / 2)


def test_a_state_dict_carries_the_learned_weights():
    learned, fresh = at(0.3, -2.0), at(0.0, 0.0)
    losses = {"depth": double(3.0), "label": double(0.7)}

    fresh.load_state_dict(learned.state_dict())

    assert len(learned.state_dict()) == 2
    assert fresh(losses) == learned(losses)


def test_gradcheck_passes_for_losses_variances_and_parameters():
    weighting = at(0.4, -0.6)
    losses = [double(3.0, requires_grad=True), double(0.7, requires_grad=True)]
    inputs = (*losses, *weighting.parameters())

    def of_all(depth, label, *_):
        return weighting({"depth": depth, "label": label})

    assert torch.autograd.gradcheck(of_all, inputs)
    assert torch.autograd.gradcheck(lambda *w: parameter_penalty(w, l1=0.3, l2=0.7), losses)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_losses_are_weighed_in_float32(dtype):
    got = UncertaintyWeighting(KINDS)(
        {"depth": torch.tensor(6e4, dtype=dtype), "label": torch.tensor(6e4, dtype=dtype)}
    )

    assert got.dtype == torch.float32
    assert got.item() == 1.5 * torch.tensor(6e4, dtype=dtype).item()


@pytest.mark.parametrize("name", ["values", "type", "depth.left"])
def test_a_task_may_have_any_name(name):
    assert UncertaintyWeighting({name: "regression"})({name: torch.tensor(2.0)}) == 1


ONE = {"a": torch.ones(())}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weighted_sum(ONE, {"b": 1.0}), "weights must have the names a, but has b"),
        (lambda: weighted_sum({}, {}), "weights must have the names at least one, but has none"),
        (lambda: weighted_sum(ONE, {"a": -1.0}), r"weights\['a'\] must be at least 0, but is -1"),
        (lambda: parameter_penalty([], l1=-0.1), "l1 must be at least 0, but is -0.1"),
        (lambda: UncertaintyWeighting({}), "tasks must name at least one task, but is empty"),
        (lambda: UncertaintyWeighting({"a": "ranking"}), r"tasks\['a'\] must be one of 'regress"),
        (lambda: UncertaintyWeighting(KINDS)(ONE), "losses must have the names depth, label, but"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_learned_weight_of_half_precision_is_worked_out_in_float32():
    weighting = at(-12.0, 0.0).half()

    total = weighting({"depth": torch.zeros(()), "label": torch.zeros(())})

    assert math.isclose(total.item(), -6.0)
