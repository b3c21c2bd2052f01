"""What holds for calibration after training: by a temperature, a logistic curve, any curve."""

import math

import numpy as np
import pytest
import torch
from scipy import optimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from lossedu.calibration import IsotonicScaling, PlattScaling, TemperatureScaling

HALVES = [torch.float16, torch.bfloat16]


def drawn(n, classes=4, seed=0):
    """Logits that are right more often than not, and class numbers."""
    generator = torch.Generator().manual_seed(seed)
    classes_of = torch.randint(classes, (n,), generator=generator)
    logits = 2 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    return logits + 3 * functional.one_hot(classes_of, classes), classes_of


def drawn_scores(n=60, seed=0):
    """Scores of a margin, and events that are likelier where they are high."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(n, generator=generator, dtype=torch.float64)
    return scores, (scores + torch.randn(n, generator=generator) > 0.5).long()


def of_temperature(temperature):
    """Logits for which exactly this temperature makes probabilities 4, 3, 1 eighths come true."""
    logits = temperature * torch.tensor([4.0, 3.0, 1.0], dtype=torch.float64).log()
    return logits.expand(8, 3), torch.tensor([0] * 4 + [1] * 3 + [2])


def aims(targets):
    """Platt's targets, by his note, in Python's floats."""
    ones = sum(targets.tolist())
    zeros = len(targets) - ones
    return [(ones + 1) / (ones + 2) if y else 1 / (zeros + 2) for y in targets.tolist()]


@pytest.mark.parametrize("temperature", [0.05, 1.0, 2.5, 1e4])
def test_a_known_temperature_is_recovered(temperature):
    logits, targets = of_temperature(temperature)

    scaling = TemperatureScaling().fit(logits, targets)

    assert scaling.temperature.item() == pytest.approx(temperature, rel=1e-12)
    assert scaling(logits).softmax(-1)[0].tolist() == pytest.approx([0.5, 0.375, 0.125])


def test_the_temperature_is_that_of_least_log_loss_and_keeps_the_ranking_of_classes():
    logits, targets = drawn(60)

    scaling = TemperatureScaling().fit(logits, targets)

    found = optimize.minimize_scalar(
        lambda t: functional.cross_entropy(logits / t, targets).item(),
        bounds=(0.1, 10),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert scaling.temperature.item() == pytest.approx(found.x, rel=1e-6)
    assert torch.equal(scaling(logits).argsort(-1), logits.argsort(-1))


def test_two_classes_are_one_logit():
    scores, targets = drawn_scores()
    rows = torch.stack([torch.zeros_like(scores), scores], dim=-1)

    one, two = (TemperatureScaling().fit(z, targets).temperature.item() for z in (scores, rows))

    assert one == pytest.approx(two, rel=1e-12)


@pytest.mark.parametrize(
    ("logits", "targets"),
    [
        (torch.tensor([[4.0, 0.0], [0.0, 3.0]]), [0, 1]),  # all right
        (torch.tensor([4.0, -3.0]), [1, 0]),
        (torch.tensor([[4.0, 0.0], [0.0, 3.0]]), [1, 0]),  # all wrong
        (torch.tensor([4.0]), [0]),
        (torch.zeros(2, 2), [1, 0]),  # no better than chance
    ],
)
def test_where_no_temperature_is_best_a_fit_is_refused(logits, targets):
    with pytest.raises(ValueError, match="logits must leave a temperature to choose, but the lik"):
        TemperatureScaling().fit(logits, torch.tensor(targets))


def test_a_temperature_is_fitted_also_where_gradients_are_off():
    with torch.no_grad():
        scaling = TemperatureScaling().fit(*of_temperature(2.0))

    assert scaling.temperature.item() == pytest.approx(2)


@pytest.mark.parametrize("kind", [TemperatureScaling, PlattScaling, IsotonicScaling])
def test_a_fit_to_the_scores_of_a_model_in_training_is_a_constant_to_the_gradient(kind):
    scores, targets = drawn_scores()

    fitted = kind().fit(scores.requires_grad_(), targets)

    assert not fitted(scores.detach()).requires_grad


def test_platt_agrees_with_the_logistic_regression_of_scikit_learn_on_shrunk_targets():
    scores, targets = drawn_scores()
    aim = np.array(aims(targets))  # a share of one is a one and a zero with weights

    found = LogisticRegression(C=np.inf, tol=1e-10).fit(
        np.tile(scores.numpy(), 2)[:, None],
        np.repeat([1, 0], len(aim)),
        sample_weight=np.concatenate([aim, 1 - aim]),
    )

    scaling = PlattScaling().fit(scores, targets)
    assert scaling.slope.item() == pytest.approx(found.coef_.item(), rel=1e-5)
    assert scaling.offset.item() == pytest.approx(found.intercept_.item(), rel=1e-5)


def test_at_platts_optimum_predictions_and_shrunk_targets_agree_on_average():
    scores, targets = drawn_scores()

    p = PlattScaling().fit(scores, targets)(scores).sigmoid()

    error = p - torch.tensor(aims(targets), dtype=torch.float64)
    assert error.mean().item() == pytest.approx(0, abs=1e-12)
    assert (scores * error).mean().item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("unit", [1.0, -1.0, 1e4, 1e-4])
def test_separable_scores_have_a_finite_fit_in_any_unit(unit):
    scores, targets = torch.tensor([-2.0, -1.0, 1.0, 2.0]).double(), torch.tensor([0, 0, 1, 1])

    got = PlattScaling().fit(unit * scores, targets)(unit * scores)

    torch.testing.assert_close(got, PlattScaling().fit(scores, targets)(scores))
    assert (got.diff() > 0).all()


def test_a_score_that_says_nothing_gets_the_shrunk_base_rate():
    targets = torch.tensor([1, 0, 0, 0])

    p = PlattScaling().fit(torch.full((4,), 7.0), targets)(torch.tensor([7.0])).sigmoid()

    assert p.item() == pytest.approx(sum(aims(targets)) / 4, rel=1e-6)


def test_isotonic_is_the_largest_of_least_means_and_agrees_with_scipy_and_scikit_learn():
    scores, targets = drawn_scores(25)
    order = scores.argsort()
    y = targets[order].tolist()

    scaling = IsotonicScaling().fit(scores, targets)
    got = scaling(scores)[order].tolist()

    def least(i, a):
        return min(sum(y[a:b]) / (b - a) for b in range(i + 1, len(y) + 1))

    assert got == pytest.approx([max(least(i, a) for a in range(i + 1)) for i in range(len(y))])
    assert got == pytest.approx(optimize.isotonic_regression(np.array(y, dtype=float)).x)
    assert got == pytest.approx(IsotonicRegression().fit_transform(range(25), y))
    beyond = scaling(torch.tensor([-1e4, 1e4], dtype=torch.float64))
    assert beyond.tolist() == [got[0], got[-1]]


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64], ids=str)
def test_what_comes_out_has_the_dtype_and_shape_of_what_went_in(dtype):
    scores, targets = drawn_scores()
    scores = scores.to(dtype)
    for kind in (TemperatureScaling, PlattScaling, IsotonicScaling):
        fitted = kind().fit(scores, targets)

        assert fitted(scores).dtype == dtype
        assert fitted(scores).isfinite().all()
        assert fitted(scores[:1]) == fitted(scores)[0]


@pytest.mark.parametrize("kind", [TemperatureScaling, PlattScaling, IsotonicScaling])
def test_no_scores_are_calibrated_to_none(kind):
    assert kind().fit(*drawn_scores())(torch.zeros(0)).shape == (0,)


@pytest.mark.parametrize("kind", [TemperatureScaling, PlattScaling])
def test_a_state_dict_carries_the_fit_to_the_last_digit(kind):
    scores, targets = drawn_scores()
    fitted, fresh = kind().fit(scores, targets), kind()

    fresh.load_state_dict(fitted.state_dict())

    assert torch.equal(fresh(scores), fitted(scores))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="logits must hold at least one example, but is empty"):
        TemperatureScaling().fit(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long))
    with pytest.raises(ValueError, match="targets must hold both 0 and 1, but has 0 of 0 and 2 of"):
        PlattScaling().fit(torch.tensor([1.0, math.pi]), torch.tensor([1, 1]))
    with pytest.raises(ValueError, match=r"targets must have the shape \(2,\) of one target"):
        PlattScaling().fit(torch.zeros(2), torch.tensor([0]))
    with pytest.raises(TypeError, match="scores must be a floating-point tensor, but has dtype"):
        IsotonicScaling().fit(torch.tensor([0, 1]), torch.tensor([0, 1]))
    with pytest.raises(RuntimeError, match="scores must come after a fit, but there was none"):
        IsotonicScaling()(torch.zeros(2))


def test_a_class_ruled_out_moves_no_temperature():
    logits, targets = of_temperature(2.0)
    column = torch.full_like(logits[:, :1], -torch.inf)
    expected = TemperatureScaling().fit(logits, targets).temperature

    got = TemperatureScaling().fit(torch.cat([logits, column], dim=1), targets).temperature

    torch.testing.assert_close(got, expected, rtol=1e-9, atol=0)


def test_a_temperature_is_fitted_under_inference_mode():
    with torch.inference_mode():
        scaling = TemperatureScaling().fit(*of_temperature(2.0))

    assert scaling.temperature.item() == pytest.approx(2)


@pytest.mark.parametrize("kind", [TemperatureScaling, PlattScaling, IsotonicScaling])
def test_a_score_that_is_nan_is_refused(kind):
    with pytest.raises(ValueError, match="must hold numbers, but contains nan at index 1"):
        kind().fit(torch.tensor([0.5, torch.nan, -0.5]), torch.tensor([0, 1, 1]))


@pytest.mark.parametrize(
    ("kind", "rule"), [(PlattScaling, "be 0 or 1"), (IsotonicScaling, "be between 0 and 1")]
)
@pytest.mark.parametrize("wrong", [-1, 2])
def test_a_label_other_than_zero_and_one_is_refused(kind, rule, wrong):
    with pytest.raises(ValueError, match=f"targets must {rule}, but contains {wrong} at inde"):
        kind().fit(torch.tensor([0.5, 1.0, -0.5]), torch.tensor([0, 1, wrong]))


def test_a_curve_is_fitted_to_probabilities_too():
    scores = torch.tensor([-1.0, 0.0, 1.0, 2.0])

    curve = IsotonicScaling().fit(scores, torch.tensor([0.1, 0.5, 0.3, 0.9]))

    assert curve(scores).tolist() == pytest.approx([0.1, 0.4, 0.4, 0.9])
