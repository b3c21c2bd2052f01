"""What holds for support vector machines: C weighs the loss, and random waves make a kernel."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.kernel_approximation import RBFSampler
from sklearn.svm import SVC, LinearSVC

from lossedu.losses import SVMObjective, hinge_loss, random_fourier_features, squared_hinge_loss

WEIGHTS = torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64)
FEATURES = partial(random_fourier_features, torch.zeros(2, 2))


def drawn(n=60, features=3, seed=0):
    """Two clouds that overlap, and the sign of each point's cloud."""
    generator = torch.Generator().manual_seed(seed)
    signs = 1 - 2 * (torch.arange(n) % 2)
    noise = torch.randn(n, features, generator=generator, dtype=torch.float64)
    centre = torch.tensor([1.0, -0.7, 0.0], dtype=torch.float64)[:features]
    return noise + signs.unsqueeze(1) * centre, signs


def fitted(model, inputs, signs):
    """The weights and the bias that scikit-learn finds."""
    model.fit(inputs.numpy(), signs.numpy())
    bias = torch.as_tensor(model.intercept_, dtype=torch.float64).reshape(())
    return torch.from_numpy(model.coef_[0].copy()), bias


def test_the_objective_by_hand():
    # slack (0.5, 0, 3): sum 3.5, of squares 9.25; weights (3, -4): half of 25, or 7
    scores, targets = torch.tensor([0.5, 3.0, 2.0]), torch.tensor([1, 1, -1])
    weights = torch.tensor([3.0, -4.0])

    assert SVMObjective().slack(scores, targets).tolist() == [0.5, 0.0, 3.0]
    assert SVMObjective(C=2.0)(scores, targets, weights) == 12.5 + 7
    assert SVMObjective(C=2.0, penalty="l1")(scores, targets, weights) == 7 + 7
    assert SVMObjective(C=2.0, charge="squared_hinge")(scores, targets, weights) == 12.5 + 18.5


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
def test_it_equals_the_dual_objective_at_the_solution_of_scikit_learn(C):  # noqa: N803
    inputs, signs = drawn()
    model = SVC(kernel="linear", C=C, tol=1e-8)
    weights, bias = fitted(model, inputs, signs)

    primal = SVMObjective(C=C)(inputs @ weights + bias, signs, weights).item()

    dual = np.abs(model.dual_coef_).sum() - (weights @ weights).item() / 2
    assert primal == pytest.approx(dual, rel=1e-6)


@pytest.mark.parametrize("C", [0.05, 1.0])
def test_its_slope_is_0_at_the_squared_hinge_solution_of_scikit_learn(C):  # noqa: N803
    inputs, signs = drawn()
    model = LinearSVC(C=C, fit_intercept=False, dual=False, tol=1e-10)
    weights = fitted(model, inputs, signs)[0].requires_grad_()

    SVMObjective(C=C, charge="squared_hinge")(inputs @ weights, signs, weights).backward()

    assert weights.grad.tolist() == pytest.approx([0, 0, 0], abs=1e-5)


