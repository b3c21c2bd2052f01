"""References of the briefs to choose from, each against a slow and plain computation."""

import itertools
import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from autograder.rubrics.design import brief_inputs as briefs


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_rating_references_are_differences_of_sigmoids():
    for scores, thresholds, ratings in briefs.rated(generator(1)):
        cuts = [-math.inf, *thresholds.tolist(), math.inf]
        table = briefs.rating_probabilities(scores.double(), thresholds.double())
        charges = briefs.rating_loss(scores.double(), thresholds.double(), ratings)
        for row, (s, k) in enumerate(zip(scores.tolist(), ratings.tolist(), strict=True)):
            below = [1 / (1 + math.exp(min(s - cut, 700))) for cut in cuts]
            assert table[row].tolist() == pytest.approx(
                [high - low for low, high in itertools.pairwise(below)]
            )
            assert charges[row].item() == pytest.approx(-math.log(below[k + 1] - below[k]))


def test_the_best_order_is_the_one_that_costs_least_of_many_and_quantiles_agree():
    for demand, short, left in briefs.sold(generator(1)):
        tried = torch.linspace(0, demand.max().item() + 1, 2001, dtype=torch.float64)
        gaps = demand.double() - tried.unsqueeze(1)
        costs = (short * gaps.relu() + left * (-gaps).relu()).mean(1)
        found = briefs.best_order(demand.double(), short, left)

        assert found.item() == pytest.approx(tried[costs.argmin()].item(), abs=0.02)
        for way in ("linear", "lower", "higher", "nearest"):
            level = short / (short + left)
            assert demand.quantile(level, interpolation=way).item() == found.item()


def test_the_stock_reference_charges_each_unit():
    for orders, demand, short, left in briefs.stocked(generator(1)):
        found = briefs.stock_loss(orders.double(), demand.double(), short, left)
        pairs = zip(orders.tolist(), demand.tolist(), strict=True)
        due = [short * max(d - o, 0) + left * max(o - d, 0) for o, d in pairs]
        assert found.tolist() == pytest.approx(due)


def test_the_unbiased_reference_is_the_full_mean_on_average_over_what_is_seen():
    logits = torch.tensor([[0.4, -1.0], [2.0, 0.3]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    propensity = torch.tensor([[0.5, 0.2], [0.8, 0.9]], dtype=torch.float64)
    full = binary_cross_entropy_with_logits(logits, labels).item()

    average = 0.0
    for seen in itertools.product((True, False), repeat=4):
        observed = torch.tensor(seen).view(2, 2)
        chance = torch.where(observed, propensity, 1 - propensity).prod().item()
        average += chance * briefs.unbiased_loss(logits, labels, observed, propensity).item()

    assert average == pytest.approx(full)
