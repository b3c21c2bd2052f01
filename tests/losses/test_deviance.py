"""What holds for deviances alone: they are those of scikit-learn and of the likelihoods."""

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import (
    mean_gamma_deviance,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)
from torch.nn import functional

from lossedu.losses import (
    gamma_deviance_loss,
    mse_loss,
    poisson_deviance_loss,
    tweedie_deviance_loss,
)

POWERS = [1.0, 1.001, 1.2, 1.5, 1.9, 1.999, 2.0, 2.001, 2.5, 3.0]
ALL = [poisson_deviance_loss, gamma_deviance_loss, tweedie_deviance_loss]
every_power = pytest.mark.parametrize("power", POWERS)


def drawn(n, seed=0, zeros=False):
    generator = torch.Generator().manual_seed(seed)
    log_mean = 2 * torch.randn(n, generator=generator, dtype=torch.float64)
    targets = (1.5 * torch.randn(n, generator=generator, dtype=torch.float64)).exp()
    return log_mean, torch.where(torch.arange(n) % 3 == 0, 0.0, targets) if zeros else targets


def by_integral(z, y, p):
    """Twice the integral of (m - y) / m^p from y to the mean, to fifty digits: the definition."""
    with mp.workdps(50):
        z, y, p = mp.mpf(z), mp.mpf(y), mp.mpf(p)
        start = mp.log(y) if y else -mp.inf
        part = mp.quad(lambda t: mp.exp((2 - p) * t) - y * mp.exp((1 - p) * t), [start, z])
        return float(2 * part)


def test_three_values_by_hand():
    # mean 1, targets 0, 1 and e: 2 (0 - 0 + 1), 0, 2 (e - e + 1).
    counts = torch.tensor([0.0, 1.0, math.e], dtype=torch.float64)

    got = poisson_deviance_loss(torch.zeros(3).double(), counts, reduction="none")

    assert got.tolist() == pytest.approx([2.0, 0.0, 2.0])
    # The ratio is e: 2 (e - 1 - 1), whatever the mean.
    means = torch.tensor([-1.0, 0.0, 5.0]).double()
    ratios = gamma_deviance_loss(means, (means + 1).exp(), reduction="none")
    assert ratios.tolist() == pytest.approx([2 * (math.e - 2)] * 3)


@every_power
@pytest.mark.parametrize(
    ("z", "y"), [(0.3, 1.0), (-2.0, 3.0), (2.0, 0.2), (1.0, math.e), (0.7, 2.01), (-3.0, 0.05)]
)
def test_is_twice_the_integral_of_its_slope(power, z, y):
    pair = torch.tensor([[z], [y]], dtype=torch.float64)

    got = tweedie_deviance_loss(*pair, power=power)

    assert got.item() == pytest.approx(by_integral(z, y, power), rel=1e-12, abs=1e-24)


@pytest.mark.parametrize("power", [1.0, 1.2, 1.5, 1.9])
def test_a_target_of_zero_costs_its_limit(power):
    z = torch.linspace(-4, 4, 9).double()

    got = tweedie_deviance_loss(z, torch.zeros_like(z), power=power, reduction="none")

    assert got.tolist() == pytest.approx([by_integral(x, 0, power) for x in z.tolist()], rel=1e-12)
    almost = tweedie_deviance_loss(z, torch.full_like(z, 1e-200), power=power, reduction="none")
    torch.testing.assert_close(got, almost)


@pytest.mark.parametrize("power", [1.0, 1.001, 1.5, 1.9, 2.0, 2.5, 3.0])
def test_agrees_with_scikit_learn(power):
    log_mean, targets = drawn(60, zeros=power < 2)

    got = tweedie_deviance_loss(log_mean, targets, power=power)

    expected = mean_tweedie_deviance(targets.numpy(), log_mean.exp().numpy(), power=power)
    assert got.item() == pytest.approx(expected, rel=1e-9)


def test_the_two_named_ones_agree_with_scikit_learn():
    log_mean, targets = drawn(60, seed=1)
    pair = targets.numpy(), log_mean.exp().numpy()

    assert poisson_deviance_loss(log_mean, targets).item() == pytest.approx(
        mean_poisson_deviance(*pair), rel=1e-12
    )
    assert gamma_deviance_loss(log_mean, targets).item() == pytest.approx(
        mean_gamma_deviance(*pair), rel=1e-12
    )


