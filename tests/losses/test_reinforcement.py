"""What holds for the loss of a policy and for the loss of a value."""

import math

import pytest
import torch
from torch.nn import functional

from lossedu.losses import policy_gradient_loss, td_loss

HALVES = [torch.float16, torch.bfloat16]


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_policy_loss_by_hand():
    # -(2 - 0.5) log(1/2) and -(0 - 0.5) log(1/4)
    log_probs = torch.tensor([0.5, 0.25], dtype=torch.float64).log()

    got = policy_gradient_loss(
        log_probs, torch.tensor([2, 0]), baseline=torch.tensor([0.5, 0.5]), reduction="none"
    )

    assert got.tolist() == pytest.approx([1.5 * math.log(2), -math.log(2)])


def test_its_mean_gradient_on_a_bandit_is_minus_that_of_the_expected_reward():
    logits, rewards = drawn(4).requires_grad_(), torch.tensor([1.0, -2.0, 0.5, 3.0]).double()
    log_probs = logits.log_softmax(-1)
    often = log_probs.detach().exp()  # as the policy takes each action

    loss = policy_gradient_loss(log_probs, rewards, weight=often)
    (got,) = torch.autograd.grad(loss, logits, retain_graph=True)

    (uphill,) = torch.autograd.grad(logits.softmax(-1) @ rewards, logits)
    torch.testing.assert_close(got, -uphill)


def test_a_baseline_changes_the_variance_of_the_gradient_and_not_its_mean():
    logits, rewards = torch.zeros(2).double().requires_grad_(), torch.tensor([10.0, 11.0]).double()
    gradients = {}
    for baseline in (0.0, 10.5):
        each = policy_gradient_loss(
            logits.log_softmax(-1), rewards, baseline=torch.full((2,), baseline), reduction="none"
        )  # of two actions, both as probable
        gradients[baseline] = torch.stack(
            [torch.autograd.grad(loss, logits, retain_graph=True)[0] for loss in each]
        )

    torch.testing.assert_close(gradients[0.0].mean(0), gradients[10.5].mean(0))
    assert gradients[0.0].var() > 100 * gradients[10.5].var()


def test_returns_and_baseline_are_constants_to_the_gradient():
    log_probs, returns, baseline = (drawn(3, seed=i).requires_grad_() for i in range(3))

    policy_gradient_loss(log_probs, returns, baseline=baseline, reduction="sum").backward()

    torch.testing.assert_close(log_probs.grad, baseline.detach() - returns.detach())
    assert returns.grad is None
    assert baseline.grad is None


def test_a_value_by_hand():
    # 1 - (0.5 + 0.5 * 3) = -1; 1 - 0.5 at the end of an episode.
    values, rewards, after = torch.tensor([1.0, 1.0]), torch.full((2,), 0.5), torch.tensor([3.0, 3])
    done = torch.tensor([False, True])

    got = td_loss(values, rewards, after, discount=0.5, done=done, reduction="none")

    assert got.tolist() == [1.0, 0.25]


def test_the_target_that_bootstraps_gets_no_gradient():
    values, rewards, after = (drawn(4, seed=i).requires_grad_() for i in range(3))

    td_loss(values, rewards, after, discount=0.9, reduction="sum").backward()

    torch.testing.assert_close(values.grad, (2 * (values - rewards - 0.9 * after)).detach())
    assert rewards.grad is None
    assert after.grad is None


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_with_delta_it_is_huber_loss_of_the_target_and_without_squared_error(delta):
    values, rewards, after = (3 * drawn(9, seed=i) for i in range(3))
    target = rewards + 0.99 * after

    got = td_loss(values, rewards, after, delta=delta)

    torch.testing.assert_close(got, functional.huber_loss(values, target, delta=delta))
    mse = functional.mse_loss(values, target)
    torch.testing.assert_close(td_loss(values, rewards, after), mse)


def test_the_discounted_return_of_a_chain_is_its_fixed_point():
    rewards = torch.tensor([1.0, 0.0, 4.0, 2.0])
    returns = torch.tensor([1 + 0.25 * 4 + 0.125 * 2, 0.5 * 4 + 0.25 * 2, 5.0, 2.0])
    after = torch.cat([returns[1:], torch.tensor([torch.nan])])  # nothing follows the end
    done = torch.tensor([False, False, False, True])

    assert td_loss(returns, rewards, after, discount=0.5, done=done) == 0
    assert td_loss(returns + 1, rewards, after, discount=0.5, done=done) == 1


def test_what_a_mask_hides_may_be_nan_and_gets_no_gradient():
    mask = torch.tensor([True, False, True])
    a, b, c = (drawn(3, seed=i) for i in range(3))
    for loss, keyword in ((policy_gradient_loss, "baseline"), (td_loss, "next_values")):
        expected = loss(a[mask], b[mask], **{keyword: c[mask]})
        first, second, third = (torch.where(mask, x, torch.nan) for x in (a, b, c))
        first.requires_grad_()

        got = loss(first, second, **{keyword: third}, mask=mask)
        got.backward()

        torch.testing.assert_close(got, expected)
        assert first.grad[1] == 0
        assert first.grad.isfinite().all()
        assert loss(a, b, **{keyword: c}, mask=torch.zeros(3, dtype=torch.bool)) == 0
        assert loss(a[:0], b[:0], **{keyword: c[:0]}) == 0


@pytest.mark.parametrize("delta", [None, 1.0])
def test_gradcheck_passes(delta):
    values, rewards, after = (drawn(6, seed=i) for i in range(3))
    leaf = values.requires_grad_()

    assert torch.autograd.gradcheck(lambda v: td_loss(v, rewards, after, delta=delta), leaf)
    assert torch.autograd.gradcheck(lambda v: policy_gradient_loss(v, rewards), leaf)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision_is_computed_in_float32(dtype):
    big = torch.tensor([1e4, -1e4], dtype=dtype)
    zero = torch.zeros_like(big)

    squared, product = td_loss(big, zero, zero), policy_gradient_loss(-big.abs(), big.abs())

    assert squared == product == big[0].double() ** 2
    assert squared.dtype == product.dtype == torch.float32
    assert td_loss(big, -big, zero, delta=1.0) == 2 * big[0].float() - 0.5


THREE = [torch.zeros(2)] * 3


@pytest.mark.parametrize(
    ("error", "arguments", "options", "message"),
    [
        (ValueError, [THREE[0], torch.zeros(2, 1), THREE[0]], {}, "values and rewards must have"),
        (ValueError, THREE, {"discount": 1.5}, r"discount must lie in \[0, 1\], but is 1.5"),
        (ValueError, THREE, {"delta": 0.0}, "delta must be above 0 and finite, but is 0"),
        (ValueError, THREE, {"done": torch.ones(1)}, "values and done must have the same shape"),
        (ValueError, [*THREE[:2], torch.zeros(3)], {}, "values and next_values must have the same"),
        (TypeError, [torch.zeros(2).long(), *THREE[1:]], {}, "values must be a floating-point"),
        (TypeError, THREE, {"mask": torch.ones(2)}, "mask must be a boolean tensor"),
    ],
)
def test_what_does_not_fit_is_refused(error, arguments, options, message):
    with pytest.raises(error, match=message):
        td_loss(*arguments, **options)
