"""The ranking assignment: its references against brute force, its data, its model answer."""

import itertools
import math
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.bridge.sources import notebook_of
from autograder.rubrics.ranking.list_inputs import batches, hidden_batches, lists, lists_with_k
from autograder.rubrics.ranking.ranked_lists import (
    counterexample_fault,
    leads,
    least_squares_scores,
    make_lists,
    reached,
    searches,
    swap_weights,
)
from autograder.rubrics.ranking.rubric import RUBRIC
from autograder.student.notebook_check import NotebookWork

ROOT = Path(__file__).parents[3]
NOTEBOOK = notebook_of((ROOT / "solutions" / "ranking" / "ranking.md").read_text())
CHECKS = {check.id: check for check in RUBRIC.checks}


def generator(seed):
    return torch.Generator().manual_seed(seed)


def teachers_names():
    space = {}
    for cell in NOTEBOOK.cells:
        if cell.cell_type == "code" and 'check("' not in cell.source:
            source = cell.source.replace("from autograder import check", "")
            exec(re.sub(r"^try:.*", "", source, flags=re.DOTALL | re.MULTILINE), space)
    return space


def reference(check):
    return CHECKS[check].check.reference


# Whole scores make ties, grades from 0 to 4 make lists without anything relevant.
small_lists = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-3, 3).map(float), min_size=n, max_size=n),
        st.lists(st.integers(0, 4).map(float), min_size=n, max_size=n),
    )
)


# --- brute force, written from the text of the assignment ----------------------------------------


def brute_dcg(order, relevance, k):
    return sum(
        (2 ** relevance[item] - 1) / math.log2(1 + rank) for rank, item in enumerate(order[:k], 1)
    )


def brute_order(values):
    return sorted(range(len(values)), key=lambda item: (-values[item], item))


def brute_ndcg(scores, relevance, k):
    best = max(
        brute_dcg(order, relevance, k) for order in itertools.permutations(range(len(scores)))
    )
    return brute_dcg(brute_order(scores), relevance, k) / best if best else 0.0


def brute_pairs(scores, relevance, charge):
    every = itertools.permutations(range(len(scores)), 2)
    charges = [charge(scores[i] - scores[j]) for i, j in every if relevance[i] > relevance[j]]
    return sum(charges) / len(charges) if charges else 0.0


def brute_logistic(lead):
    return math.log(1 + math.exp(-lead))


@settings(max_examples=60)
@given(drawn=small_lists, k=st.integers(1, 7))
def test_ndcg_is_what_trying_every_order_gives(drawn, k):
    scores, relevance = drawn

    found = reference("ranking.ndcg")(torch.tensor(scores), torch.tensor(relevance), k)

    assert found.item() == pytest.approx(brute_ndcg(scores, relevance, k), abs=1e-9)


@settings(max_examples=60)
@given(drawn=small_lists)
def test_swap_weights_are_what_swapping_two_ranks_changes(drawn):
    scores, relevance = drawn
    n, order = len(scores), brute_order(scores)
    best = brute_dcg(brute_order(relevance), relevance, n)
    found = swap_weights(torch.tensor(scores), torch.tensor(relevance))

    for a, b in itertools.product(range(n), repeat=2):
        swapped = list(order)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        change = brute_dcg(swapped, relevance, n) - brute_dcg(order, relevance, n)
        due = abs(change) / best if best else 0.0
        assert found[order[a], order[b]].item() == pytest.approx(due, abs=1e-9)


@settings(max_examples=60)
@given(drawn=small_lists)
def test_both_pairwise_losses_are_means_over_listed_pairs(drawn):
    scores, relevance = drawn
    tensors = torch.tensor(scores).double(), torch.tensor(relevance)

    hinge = reference("ranking.hinge")(*tensors).item()
    logistic = reference("ranking.ranknet")(*tensors).item()

    assert hinge == pytest.approx(brute_pairs(scores, relevance, lambda lead: max(0, 1 - lead)))
    assert logistic == pytest.approx(brute_pairs(scores, relevance, brute_logistic))


@settings(max_examples=60)
@given(drawn=small_lists)
def test_listmle_is_the_probability_of_drawing_the_order(drawn):
    scores, relevance = drawn
    left, probability = brute_order(relevance), 1.0
    while left:
        probability *= math.exp(scores[left[0]]) / sum(math.exp(scores[item]) for item in left)
        left = left[1:]

    found = reference("ranking.listmle")(torch.tensor(scores).double(), torch.tensor(relevance))

    assert found.item() == pytest.approx(-math.log(probability), abs=1e-9)


@pytest.mark.parametrize("draw", [batches, hidden_batches])
def test_the_batched_reference_is_a_mean_over_lists_with_a_pair(draw):
    for scores, grades, mask in draw(generator(4)):
        values = [
            brute_pairs(s[m].tolist(), g[m].tolist(), brute_logistic)
            for s, g, m in zip(scores, grades, mask, strict=True)
            if len(set(g[m].tolist())) > 1
        ]

        found = reference("ranking.batched")(scores.double(), grades, mask)

        assert found.item() == pytest.approx(sum(values) / len(values))
        assert len(values) < len(scores)


