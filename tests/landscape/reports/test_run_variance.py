"""Intervals over runs hold the truth as often as they say."""

import numpy as np
import pytest
import torch
from scipy.stats import ttest_1samp

from lossedu.landscape.reports.run_variance import RunResult, run_variance, spread


def test_intervals_hold_the_truth_as_often_as_they_say():
    draw, trials = np.random.default_rng(0), 2000
    hits = np.zeros(2)
    for values in draw.normal(3.0, 2.0, size=(trials, 5)):
        found = spread(values, level=0.9)
        hits += [
            found.interval[0] <= 3.0 <= found.interval[1],
            found.deviation_interval[0] <= 2.0 <= found.deviation_interval[1],
        ]

    error = (0.9 * 0.1 / trials) ** 0.5
    assert abs(hits / trials - 0.9).max() < 4 * error


def test_the_interval_of_the_mean_is_that_of_students_test():
    values = [0.3, 1.7, -0.4, 2.2]

    expected = ttest_1samp(values, 0.0).confidence_interval(0.9)

    assert spread(values, level=0.9).interval == pytest.approx((expected.low, expected.high))


def test_mean_deviation_distances_and_disagreement_by_hand():
    points = [torch.tensor([0.0, 3.0]), torch.tensor([4.0, 0.0])]
    decisions = [torch.tensor([0, 1, 1, 2]), torch.tensor([0, 1, 2, 2])]
    runs = [
        RunResult({"loss": loss, "accuracy": 0.5}, point, decided)
        for loss, point, decided in zip((1.0, 3.0), points, decisions, strict=True)
    ]

    found = run_variance(runs)

    assert found.figures["loss"].mean == 2.0
    assert found.figures["loss"].deviation == pytest.approx(2**0.5)
    assert found.figures["loss"].range == (1.0, 3.0)
    assert found.figures["accuracy"].deviation == 0.0
    np.testing.assert_allclose(found.distances, [[0, 5], [5, 0]])
    np.testing.assert_allclose(found.cosines, [[1, 0], [0, 1]], atol=1e-12)
    np.testing.assert_allclose(found.disagreement, [[0, 0.25], [0.25, 0]])
    names = [row[0] for row in found.table().rows]
    assert names == [
        "loss",
        "accuracy",
        "distances (least, most)",
        "cosines (least, most)",
        "disagreement (least, most)",
    ]


def test_runs_without_points_have_no_distances():
    found = run_variance([RunResult({"loss": 1.0}), RunResult({"loss": 2.0})])

    assert found.distances is None
    assert found.disagreement is None


def test_the_table_holds_numbers_that_are_written_alike():
    points = [torch.tensor([1.0, 0.0]), torch.tensor([-0.5, 0.0])]
    found = run_variance([RunResult({"loss": -1.0}, point) for point in points])

    rows = {row[0]: row for row in found.table().text()}
    assert rows["loss"][1] == "−1"
    assert rows["cosines (least, most)"][1:4] == ("−1", "−1", "−1")


def test_figures_that_are_not_finite_are_left_out_and_counted():
    found = run_variance([RunResult({"loss": v}) for v in (1.0, float("nan"), 3.0)])

    assert found.figures["loss"].runs == 2
    assert found.figures["loss"].mean == 2.0
    assert spread([float("inf")]).runs == 0
    assert spread([4.0]).interval == (-np.inf, np.inf)


def test_one_run_and_other_figures_are_refused():
    with pytest.raises(ValueError, match="at least 2 runs"):
        run_variance([RunResult({"loss": 1.0})])
    with pytest.raises(ValueError, match="the same figures"):
        run_variance([RunResult({"loss": 1.0}), RunResult({"accuracy": 1.0})])


def test_of_three_runs_the_deviation_is_known_from_a_half_to_six_times():
    low, high = spread([1.0, 2.0, 3.0]).deviation_interval

    assert (round(low, 1), round(high)) == (0.5, 6)


@pytest.mark.parametrize(("level", "said"), [(0.95, "95%"), (0.995, "99.5%"), (0.999, "99.9%")])
def test_the_table_names_the_level_of_its_intervals(level, said):
    found = run_variance([RunResult({"loss": 1.0}), RunResult({"loss": 2.0})], level=level)

    assert found.table().label == f"variance over runs, {said} intervals"


@pytest.mark.parametrize("level", [0.0, 1.0, 95, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level):
    with pytest.raises(ValueError, match="level must be above 0 and below 1"):
        spread([1.0, 2.0], level=level)


@pytest.mark.parametrize("name", ["point", "decisions"])
@pytest.mark.parametrize("other", [None, torch.zeros(4)])
def test_runs_that_do_not_all_have_points_or_decisions_of_one_shape_are_refused(name, other):
    pair = [RunResult({"loss": 1.0}, **{name: tensor}) for tensor in (torch.zeros(3), other)]

    with pytest.raises(ValueError, match=f"results must all have {name} of one shape"):
        run_variance(pair)


def test_points_at_zero_have_the_cosines_that_drift_gives_them():
    values = (torch.zeros(2), torch.zeros(2), torch.tensor([3e-14, 0.0]))
    points = [v.requires_grad_() for v in values]

    found = run_variance([RunResult({"loss": 1.0}, point) for point in points])

    np.testing.assert_array_equal(found.cosines, [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(found.distances[2], [3e-14, 3e-14, 0])
