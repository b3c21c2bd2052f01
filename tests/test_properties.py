"""Computed properties are those that can be worked out by hand."""

import math

import pytest

from lossedu import catalog
from lossedu.properties import properties, table

BINARY = catalog.spec("binary_cross_entropy_with_logits")
FOCAL = catalog.spec("sigmoid_focal_loss")
SQUARED = catalog.spec("mse_loss")


def test_cross_entropy_is_convex_with_slope_at_most_one_and_curvature_at_most_a_quarter():
    facts = properties(BINARY)

    assert facts.convex
    assert facts.lipschitz == pytest.approx(1)
    assert facts.smoothness == pytest.approx(0.25)
    assert facts.limits == (math.inf, 0)
    assert facts.slopes == (-1, 0)
    assert facts.least == 0


def test_squared_error_has_no_largest_slope():
    facts = properties(SQUARED)

    assert facts.convex
    assert facts.lipschitz == math.inf
    assert facts.smoothness == 2
    assert facts.limits == (math.inf, math.inf)
    assert facts.slopes == (-math.inf, math.inf)


def test_focal_loss_bends_the_wrong_way_for_small_probabilities():
    low, high = properties(FOCAL, gamma=2).nonconvex

    # (1 - p)(1 + 2 gamma) + gamma (1 - p - gamma p) log p = 0 at p = 0.0578 for gamma = 2.
    p = 1 / (1 + math.exp(-high))
    assert low == -math.inf
    assert (1 - p) * 5 + 2 * (1 - 3 * p) * math.log(p) == pytest.approx(0, abs=1e-6)
    assert p == pytest.approx(0.058, abs=1e-3)


def test_gamma_zero_has_the_properties_of_cross_entropy():
    assert properties(FOCAL, gamma=0) == properties(BINARY)


def test_a_table_has_a_row_for_each_combination():
    cells = table(BINARY, FOCAL, gamma=(0, 2)).text()

    assert [row[0] for row in cells[1:]] == [
        "Binary cross-entropy",
        "Focal loss (gamma = 0)",
        "Focal loss (gamma = 2)",
    ]
