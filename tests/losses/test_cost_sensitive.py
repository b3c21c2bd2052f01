"""What holds for expected cost alone: rows are true classes, columns decisions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from lossedu.losses import cost_sensitive_loss

COSTS = torch.tensor([[0.0, 1.0, 4.0], [2.0, 0.0, 1.0], [9.0, 3.0, 0.0]], dtype=torch.float64)


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def certain(decisions):
    """Logits that leave no doubt."""
    return 1e4 * torch.nn.functional.one_hot(decisions, 3).double()


def slope(logits, targets, costs):
    leaf = logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        cost_sensitive_loss(leaf, targets, costs, reduction="sum"), leaf
    )
    return gradient


def test_two_values_by_hand():
    # p = (1/2, 1/4, 1/4): truth 0 costs 1/4 + 4/4, truth 2 costs 9/2 + 3/4.
    logits = torch.tensor([[2.0, 1.0, 1.0]], dtype=torch.float64).log().repeat(2, 1)

    got = cost_sensitive_loss(logits, torch.tensor([0, 2]), COSTS, reduction="none")

    assert got.tolist() == pytest.approx([1.25, 5.25], rel=1e-14)


def test_rows_are_truths_and_columns_decisions():
    decide_for_2 = certain(torch.tensor([2]))

    assert cost_sensitive_loss(decide_for_2, torch.tensor([0]), COSTS) == 4
    assert cost_sensitive_loss(decide_for_2, torch.tensor([0]), COSTS.T) == 9


def test_certain_decisions_cost_what_their_confusion_matrix_says():
    generator = torch.Generator().manual_seed(0)
    truths, decisions = torch.randint(3, (2, 40), generator=generator)

    got = cost_sensitive_loss(certain(decisions), truths, COSTS, reduction="sum")

    counts = torch.from_numpy(confusion_matrix(truths.numpy(), decisions.numpy()))
    assert got == (counts * COSTS).sum()


def test_a_cost_of_one_for_each_mistake_makes_it_the_probability_of_a_mistake():
    logits, targets = drawn(8, 3), torch.arange(8) % 3

    got = cost_sensitive_loss(logits, targets, 1 - torch.eye(3), reduction="none")

    mistake = 1 - logits.softmax(-1)[torch.arange(8), targets]
    torch.testing.assert_close(got, mistake)


def test_a_small_probability_of_a_mistake_keeps_its_digits():
    logits = torch.tensor([[50.0, 0.0]], dtype=torch.float64)

    got = cost_sensitive_loss(logits, torch.tensor([0]), 1 - torch.eye(2))

    assert got.item() == pytest.approx(1.9287498479639178e-22, rel=1e-12)  # e^-50


def test_adding_to_a_row_of_costs_adds_to_the_loss_and_nothing_to_the_gradient():
    logits, targets = drawn(5, 3), torch.tensor([0, 0, 0, 0, 0])
    raised = COSTS + torch.tensor([[7.0], [0.0], [0.0]])

    torch.testing.assert_close(
        cost_sensitive_loss(logits, targets, raised),
        cost_sensitive_loss(logits, targets, COSTS) + 7,
    )
    torch.testing.assert_close(slope(logits, targets, raised), slope(logits, targets, COSTS))


@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), st.integers(0, 2))
def test_it_lies_between_the_smallest_and_the_largest_cost_of_the_row(logits, truth):
    got = cost_sensitive_loss(
        torch.tensor([logits], dtype=torch.float64), torch.tensor([truth]), COSTS + 1
    )

    assert (COSTS[truth] + 1).min() - 1e-12 <= got <= (COSTS[truth] + 1).max() + 1e-12


def test_renaming_the_classes_renames_rows_and_columns():
    logits, targets, order = drawn(9, 3), torch.arange(9) % 3, torch.tensor([2, 0, 1])
    new_names = torch.empty(3, dtype=torch.long).scatter(0, order, torch.arange(3))

    got = cost_sensitive_loss(logits[:, order], new_names[targets], COSTS[order][:, order])

    torch.testing.assert_close(got, cost_sensitive_loss(logits, targets, COSTS))


def test_the_gradient_vanishes_for_certain_predictions_right_or_wrong():
    logits = certain(torch.tensor([0, 0, 0]))

    assert (slope(logits, torch.tensor([0, 1, 2]), COSTS) == 0).all()
    assert (slope(logits / 1e4, torch.tensor([0, 1, 2]), COSTS) != 0).any()


def test_descent_ends_at_the_decision_of_least_expected_cost_not_at_the_likeliest_class():
    truths = torch.tensor([0, 0, 0, 2, 1])  # class 0 is likeliest, class 1 the cheapest guess
    expected = torch.stack([COSTS[truths, decision].mean() for decision in range(3)])
    logits = torch.zeros(1, 3, dtype=torch.float64)

    for _ in range(200):
        logits = logits - slope(logits.expand(5, 3), truths, COSTS).sum(0)

    assert expected.argmin() == 1
    assert logits.softmax(-1)[0, 1] > 0.99


def test_integer_costs_are_costs():
    logits, targets = drawn(4, 3), torch.arange(4) % 3

    got = cost_sensitive_loss(logits, targets, COSTS.long())

    assert got == cost_sensitive_loss(logits, targets, COSTS)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (torch.zeros(3, 2), r"costs must have the shape \(3, 3\) of a cost for each truth and"),
        (-torch.eye(3), "costs must be at least 0 and finite, but contains -1 at index 0"),
        (torch.full((3, 3), torch.nan), "costs must be at least 0 and finite, but contains nan"),
    ],
)
def test_what_is_no_matrix_of_costs_is_refused(costs, message):
    with pytest.raises(ValueError, match=message):
        cost_sensitive_loss(torch.zeros(2, 3), torch.tensor([0, 1]), costs)
