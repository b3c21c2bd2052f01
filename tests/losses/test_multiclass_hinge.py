"""What holds for margins between classes: from the best rival, from each rival, from zero."""

from itertools import product

import pytest
import torch
from sklearn import metrics
from torch.nn import functional

from lossedu.losses import hinge_loss, multiclass_hinge_loss

KINDS = ["crammer_singer", "weston_watkins", "one_vs_rest"]
OF_PAIRS = KINDS[:2]
HALVES = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


def drawn(n=24, classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 1.5 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    return logits, torch.arange(n) % classes


def slopes(logits, targets, **options):
    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    multiclass_hinge_loss(leaf, torch.tensor(targets), reduction="sum", **options).backward()
    return leaf.grad.tolist()


def risk(logits, shares, kind):
    """The expected loss of one row of logits where each class has its share of the examples."""
    rows = torch.tensor(logits, dtype=torch.float64).expand(len(shares), -1)
    weight = torch.tensor(shares, dtype=torch.float64)
    return multiclass_hinge_loss(rows, torch.arange(len(shares)), kind=kind, weight=weight).item()


def best(grid, repeat, cost):
    """The point of a grid with the least cost."""
    return min(product(grid, repeat=repeat), key=cost)


def test_one_row_by_hand():
    # z = (1, 2, 1.5), true class 0, margin 1: rivals lead by 1 and 0.5, so they miss 2 and 1.5;
    # against zero: 1 - 1 = 0 for the true class, 1 + 2 = 3 and 1 + 1.5 = 2.5 for the others.
    z, t = torch.tensor([[1.0, 2.0, 1.5]]), torch.tensor([0])

    assert [multiclass_hinge_loss(z, t, kind=kind).item() for kind in KINDS] == [2.0, 3.5, 5.5]


@pytest.mark.parametrize("classes", [3, 5])
def test_crammer_singer_agrees_with_scikit_learn(classes):
    logits, targets = drawn(classes=classes)

    got = multiclass_hinge_loss(logits, targets)

    assert got.item() == pytest.approx(metrics.hinge_loss(targets, logits, labels=range(classes)))


@pytest.mark.parametrize("margin", [0.25, 1.0, 3.0])
def test_weston_watkins_over_the_number_of_classes_agrees_with_torch(margin):
    logits, targets = drawn()

    got = multiclass_hinge_loss(logits, targets, kind="weston_watkins", margin=margin) / 4

    torch.testing.assert_close(got, functional.multi_margin_loss(logits, targets, margin=margin))


def test_one_vs_rest_is_a_sum_of_hinge_losses():
    logits, targets = drawn()
    signs = 2 * functional.one_hot(targets, 4) - 1

    got = multiclass_hinge_loss(logits, targets, kind="one_vs_rest", margin=2.0, reduction="none")

    expected = hinge_loss(logits, signs, margin=2.0, reduction="none").sum(-1)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("kind", OF_PAIRS)
def test_two_classes_are_the_hinge_loss_of_the_difference(kind):
    logits, targets = drawn(classes=2)

    got = multiclass_hinge_loss(logits, targets, kind=kind, margin=1.5, reduction="none")

    lead = logits[:, 1] - logits[:, 0]
    expected = hinge_loss(lead, 2 * targets - 1, margin=1.5, reduction="none")
    torch.testing.assert_close(got, expected)


def test_only_pairs_that_miss_the_margin_have_a_slope_and_ties_share_it():
    row = [[1.5, 2.0, 2.5, 1.0]]  # of class 1 rivals miss 0.5 and 1.5; the last is on the margin

    assert slopes(row, [1]) == [[0, -1, 1, 0]]
    assert slopes(row, [1], kind="weston_watkins") == [[1, -2, 1, 0]]
    assert slopes([[-2.0, 0.5, -0.5, -1.0]], [1], kind="one_vs_rest") == [[0, -1, 1, 0]]
    assert slopes([[0.0, 3.0, 3.0, 1.0]], [0]) == [[-1, 0.5, 0.5, 0]]
    assert slopes([[-7.0]], [0]) == [[0]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clear_lead_costs_nothing_and_has_no_slope(kind):
    row = [[-1.0, 1.0, -1e30, -2.0]]  # a lead of 2, and 1 on the right side of zero

    loss = multiclass_hinge_loss(torch.tensor(row), torch.tensor([1]), kind=kind)

    assert loss == 0
    assert slopes(row, [1], kind=kind) == [[0, 0, 0, 0]]


@pytest.mark.parametrize("kind", KINDS)
def test_renaming_the_classes_changes_nothing(kind):
    logits, targets = drawn()
    order = torch.tensor([2, 0, 3, 1])

    got = multiclass_hinge_loss(logits[:, order], order.argsort()[targets], kind=kind)

    torch.testing.assert_close(got, multiclass_hinge_loss(logits, targets, kind=kind))


@pytest.mark.parametrize(
    ("kind", "same"), [(OF_PAIRS[0], True), (OF_PAIRS[1], True), (KINDS[2], False)]
)
def test_adding_a_constant_to_all_logits_matters_only_against_zero(kind, same):
    logits, targets = drawn()

    shifted = multiclass_hinge_loss(logits + 4, targets, kind=kind)

    assert torch.isclose(shifted, multiclass_hinge_loss(logits, targets, kind=kind)) == same


def test_with_a_majority_crammer_singer_leads_by_a_margin_and_without_one_it_gives_up():
    # Leads of a cost p (1 - a) + (1 - p) (1 + a) = 1 + (1 - 2 p) a for a share p of the leader.
    ahead, level = [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]

    assert risk(ahead, [0.6, 0.2, 0.2], "crammer_singer") == pytest.approx(0.8)
    assert risk(ahead, [0.4, 0.3, 0.3], "crammer_singer") == pytest.approx(1.2)
    assert risk(level, [0.4, 0.3, 0.3], "crammer_singer") == pytest.approx(1)


@pytest.mark.parametrize(("shares", "lead"), [([0.51, 0.4, 0.09], 1), ([0.4, 0.35, 0.25], 0)])
def test_weston_watkins_finds_a_majority_and_may_tie_two_classes_without_one(shares, lead):
    # The risk is linear between whole numbers, so that a grid which holds these has the minimum.
    first, second = best((*HALVES, 3.0), 2, lambda z: risk([*z, 0.0], shares, "weston_watkins"))

    assert first - second == lead
    assert second > 0


@pytest.mark.parametrize("first", [0.6, 0.4])
def test_one_vs_rest_says_which_classes_have_more_than_half(first):
    shares = [first, 0.9 - first, 0.1]

    signs = best(HALVES, 3, lambda z: risk(z, shares, "one_vs_rest"))

    assert signs == tuple(1 if share > 0.5 else -1 for share in shares)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "ova"}, r"kind must be one of 'crammer_singer', .* but is 'ova'\."),
        ({"margin": -1.0}, r"margin must be at least 0, but is -1\.0\."),
        ({"margin": float("nan")}, r"margin must be at least 0, but is nan\."),
    ],
)
def test_an_option_that_does_not_exist_is_refused(wrong, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        multiclass_hinge_loss(torch.zeros(1, 3), torch.tensor([0]), **wrong)


def test_targets_that_are_a_list_are_refused():
    with pytest.raises(TypeError, match=r"^targets must be a tensor, but is list"):
        multiclass_hinge_loss(torch.zeros(2, 3), [0, 1])
