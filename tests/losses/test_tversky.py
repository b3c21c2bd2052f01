"""What holds for the Tversky loss alone."""

import math

import pytest
import torch
from sklearn.metrics import fbeta_score

from lossedu.losses import dice_loss, soft_f1_loss, tversky_loss

PRICES = [(0.5, 0.5), (0.3, 0.7), (0.0, 1.0), (2.0, 0.25)]


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def labels(*shape, seed=1):
    return (drawn(*shape, seed=seed) > 0).double()


def by_loop(logits, targets, alpha, beta, smooth):
    """One minus the ratio, entry by entry."""
    hits = misses = alarms = 0.0
    for z, y in zip(logits, targets, strict=True):
        p = 1 / (1 + math.exp(-z))
        hits, misses, alarms = hits + y * p, misses + y * (1 - p), alarms + (1 - y) * p
    return 1 - (2 * hits + smooth) / (2 * hits + 2 * alpha * alarms + 2 * beta * misses + smooth)


def as_monai_and_smp_have_it(p, y, alpha, beta, smooth):
    """The ratio without the 2s, which adds half of our smoothing."""
    hits, alarms, misses = (p * y).sum(-1), (p * (1 - y)).sum(-1), ((1 - p) * y).sum(-1)
    return 1 - (hits + smooth) / (hits + alpha * alarms + beta * misses + smooth)


def test_three_entries_by_hand():
    # p = (3/4, 1/4, 1/2), y = (1, 0, 1): 1.25 hit, 0.75 missed, 0.25 false alarms.
    logits = torch.tensor([math.log(3), -math.log(3), 0.0], dtype=torch.float64)
    targets = torch.tensor([1.0, 0.0, 1.0])

    got = tversky_loss(logits, targets, alpha=0.3, beta=0.7, smooth=0.0)

    assert got.item() == pytest.approx((0.3 * 0.25 + 0.7 * 0.75) / (1.25 + 0.6))


@pytest.mark.parametrize(("alpha", "beta"), PRICES)
@pytest.mark.parametrize("smooth", [0.0, 1.0, 3.0])
def test_it_agrees_with_a_loop_and_with_the_form_of_other_libraries(alpha, beta, smooth):
    logits, targets = drawn(4, 9), labels(4, 9)
    options = {"alpha": alpha, "beta": beta, "smooth": smooth}

    got = tversky_loss(logits, targets, reduction="none", **options)

    pairs = zip(logits.tolist(), targets.tolist(), strict=True)
    assert got.tolist() == pytest.approx([by_loop(*pair, **options) for pair in pairs], rel=1e-12)
    theirs = as_monai_and_smp_have_it(logits.sigmoid(), targets, alpha, beta, smooth / 2)
    torch.testing.assert_close(got, theirs)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_prices_with_a_sum_of_one_are_f_beta(beta):
    y, decided = labels(30), labels(30, seed=2)
    recall = beta**2 / (1 + beta**2)
    options = {"alpha": 1 - recall, "beta": recall, "smooth": 0.0}

    got = tversky_loss(1e3 * (2 * decided - 1), y, **options)

    assert got.item() == pytest.approx(1 - fbeta_score(y.numpy(), decided.numpy(), beta=beta))
    logits = drawn(30)
    torch.testing.assert_close(
        tversky_loss(logits, y, **options), soft_f1_loss(logits, y, beta=beta)
    )


def test_a_dearer_miss_pushes_more_where_something_is():
    logits, targets = drawn(40).requires_grad_(), labels(40)

    def share_inside(beta):
        loss = tversky_loss(logits, targets, alpha=1 - beta, beta=beta)
        push = torch.autograd.grad(loss, logits)[0].abs()
        return (push[targets == 1].sum() / push.sum()).item()

    assert share_inside(0.3) < share_inside(0.5) < share_inside(0.9)


def test_free_errors_cost_nothing():
    logits, targets = drawn(6), labels(6)
    everything, nothing = torch.full((6,), 40.0), torch.full((6,), -800.0)

    assert tversky_loss(logits, targets, alpha=0.0, beta=0.0, smooth=0.0) == 0
    assert tversky_loss(everything, targets, alpha=0.0, beta=1.0) < 1e-12
    assert tversky_loss(nothing, targets, alpha=1.0, beta=0.0) == 0


@pytest.mark.parametrize("price", [1e30, 1e300])
def test_enormous_prices_overflow_nowhere(price):
    logits, targets = drawn(6).float().requires_grad_(), labels(6)

    for options in ({"alpha": price}, {"beta": price}, {"alpha": price, "beta": price}):
        loss = tversky_loss(logits, targets, **options)
        (slope,) = torch.autograd.grad(loss, logits)
        assert loss.item() == pytest.approx(1, abs=1e-6)
        assert slope.isfinite().all()


def test_a_region_may_extend_over_several_axes_and_be_weighted_and_hidden():
    logits, targets = drawn(2, 3, 4, 5), labels(2, 3, 4, 5)
    weight = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    mask = torch.ones(2, 3, 4, 5, dtype=torch.bool)
    mask[1, 2] = False
    options = {"alpha": 0.2, "beta": 0.9}

    flat = tversky_loss(logits.flatten(-2), targets.flatten(-2), reduction="none", **options)

    got = tversky_loss(logits, targets, dim=(-2, -1), weight=weight, **options)
    torch.testing.assert_close(got, (flat * weight).sum() / 4)
    logits[1, 2] = torch.nan
    got = tversky_loss(logits, targets, dim=(-2, -1), weight=weight, mask=mask, **options)
    torch.testing.assert_close(got, (flat * weight)[mask.flatten(-2).any(-1)].sum() / 3)


def test_a_near_perfect_overlap_keeps_its_digits():
    got = tversky_loss(torch.tensor([50.0]), torch.ones(1), alpha=0.3, beta=0.7, smooth=0.0)

    assert got.item() == pytest.approx(0.7 * math.exp(-50), rel=1e-6, abs=0)


def test_prices_that_are_tensors_compile_and_map():
    logits, targets = drawn(3, 8), labels(3, 8)
    price = torch.tensor(0.3, dtype=torch.float64)

    @torch.compile(fullgraph=True, backend="eager")
    def compiled(alpha):
        return tversky_loss(logits, targets, alpha=alpha, beta=1 - alpha)

    expected = tversky_loss(logits, targets, alpha=0.3, beta=0.7)
    torch.testing.assert_close(compiled(price), expected)
    many = torch.func.vmap(lambda a: tversky_loss(logits, targets, alpha=a, beta=1 - a))
    got = many(torch.tensor([0.3, 0.5], dtype=torch.float64))
    torch.testing.assert_close(got, torch.stack([expected, dice_loss(logits, targets)]))


@pytest.mark.parametrize("name", ["alpha", "beta", "smooth"])
@pytest.mark.parametrize("wrong", [-0.5, math.nan, math.inf])
def test_what_is_out_of_range_is_refused(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} must be (at least 0|finite), but is {wrong}"):
        tversky_loss(torch.zeros(3), torch.ones(3), **{name: wrong})
