"""What holds for Dice, Jaccard and soft F1 alone."""

import math

import pytest
import torch
from sklearn.metrics import f1_score, fbeta_score, jaccard_score, precision_score, recall_score

from lossedu.losses import dice_loss, jaccard_loss, soft_f1_loss

BOTH = [dice_loss, jaccard_loss]
ALL = [*BOTH, soft_f1_loss]


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def labels(*shape, seed=1):
    return (drawn(*shape, seed=seed) > 0).double()


def sure(decisions):
    """Logits that leave no doubt about 0 and 1."""
    return 1e3 * (2 * decisions - 1)


def slope(loss, logits, targets, **options):
    leaf = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, targets, **options), leaf)
    return gradient


def test_three_entries_by_hand():
    # p = (3/4, 1/4, 1/2), y = (1, 0, 1): 2 * 1.25 = 2.5 in common of 3.5 + 1, union 2.25 + 1.
    logits = torch.tensor([math.log(3), -math.log(3), 0.0], dtype=torch.float64)
    targets = torch.tensor([1.0, 0.0, 1.0])

    assert dice_loss(logits, targets).item() == pytest.approx(1 - 3.5 / 4.5)
    assert jaccard_loss(logits, targets).item() == pytest.approx(1 - 2.25 / 3.25)
    assert soft_f1_loss(logits, targets).item() == pytest.approx(1 - 2.5 / 3.5)


def test_sure_decisions_get_one_minus_the_scores_of_scikit_learn():
    y, decided = labels(30), labels(30, seed=2)
    pair = y.numpy(), decided.numpy()

    got = [loss(sure(decided), y, smooth=0.0).item() for loss in BOTH]

    assert got == pytest.approx([1 - f1_score(*pair), 1 - jaccard_score(*pair)], rel=1e-12)


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_the_mean_over_labels_is_macro_f_beta(beta):
    y, decided = labels(20, 4), labels(20, 4, seed=2)

    got = soft_f1_loss(sure(decided), y, beta=beta)

    macro = fbeta_score(y.numpy(), decided.numpy(), beta=beta, average="macro")
    assert got.item() == pytest.approx(1 - macro, rel=1e-12)


@pytest.mark.parametrize(
    ("beta", "score"),
    [(0.0, precision_score), (1e6, recall_score), (1e20, recall_score), (1e200, recall_score)],
)
def test_at_its_ends_beta_leaves_precision_or_recall(beta, score):
    y, decided = labels(30).float(), labels(30, seed=2).float()

    got = soft_f1_loss(sure(decided), y, beta=beta)

    assert got.item() == pytest.approx(1 - score(y.numpy(), decided.numpy()), rel=1e-5)


def test_without_smoothing_soft_f1_is_dice_and_jaccard_is_two_d_over_one_plus_d():
    logits, y = drawn(5, 9), drawn(5, 9, seed=3).sigmoid().round()

    d = dice_loss(logits, y, smooth=0.0, reduction="none")

    got = jaccard_loss(logits, y, smooth=0.0, reduction="none")
    torch.testing.assert_close(got, 2 * d / (1 + d))
    torch.testing.assert_close(soft_f1_loss(logits, y, dim=-1, reduction="none"), d)


def test_a_region_may_extend_over_several_axes():
    logits, y = drawn(2, 3, 4, 5), labels(2, 3, 4, 5)
    weight = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]], dtype=torch.float64)

    for loss in ALL:
        got = loss(logits, y, dim=(-2, -1), reduction="none")
        flat = loss(logits.flatten(-2), y.flatten(-2), dim=-1, reduction="none")

        torch.testing.assert_close(got, flat)
        torch.testing.assert_close(
            loss(logits, y, dim=(-2, -1), weight=weight), (flat * weight).sum() / 4
        )


@pytest.mark.parametrize("loss", BOTH)
def test_without_smoothing_an_empty_target_costs_one_with_no_gradient(loss):
    logits, nothing = drawn(6), torch.zeros(6, dtype=torch.float64)

    assert loss(logits, nothing, smooth=0.0).item() == pytest.approx(1, rel=1e-15)
    assert slope(loss, logits, nothing, smooth=0.0).abs().max() < 1e-16
    assert soft_f1_loss(logits, nothing).item() == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("loss", BOTH)
def test_with_smoothing_an_empty_prediction_of_an_empty_target_is_free(loss):
    nothing = torch.zeros(6, dtype=torch.float64)

    assert loss(sure(nothing), nothing, smooth=1.0) == 0
    assert loss(sure(nothing), nothing, smooth=0.0) == 0
    assert loss(drawn(6), labels(6), smooth=1e12) < 1e-11


@pytest.mark.parametrize("loss", ALL)
def test_a_near_perfect_overlap_keeps_its_digits(loss):
    options = {"smooth": 0.0} if loss in BOTH else {}

    got = loss(torch.tensor([50.0]), torch.ones(1), **options)

    factor = 1.0 if loss is jaccard_loss else 0.5
    assert got.item() == pytest.approx(factor * math.exp(-50), rel=1e-6, abs=0)


@pytest.mark.parametrize("loss", ALL)
def test_the_order_of_entries_does_not_matter_and_a_mask_is_a_crop(loss):
    logits, y, order = drawn(8), labels(8), torch.tensor([3, 1, 7, 0, 5, 2, 6, 4])
    mask = torch.arange(8) < 5

    torch.testing.assert_close(loss(logits[order], y[order]), loss(logits, y))
    torch.testing.assert_close(loss(logits, y, mask=mask), loss(logits[:5], y[:5]))


@pytest.mark.parametrize("loss", ALL)
def test_a_region_that_is_hidden_whole_does_not_count(loss):
    logits, y = drawn(3, 6), labels(3, 6)
    mask = torch.tensor([True, False, True]).unsqueeze(-1).expand(3, 6)
    logits[1] = torch.nan

    each = loss(logits, y, dim=-1, mask=mask, reduction="none")

    assert each[1] == 0
    torch.testing.assert_close(loss(logits, y, dim=-1, mask=mask), each.sum() / 2)
    assert loss(logits, y, dim=-1, mask=torch.zeros_like(mask)) == 0


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        (
            dice_loss,
            {"targets": torch.tensor([1.0, 2, 0])},
            r"targets must lie in \[0, 1\], but con",
        ),
        (dice_loss, {"smooth": -1.0}, "smooth must be at least 0, but is -1"),
        (jaccard_loss, {"smooth": math.nan}, "smooth must be at least 0, but is nan"),
        (soft_f1_loss, {"beta": -0.5}, "beta must be at least 0, but is -0.5"),
    ],
)
def test_what_is_out_of_range_is_refused(loss, options, message):
    with pytest.raises(ValueError, match=message):
        loss(torch.zeros(3), **{"targets": torch.ones(3), **options})