# --- inputs and data -----------------------------------------------------------------------------


def test_hidden_lists_have_a_pair_ties_and_cut_offs_that_matter():
    drawn = lists(most=1)(generator(3))

    assert all(len(grades.unique()) > 1 for _, grades in drawn)
    assert any(len(grades.unique()) < len(grades) for _, grades in drawn)
    assert all(k < len(scores) for scores, _, k in lists_with_k(generator(3)))


def test_the_grader_draws_lists_as_the_notebook_does():
    names = teachers_names()

    theirs, ours = names["make_lists"](7), make_lists(generator(7))

    assert all(map(torch.equal, theirs, ours))
    new = make_lists(generator(8))[0]
    usual = names["squared_error_scores"](*theirs, new)
    assert torch.allclose(usual, least_squares_scores(*ours, new), atol=1e-5)


def test_an_exam_keeps_the_grades_of_its_new_lists():
    for exam in searches(generator(1)):
        sent = [tuple(part.shape) for part in exam.arguments]
        assert sent == [(60, 20, 6), (60, 20), (100, 20, 6)]
        assert exam.shape == tuple(exam.hidden.relevance.shape) == (100, 20)


def test_squared_error_misses_every_mark_of_the_scorer_and_the_truth_none():
    exams = searches(generator(1))
    fitted = [least_squares_scores(*exam.arguments) for exam in exams]
    truth = [exam.hidden.relevance for exam in exams]

    assert leads(fitted, exams).abs().max().item() < 1e-6
    assert reached(fitted, exams).mean().item() < 0.75
    assert leads(truth, exams).min().item() > 0.2
    assert reached(truth, exams).tolist() == pytest.approx([1.0] * 5)


# --- the counterexample --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relevance", "close", "far", "said"),
    [
        ([1.0, 0.0], [0.49, 0.51], [100.0, 99.0], "^$"),
        ([1.0, 0.0], [0.49, 0.51], [0.6, 0.4], "at most a tenth"),
        ([1.0, 0.0], [0.49, 0.51], [2.5, 1.0], "at most a tenth"),
        ([1.0, 0.0], [0.9, 0.1], [100.0, 99.0], "at least 0.3 higher"),
        ([0.5, 0.0], [0.49, 0.51], [100.0, 99.0], "whole grades"),
        ([5.0, 0.0], [4.0, 4.1], [100.0, 99.0], "whole grades"),
        ([1.0, 0.0], [0.49, 0.51], [100.0, 99.0, 98.0], "three tensors of one shape"),
        ([1.0], [0.4], [100.0], "three tensors of one shape"),
    ],
)
def test_a_counterexample_is_judged_by_both_numbers(relevance, close, far, said):
    found = counterexample_fault(*(torch.tensor(x).double() for x in (relevance, close, far)))

    assert re.search(said, found)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (torch.zeros(2), "must return 3 tensors: relevance, close, far"),
        ((torch.zeros(2), torch.zeros(2)), "must return 3 tensors"),
        ((torch.zeros(2), [0.0, 1.0], torch.zeros(2)), "must return 3 tensors"),
        ((torch.zeros(2), torch.full((2,), math.nan), torch.zeros(2)), "finite numbers"),
    ],
)
def test_what_is_no_counterexample_is_refused(returned, said):
    work = NotebookWork({"counterexample": lambda: returned}, {})

    finding = CHECKS["ranking.counterexample"].judge(work, None)

    assert (finding.status, finding.share) == ("failed", 0.0)
    assert said in finding.message


def test_a_ready_made_metric_is_forbidden():
    source = (
        "from sklearn.metrics import ndcg_score\n"
        "def ndcg(scores, relevance, k):\n    return ndcg_score([relevance], [scores], k=k)\n"
    )
    work = NotebookWork(teachers_names(), {"ranking-ndcg": source})

    finding = CHECKS["ranking.ndcg"].judge(work, None)

    assert (finding.status, finding.share) == ("forbidden", 0.0)


# --- the model answer ----------------------------------------------------------------------------


def test_the_figures_of_the_model_answer_are_those_of_its_experiment():
    compare = teachers_names()["compare"]
    answer = next(cell.source for cell in NOTEBOOK.cells if cell.id == "ranking-conclusion")

    squared, ranked = (figures(column) for column in compare().T)
    no_level = [figures(column) for column in compare(spread=0.0).T]

    assert f"squared error reaches {squared} and the ranking loss {ranked}" in answer
    assert f"it is {no_level[0]} against {no_level[1]}" in answer


def figures(values):
    return f"{values.mean():.3f} ± {values.std():.3f}"
