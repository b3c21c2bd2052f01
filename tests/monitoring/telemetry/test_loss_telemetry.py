"""What a service says of its losses is right, bounded, and costs next to nothing."""

import re
import threading

import numpy as np
import pytest
import torch
from prometheus_client import CollectorRegistry, generate_latest

from lossedu.losses import binary_cross_entropy_with_logits as logistic_loss
from lossedu.losses import cross_entropy, hinge_loss, sigmoid_focal_loss
from lossedu.monitoring.telemetry.bounded import Bounded
from lossedu.monitoring.telemetry.buckets import Buckets
from lossedu.monitoring.telemetry.loss_telemetry import LossTelemetry
from lossedu.monitoring.telemetry.outcomes import focal, hinge, logistic, outcomes


@pytest.fixture
def registry():
    return CollectorRegistry()


def telemetry(registry, **options):
    return LossTelemetry(registry, model="spam", version="7", **options)


def drawn(n, *classes, seed=0):
    numbers = np.random.default_rng(seed)
    return numbers.normal(size=(n, *classes)) * 2, numbers.integers(0, *(classes or (2,)), n)


def value(registry, name, **labels):
    return registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (hinge, lambda s, y: hinge_loss(s, 2 * y - 1, reduction="none")),
        (logistic, lambda s, y: logistic_loss(s, y, reduction="none")),
        (focal(2.0), lambda s, y: sigmoid_focal_loss(s, y, gamma=2.0, reduction="none")),
        (focal(0.5), lambda s, y: sigmoid_focal_loss(s, y, gamma=0.5, reduction="none")),
    ],
)
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_losses_of_margins_are_those_of_the_package(loss, reference, size):
    scores, labels = drawn(200)

    seen = outcomes(size * scores, labels, loss)

    expected = reference(torch.tensor(size * scores), torch.tensor(labels).double())
    np.testing.assert_allclose(seen.loss, expected.numpy(), rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("size", [1.0, 1e4])
def test_scores_of_several_classes_have_cross_entropy(size):
    scores, labels = drawn(200, 5)

    seen = outcomes(size * scores, labels)

    expected = cross_entropy(torch.tensor(size * scores), torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(seen.loss, expected.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(seen.p_true, np.exp(-expected.numpy()), rtol=1e-10)
    assert ((seen.margin > 0) == (seen.predicted == labels)).all()


def test_two_classes_are_the_same_as_one_score():
    scores, labels = drawn(100)

    one, two = outcomes(scores, labels), outcomes(np.stack([0 * scores, scores], 1), labels)

    for name in ("margin", "loss", "p_true", "predicted"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-9, atol=1e-12)


def test_every_labelled_prediction_is_counted_once(registry):
    scores, labels = drawn(1000)
    service = telemetry(registry, loss=hinge, high_loss=2.0)

    service.observe(scores)
    for part in range(0, 1000, 128):
        service.observe_labels(scores[part : part + 128], labels[part : part + 128])

    margin = np.where(labels == 1, scores, -scores)
    assert value(registry, "lossedu_predictions_total") == 1000
    for sli, bad in [
        ("margin_violation", margin < 1),
        ("error", margin <= 0),
        ("hard_example", margin < 0),
        ("high_loss", 1 - margin > 2),
    ]:
        assert value(registry, "lossedu_events_total", sli=sli) == 1000
        assert value(registry, "lossedu_bad_events_total", sli=sli) == bad.sum()
    for name in (0, 1):
        mine = labels == name
        assert value(registry, "lossedu_labelled_total", **{"class": str(name)}) == mine.sum()
        right = (mine & (margin > 0)).sum()
        assert value(registry, "lossedu_right_total", **{"class": str(name)}) == right


def test_histograms_count_up_to_their_bounds(registry):
    scores, labels = drawn(1000)
    service = telemetry(registry, loss=hinge)

    service.observe_labels(scores, labels, lag_s=np.full(1000, 7200.0))

    losses = np.maximum(0, 1 - np.where(labels == 1, scores, -scores))
    for bound in (0.01, 0.5, 1.0, 5.0):
        expected = (losses <= bound).sum()
        assert value(registry, "lossedu_loss_bucket", le=repr(bound)) == expected
    assert value(registry, "lossedu_loss_bucket", le="+Inf") == 1000
    assert value(registry, "lossedu_loss_sum") == pytest.approx(losses.sum())
    assert value(registry, "lossedu_label_lag_seconds_bucket", le="3600.0") == 0
    assert value(registry, "lossedu_label_lag_seconds_bucket", le="21600.0") == 1000


def test_a_value_on_a_bound_is_within_it():
    histogram = Buckets([1.0, 2.0])

    histogram.add(np.array([1.0, 1.5, 2.0, 2.5]))

    assert histogram.cumulative() == [("1.0", 1), ("2.0", 3), ("+Inf", 4)]


def test_scores_that_are_not_finite_are_bad_and_in_no_histogram(registry):
    scores = np.array([3.0, np.nan, np.inf, -np.inf])
    service = telemetry(registry)

    service.observe(scores)
    service.observe_labels(scores, [1, 1, 1, 1])

    assert value(registry, "lossedu_invalid_scores_total") == 3
    assert value(registry, "lossedu_events_total", sli="margin_violation") == 4
    assert value(registry, "lossedu_bad_events_total", sli="margin_violation") == 3
    assert value(registry, "lossedu_loss_bucket", le="+Inf") == 1
    assert np.isfinite(value(registry, "lossedu_loss_sum"))


def test_nothing_that_arrives_adds_series(registry):
    service = telemetry(registry, classes=[f"class-{row}" for row in range(500)])

    def series():
        return len(generate_latest(registry).splitlines())

    for feature in range(49):
        service.report_drift(f"feature-{feature}", "psi", 0.1)
    scores, labels = drawn(2000, 500)
    service.observe_labels(scores, labels)
    before = series()
    for number in range(5000):
        service.report_drift(f"user-{number}", "psi", number / 5000)
    service.observe_labels(scores, labels)

    assert series() == before + 2
    assert before < 250
    assert value(registry, "lossedu_drift", feature="other", statistic="psi") == 4999 / 5000
    counted = [
        value(registry, "lossedu_labelled_total", **{"class": name})
        for name in [*(f"class-{row}" for row in range(20)), "other"]
    ]
    assert sum(counted) == 4000


def test_threads_lose_no_count(registry):
    scores, labels = drawn(50)
    service = telemetry(registry)

    def serve():
        for _ in range(100):
            service.observe(scores)
            service.observe_labels(scores, labels)

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for one in threads:
        one.start()
    for _ in range(20):
        generate_latest(registry)
    for one in threads:
        one.join()

    assert value(registry, "lossedu_predictions_total") == 8 * 100 * 50
    assert value(registry, "lossedu_events_total", sli="error") == 8 * 100 * 50


def test_gauges_say_what_was_reported_last_and_nothing_before(registry):
    service = telemetry(registry)
    assert value(registry, "lossedu_gradient_norm") is None

    service.report(gradient_norm=3.0, label_coverage_ratio=0.5)
    service.report(gradient_norm=2.0)
    service.retrained("rejected")

    assert value(registry, "lossedu_gradient_norm") == 2
    assert value(registry, "lossedu_label_coverage_ratio") == 0.5
    assert value(registry, "lossedu_retrains_total", outcome="rejected") == 1
    assert value(registry, "lossedu_build_info", model="spam", version="7") == 1


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda t: t.observe_labels([1.0], [2]), "labels must be classes from 0 to 1, but hold 2"),
        (lambda t: t.observe_labels([1.0], [-1]), "Hint: map -1 and 1 to 0 and 1"),
        (lambda t: t.observe_labels([1.0], [0.5]), "labels must be classes from 0 to 1"),
        (lambda t: t.observe_labels([1.0, 2.0], [1]), "scores and labels must have shapes (n,)"),
        (lambda t: t.observe_labels([1.0], [1], lag_s=[1, 2]), "lag_s must have shape (1,)"),
        (
            lambda t: t.observe_labels([[1.0, 2.0, 3.0]], [2]),
            "classes must name every class, but name 2, and a label is 2",
        ),
        (lambda t: t.report(accuracy=1.0), "values must be among label_coverage_ratio"),
        (lambda t: t.retrained("maybe"), "outcome must be among accepted, rejected, failed"),
    ],
)
def test_what_has_no_meaning_is_refused_and_counted_nowhere(registry, call, complaint):
    service = telemetry(registry)
    before = generate_latest(registry)

    with pytest.raises(ValueError, match=re.escape(complaint)):
        call(service)

    assert generate_latest(registry) == before


def test_known_values_of_a_label_must_fit():
    with pytest.raises(ValueError, match="known must have at most 1 values, but has 2"):
        Bounded(1, ["a", "b"])


def test_a_long_value_is_shortened():
    slices = Bounded(1)

    assert slices.value("x" * 1000) == "x" * 64
    assert slices.value("x" * 2000) == "x" * 64