def test_poisson_deviance_is_twice_torchs_likelihood_less_its_least_value():
    log_mean, counts = drawn(60, seed=2, zeros=True)
    least = counts - torch.xlogy(counts, counts)  # at a mean equal to the count

    got = poisson_deviance_loss(log_mean, counts, reduction="none")

    nll = functional.poisson_nll_loss(log_mean, counts, log_input=True, reduction="none")
    torch.testing.assert_close(got, 2 * (nll - least), rtol=1e-10, atol=1e-12)


def test_deviances_are_twice_a_ratio_of_likelihoods():
    z, y = 0.4, 3.0
    mean = math.exp(z)
    pair = torch.tensor([z]).double(), torch.tensor([y]).double()

    poisson = stats.poisson.logpmf(3, y) - stats.poisson.logpmf(3, mean)
    waiting = stats.expon.logpdf(y, scale=y) - stats.expon.logpdf(y, scale=mean)
    first_passage = stats.invgauss.logpdf(y, mu=y) - stats.invgauss.logpdf(y, mu=mean)

    assert poisson_deviance_loss(*pair).item() == pytest.approx(2 * poisson)
    assert gamma_deviance_loss(*pair).item() == pytest.approx(2 * waiting)
    assert tweedie_deviance_loss(*pair, power=3).item() == pytest.approx(2 * first_passage)


@every_power
def test_the_mean_minimises_it(power):
    _, targets = drawn(30, seed=3, zeros=power < 2)
    start = targets.mean().log()

    def cost(shift):
        return tweedie_deviance_loss((start + shift).expand(30), targets, power=power).item()

    shift = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    loss = tweedie_deviance_loss((start + shift).expand(30), targets, power=power)
    (slope,) = torch.autograd.grad(loss, shift)
    assert slope.item() == pytest.approx(0, abs=1e-12)
    assert cost(0) < min(cost(0.01), cost(-0.01))


@every_power
def test_the_slope_is_that_of_the_docstring(power):
    log_mean, targets = drawn(40, seed=4, zeros=power < 2)
    leaf = log_mean.clone().requires_grad_()

    loss = tweedie_deviance_loss(leaf, targets, power=power, reduction="sum")
    (slope,) = torch.autograd.grad(loss, leaf)

    mean = log_mean.exp()
    torch.testing.assert_close(
        slope, 2 * mean ** (1 - power) * (mean - targets), rtol=1e-10, atol=0
    )


@every_power
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("target", [1e-3, 1.0, 3.0, 1e3])
def test_near_a_perfect_fit_it_keeps_its_digits(power, dtype, target):
    targets = torch.tensor([target], dtype=dtype)
    step = 1e-3 if dtype == torch.float32 else 1e-6
    log_mean = targets.log() + step
    exact = float(mp.mpf(log_mean.item()) - mp.log(mp.mpf(targets.item())))

    got = tweedie_deviance_loss(log_mean, targets, power=power).item()

    # d^2 y^(2 - p) to first order; d itself is known to a rounding of the logarithm.
    known = 4 * torch.finfo(dtype).eps * max(1, abs(math.log(target))) / step
    assert got == pytest.approx(exact**2 * target ** (2 - power), rel=known + 2 * step)
    assert tweedie_deviance_loss(targets.log(), targets, power=power) == 0


@every_power
@given(
    st.floats(-80, 80, width=32),
    st.floats(-60, 60, width=32),
)
def test_is_never_negative_nor_nan(power, z, log_target):
    z, y = torch.tensor([z]), torch.tensor([log_target]).exp()

    assert tweedie_deviance_loss(z, y, power=power) >= 0


@every_power
def test_an_infinite_logarithm_costs_its_limit_and_has_a_slope(power):
    ends = torch.tensor([torch.inf, -torch.inf], dtype=torch.float64)
    far = torch.tensor([1e7, -1e7], dtype=torch.float64)
    found = []
    for points in (ends, far):
        leaf = points.clone().requires_grad_()
        values = tweedie_deviance_loss(leaf, torch.ones(2), power=power, reduction="none")
        found.append((values.detach(), torch.autograd.grad(values.sum(), leaf)[0]))

    (values, slopes), (near, _) = found
    assert values[1].isposinf()
    assert not slopes.isnan().any()
    if power > 2:  # where the mean is far too large, the deviance of y ends
        torch.testing.assert_close(values[0], near[0])
    else:
        assert values[0].isposinf()