def test_the_l1_penalty_leaves_at_0_what_pulls_less_than_1():
    inputs, signs = drawn()
    model = LinearSVC(
        penalty="l1", C=0.05, fit_intercept=False, dual=False, tol=1e-10, random_state=0
    )
    weights = fitted(model, inputs, signs)[0]
    leaf = weights.clone().requires_grad_()

    objective = SVMObjective(C=0.05, penalty="l1", charge="squared_hinge")
    objective(inputs @ leaf, signs, torch.zeros(3).double()).backward()

    assert (weights != 0).tolist() == [True, True, False]
    assert abs(leaf.grad[2]) < 1
    torch.testing.assert_close(leaf.grad[:2], -weights[:2].sign(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("charge", [hinge_loss, squared_hinge_loss])
def test_the_mean_loss_and_lambda_are_another_name_for_c(charge):
    scores, signs = drawn()[0] @ WEIGHTS, drawn()[1]

    got = SVMObjective(C=4.0, charge=charge.__name__.removesuffix("_loss"))(scores, signs, WEIGHTS)

    lam = 1 / (4.0 * 60)
    regularised = charge(scores, signs) + lam / 2 * WEIGHTS.square().sum()
    torch.testing.assert_close(got, regularised / lam)


@pytest.mark.parametrize(("c", "best"), [(0.02, 0.08), (0.1, 0.33), (100.0, 1.0)])
def test_as_c_grows_the_machine_becomes_the_hard_margin_one(c, best):
    # Points at -1 and 3, no bias: the slope in w is w - 4 C, and w - C from 1/3 on.
    inputs, signs = torch.tensor([-1.0, 3.0]).double(), torch.tensor([-1, 1])
    grid = torch.linspace(0, 2, 201, dtype=torch.float64)

    costs = [SVMObjective(C=c)(inputs * w, signs, w.reshape(1)) for w in grid]

    assert grid[torch.stack(costs).argmin()].item() == pytest.approx(best)


def test_a_mask_leaves_examples_out_and_a_weight_repeats_them():
    inputs, signs = drawn(n=4)
    scores, objective = inputs @ WEIGHTS, SVMObjective(C=2.0)
    mask, times = torch.tensor([True, False, True, True]), torch.tensor([1, 2, 0, 3])

    masked = objective(torch.where(mask, scores, torch.nan), signs, WEIGHTS, mask=mask)
    weighted = objective(scores, signs, WEIGHTS, weight=times.double())

    repeated = scores.repeat_interleave(times), signs.repeat_interleave(times)
    torch.testing.assert_close(masked, objective(scores[mask], signs[mask], WEIGHTS))
    torch.testing.assert_close(weighted, objective(*repeated, WEIGHTS))


def test_half_precision_weights_do_not_overflow_where_their_square_would():
    weights = torch.tensor([400.0, -300.0], dtype=torch.float16)
    scores = torch.ones(2, dtype=torch.float16)

    assert SVMObjective()(scores, torch.ones(2), weights) == 125000
    assert SVMObjective()(scores, torch.ones(2), weights.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("function", "wrong", "message"),
    [
        (SVMObjective, {"C": 0.0}, "C must be above 0 and finite, but is 0.0"),
        (SVMObjective, {"penalty": "l0"}, "penalty must be one of 'l1', 'l2', but is 'l0'"),
        (SVMObjective, {"charge": "log"}, "charge must be one of 'hinge', 'squared_hinge', but"),
        (FEATURES, {"gamma": 0.0}, "gamma must be above 0 and finite, but is 0.0"),
        (FEATURES, {"n_features": 0}, "n_features must be .*, but is 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(function, wrong, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        function(**wrong)


@pytest.mark.parametrize("n_features", [16, 256])
def test_the_squared_error_of_a_kernel_value_is_that_of_theory_and_of_scikit_learn(n_features):
    # Sutherland and Schneider 2015: (1 + k(2 d) / 2 - k(d)^2) / D at a distance d.
    inputs, gamma, seeds = torch.tensor([[0.0, 0.0], [0.6, 0.8]]).double(), 0.5, range(800)
    kernel = math.exp(-0.5)
    theory = (1 + math.exp(-2) / 2 - kernel**2) / n_features

    ours = [
        random_fourier_features(inputs, n_features=n_features, gamma=gamma, seed=s) for s in seeds
    ]
    theirs = [
        RBFSampler(gamma=gamma, n_components=n_features, random_state=s).fit_transform(inputs)
        for s in seeds
    ]

    errors = [np.mean([(p[0] @ p[1] - kernel) ** 2 for p in each]) for each in (ours, theirs)]
    # 800 squared errors: their mean is known to sqrt(2 / 800) = 5 per cent.
    assert errors == pytest.approx([theory, theory], rel=0.2)


def test_the_same_seed_maps_a_point_alike_in_any_batch():
    inputs = drawn(n=6)[0]

    together = random_fourier_features(inputs, n_features=32, seed=3)
    folded = random_fourier_features(inputs.reshape(2, 3, 3), n_features=32, seed=3)
    alone = random_fourier_features(inputs[4], n_features=32, seed=3)

    torch.testing.assert_close(together.reshape(2, 3, 32), folded)
    torch.testing.assert_close(together[4], alone)
    assert not torch.allclose(together, random_fourier_features(inputs, n_features=32, seed=4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_features_have_the_dtype_of_the_inputs_and_its_precision(dtype):
    inputs = (10 * drawn(n=50)[0]).to(dtype)

    features = random_fourier_features(inputs, n_features=64)

    exact = random_fourier_features(inputs.double(), n_features=64)
    largest = math.sqrt(2 / 64)
    assert features.dtype == dtype
    torch.testing.assert_close(
        features.double(), exact, rtol=0, atol=largest * max(torch.finfo(dtype).eps, 1e-4)
    )
