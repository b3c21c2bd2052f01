"""Results that others have published come out again, with intervals over seeds."""

import math

import pytest

from lossedu.landscape.experiments import connected_minima, flatter_minima, weight_matching
from lossedu.landscape.experiments.digits_networks import digits

pytestmark = pytest.mark.slow


def test_weight_matching_shrinks_a_barrier_at_least_fourfold():
    found = weight_matching.run(seed=1)

    assert min(pair.before.height for pair in found.pairs) > 0.05
    assert all(pair.before.converged and pair.after.converged for pair in found.pairs)
    assert found.shrinks.interval[0] > math.log(4)
    assert len(found.table().rows) == len(found.pairs) + 1


def test_a_curve_stays_low_where_the_straight_line_has_a_barrier():
    found = connected_minima.run(seed=1, pairs=3, steps=600)

    assert all(path.straight.max() > 0.1 for path in found.paths)
    assert all(path.barrier < 0.05 * path.straight.max() for path in found.paths)
    assert found.lower.interval[0] > math.log(4)
    assert len(found.table().rows) == len(found.paths) + 1


def test_sharpness_aware_steps_and_averages_of_weights_end_flatter_than_sgd():
    found = flatter_minima.run(seed=1)

    for method in ("SAM", "averaged SGD"):
        low = {m: found.ratio(method, m).interval[0] for m in flatter_minima.MEASURES}
        assert low["trace"] > 0, method
        assert low["expected sharpness"] > 0, method
    assert len(found.table().rows) == 12


def test_wrong_labels_are_as_many_as_asked_for():
    right, wrong = digits()[1], digits(wrong_labels=0.5, seed=3)[1]

    share = float((right != wrong).double().mean())
    expected = 0.5 * 0.9  # a label drawn anew may be the right one
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / len(right))