@pytest.mark.parametrize("power", [power for power in POWERS if power < 2])
def test_a_target_of_zero_hurts_nothing_beside_it(power):
    """Its logarithm is not taken, not even where the result is then left out."""
    leaf = torch.tensor([-1e4, 0.0], requires_grad=True)

    values = tweedie_deviance_loss(leaf, torch.tensor([0.0, 1e30]), power=power, reduction="none")
    values[0].backward()

    assert 0 <= values[0] < 0.1
    assert leaf.grad.isfinite().all()
    largest = tweedie_deviance_loss(torch.tensor([1e4]), torch.zeros(1), power=power)
    expected = 2 * math.exp(min((2 - power) * 1e4, 700)) / (2 - power)
    assert largest.item() == pytest.approx(expected, rel=1e-4) or expected > 1e38
    assert largest.isposinf() == (expected > 1e38)


@pytest.mark.parametrize("loss", ALL)
def test_counts_of_any_integer_type_are_counts(loss):
    log_mean = torch.tensor([0.0, 1.0, 2.0])

    for dtype in (torch.uint8, torch.int32, torch.int64, torch.bool):
        targets = torch.tensor([1, 1, 1], dtype=dtype)
        assert loss(log_mean, targets) == loss(log_mean, torch.ones(3))


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("wrong", [-1.0, torch.inf, torch.nan, -torch.inf])
def test_what_is_no_amount_is_refused_by_name(loss, wrong):
    targets = torch.tensor([1.0, wrong, 2.0])
    rule = "above 0" if loss is gamma_deviance_loss else "at least 0"

    with pytest.raises(
        ValueError, match=rf"^targets must be {rule} and finite, but contains .+ at"
    ):
        loss(torch.zeros(3), targets)
    assert loss(torch.zeros(3), targets, mask=torch.tensor([True, False, True])).isfinite()


def test_a_zero_is_refused_where_it_has_no_density():
    zero = torch.tensor([0.0])

    for loss, options in ((gamma_deviance_loss, {}), (tweedie_deviance_loss, {"power": 2.5})):
        with pytest.raises(
            ValueError, match=r"^targets must be above 0 and finite, but contains 0 "
        ):
            loss(torch.zeros(1), zero, **options)
        hidden = loss(torch.zeros(1), zero, mask=torch.tensor([False]), **options)
        assert hidden == 0


@pytest.mark.parametrize("power", [0.0, 0.5, 3.5, torch.nan])
def test_a_power_without_such_a_noise_is_refused(power):
    with pytest.raises(ValueError, match=rf"^power must lie in \[1, 3\], but is {power}\.$"):
        tweedie_deviance_loss(torch.zeros(2), torch.ones(2), power=power)


def test_at_power_zero_it_would_be_squared_error_of_the_mean():
    """Said in the docstring, and of the formula of the definition."""
    log_mean, targets = drawn(5, seed=6)

    squared = mse_loss(log_mean.exp(), targets, reduction="none")

    pairs = zip(log_mean.tolist(), targets.tolist(), strict=True)
    assert squared.tolist() == pytest.approx([by_integral(z, y, 0) for z, y in pairs])


@pytest.mark.parametrize("loss", ALL)
def test_where_nobody_looks_a_wrong_target_gives_nan_and_no_number(loss):
    log_mean, targets = torch.zeros(2, 1), torch.tensor([[-1.0], [1.0]])

    got = torch.func.vmap(loss)(log_mean, targets)

    assert got[0].isnan()
    assert got[1] == 0


def test_only_the_unit_changes_with_the_unit_of_the_target():
    log_mean, targets = drawn(9, seed=7)

    for power in POWERS:
        thousandth = tweedie_deviance_loss(
            log_mean - math.log(1000), targets / 1000, power=power, reduction="none"
        )
        plain = tweedie_deviance_loss(log_mean, targets, power=power, reduction="none")
        torch.testing.assert_close(thousandth * 1000.0 ** (2 - power), plain, rtol=1e-9, atol=1e-12)


def test_numpy_draws_of_a_compound_poisson_are_fitted_by_their_mean():
    """Claims: a Poisson number of gamma amounts, most of them none."""
    generator = np.random.default_rng(0)
    number = generator.poisson(0.4, 4000)
    amounts = torch.tensor(generator.gamma(2.0 * np.maximum(number, 1e-12)) * (number > 0))
    assert (amounts == 0).double().mean() > 0.5

    level = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([level], line_search_fn="strong_wolfe")

    def again():
        solver.zero_grad()
        loss = tweedie_deviance_loss(level.expand(4000), amounts, power=1.5)
        loss.backward()
        return loss

    solver.step(again)

    assert level.exp().item() == pytest.approx(amounts.mean().item(), rel=1e-5)
