"""Computed properties are those that can be worked out by hand."""

import math
from dataclasses import replace

import pytest

from lossedu import catalog
from lossedu.properties import properties, table
from lossedu.properties.computing import computed
from lossedu.properties.kept import kept, names_of_kept

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


@pytest.mark.parametrize("spec", catalog.specs().values(), ids=lambda spec: spec.name)
def test_what_is_kept_of_a_loss_is_what_its_formula_gives(spec):
    known = kept(spec)

    found = computed(spec, {})
    assert known is not None, "run python -m lossedu.properties"
    assert (known.axis, known.convex) == (found.axis, found.convex)
    for name in ("least", "lipschitz", "smoothness", "limits", "slopes"):
        assert getattr(known, name) == pytest.approx(getattr(found, name), rel=1e-6, abs=1e-6)
    assert (known.nonconvex or ()) == pytest.approx(found.nonconvex or (), rel=1e-6)


def test_of_a_spec_that_has_changed_nothing_is_kept():
    changed = replace(SQUARED, formula="3*(x - y)**2")

    assert kept(changed) is None
    assert properties(changed).smoothness == 6


def test_nothing_is_kept_of_losses_that_are_gone():
    assert names_of_kept() == {spec.name for spec in catalog.specs().values()}
