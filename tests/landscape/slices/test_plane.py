"""A plane holds the model's own losses; where it interpolates it knows how far it is off."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, multi_margin_loss

from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import random_directions
from lossedu.landscape.slices.plane import plane
from lossedu.training.random_states import scoped

CLASSES = 3


def examples(n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=generator)
    return x, (x[:, :3] + 0.3 * torch.randn(n, 3, generator=generator)).argmax(1)


def mlp(seed=0, activation=nn.ReLU, width=12):
    with scoped(seed):
        hidden = nn.Linear(6, width), activation(), nn.Linear(width, width), activation()
        return nn.Sequential(*hidden, nn.Linear(width, CLASSES))


def with_batch_norm():
    with scoped(0):
        model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, CLASSES))
        model(examples()[0])
    return model.eval()


def trained(model, steps, seed=0):
    x, y = examples(seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def bowl(**options):
    """The loss is the squared length of the two parameters, exactly."""
    model = nn.Linear(2, 1, bias=False, dtype=torch.float64)
    x = torch.eye(2, dtype=torch.float64) * math.sqrt(2)
    return Objective(model, mse_loss, (x, torch.zeros(2, 1, dtype=torch.float64)), **options)


class Function(nn.Module):
    """Any function of two parameters, as a loss."""

    def __init__(self, function):
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1, 2, dtype=torch.float64))
        self.function = function

    def forward(self, x):
        return self.function(*self.place[0]).expand(len(x))


def loss_of(function):
    first = torch.zeros(1)
    return Objective(Function(function), lambda out: out.mean(), [(first,)])


ACROSS = torch.tensor([1.0, 0.0], dtype=torch.float64)
UP = torch.tensor([0.0, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("batch_norm", ["frozen", "batch", "recomputed"])
@pytest.mark.parametrize("build", [mlp, with_batch_norm])
def test_every_place_has_the_loss_of_a_model_with_those_weights(build, batch_norm):
    model, data = build(), examples()
    objective = Objective(model, cross_entropy, data, batch_norm=batch_norm)

    found = plane(objective, resolution=5, fill="grid", seed=2)

    for i, b in enumerate(found.y):
        for j, a in enumerate(found.x):
            theta = found.origin + float(a) * found.first + float(b) * found.second
            other = copy.deepcopy(model)
            other.load_state_dict(objective.unflatten(theta), strict=False)
            own = Objective(other, cross_entropy, data, batch_norm=batch_norm)
            assert found.losses[i, j] == pytest.approx(own.value(own.point), rel=1e-5)


@pytest.mark.parametrize("resolution", [3, 25, 51])
def test_the_centre_is_on_the_grid_and_has_the_models_own_loss(resolution):
    model = mlp()
    x, y = examples()
    with torch.no_grad():
        own = cross_entropy(model(x), y).item()

    found = plane(Objective(model, cross_entropy, (x, y)), resolution=resolution, fill="grid")

    middle = resolution // 2
    assert found.x[middle] == found.y[middle] == 0
    assert found.losses[middle, middle] == pytest.approx(own, rel=1e-6)
    assert found.centre == found.losses[middle, middle]


@pytest.mark.parametrize("fill", ["grid", "adaptive"])
def test_no_row_is_shifted_and_columns_are_the_first_direction(fill):
    found = plane(bowl(), ACROSS, 3 * UP, centre=0 * UP, resolution=21, span=2.0, fill=fill)

    expected = found.x[None, :] ** 2 + 9 * found.y[:, None] ** 2
    np.testing.assert_allclose(found.losses, expected, atol=1e-12)
    assert found.x[0] == -2
    assert found.x[-1] == 2


def test_directions_swapped_is_the_picture_turned():
    objective = Objective(mlp(), cross_entropy, examples(), dtype=torch.float64)
    first, second = random_directions(objective)

    one = plane(objective, first, second, resolution=9)
    other = plane(objective, second, first, resolution=9)

    np.testing.assert_allclose(one.losses, other.losses.T, rtol=1e-9)


def test_filter_normalised_planes_do_not_see_the_scale_of_layers():
    model = mlp()
    with torch.no_grad():
        for layer in (0, 2, 4):
            model[layer].bias.zero_()
    scaled = copy.deepcopy(model)
    with torch.no_grad():
        for layer, factor in ((0, 8.0), (2, 0.5), (4, 0.25)):
            scaled[layer].weight.mul_(factor)
    raw, filtered = (
        [
            plane(Objective(m, cross_entropy, examples()), resolution=7, fill="grid", normalise=way)
            for m in (model, scaled)
        ]
        for way in ("none", "filter")
    )

    np.testing.assert_allclose(filtered[0].losses, filtered[1].losses, rtol=1e-4)
    assert np.abs(raw[0].losses - raw[1].losses).max() > 0.1 * np.ptp(raw[0].losses)


@pytest.mark.slow
def test_the_estimate_is_at_least_half_the_error_over_many_networks():
    ratios, interpolated = [], 0
    for seed in range(24):
        activation = (nn.ReLU, nn.Tanh, nn.GELU)[seed % 3]
        loss = (cross_entropy, multi_margin_loss)[seed % 2]
        model = trained(mlp(seed, activation, width=(4, 12, 24)[seed % 3]), 10 * seed, seed)
        objective = Objective(model, loss, examples(n=(8, 40, 80)[(seed // 2) % 3], seed=seed))
        span = (0.3, 1.0, 2.0)[(seed // 3) % 3]
        for tolerance in (0.003, 0.03):
            options = {"seed": seed, "span": span, "resolution": 31}
            found = plane(objective, fill="chebyshev", tolerance=tolerance, **options)
            exact = plane(objective, fill="grid", **options)
            error = np.abs(found.losses - exact.losses).max() / np.ptp(exact.losses)
            assert found.evaluations <= 31 * 31 / 2 + 1
            assert found.reached == (found.error <= tolerance)
            ratios.append(found.error / error)
            interpolated += found.reached

    assert min(ratios) >= 0.5
    assert interpolated >= 20


def test_few_evaluations_make_a_smooth_picture():
    objective = Objective(trained(mlp(activation=nn.Tanh), 60), cross_entropy, examples())

    found = plane(objective, span=0.4)
    exact = plane(objective, span=0.4, fill="grid")

    assert found.fill == "chebyshev"
    assert found.reached
    assert found.evaluations * 14 < exact.evaluations == 51 * 51
    error = np.abs(found.losses - exact.losses).max() / np.ptp(exact.losses)
    assert error <= 2 * found.error <= 0.02
    assert found.losses[25, 25] == pytest.approx(found.centre, rel=1e-12)


def test_a_cliff_is_evaluated_place_by_place_or_said_to_be_one():
    cliff = loss_of(lambda a, b: torch.where(a + 0.3 * b > 0.31, 5.0 + b, a))

    adaptive = plane(cliff, ACROSS, UP, resolution=21)
    kept = plane(cliff, ACROSS, UP, resolution=21, fill="chebyshev")

    x, y = adaptive.x[None, :], adaptive.y[:, None]
    np.testing.assert_allclose(adaptive.losses, np.where(x + 0.3 * y > 0.31, 5.0 + y, x + 0 * y))
    assert (adaptive.fill, adaptive.reached, adaptive.error) == ("grid", True, 0.0)
    assert (kept.fill, kept.reached) == ("chebyshev", False)
    assert kept.error > 0.01


@pytest.mark.parametrize("fill", ["adaptive", "chebyshev", "grid"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_where_the_loss_is_not_finite_the_plane_says_so(fill, bad):
    edge = loss_of(lambda a, b: torch.where(a > 0.55, bad, a * a + b))

    found = plane(edge, ACROSS, UP, resolution=21, fill=fill)

    assert (found.finite == (found.x[None, :] <= 0.55) + 0 * found.y[:, None]).all()
    assert found.range == pytest.approx((-1, 2))
    assert ("places not finite", "105") in [row[:2] for row in found.table().text()]


def test_a_hole_between_the_nodes_is_seen_by_the_checks():
    hole = loss_of(lambda a, b: torch.where(((a - 0.5).abs() < 0.1) & (b > -0.3), torch.nan, a + b))

    found = plane(hole, ACROSS, UP, resolution=41)

    assert found.fill == "grid"
    assert not found.finite.all()


def test_nothing_finite_at_all_is_a_plane_too():
    found = plane(loss_of(lambda a, b: a * math.nan), ACROSS, UP, resolution=5)

    assert not found.finite.any()
    assert all(map(math.isnan, found.range))
    assert "nan" in repr(found)


def test_the_same_loss_everywhere_needs_no_refinement():
    found = plane(loss_of(lambda a, b: 0 * a + 2.3), ACROSS, UP)

    assert found.reached
    np.testing.assert_allclose(found.losses, 2.3)


@pytest.mark.parametrize(("dtype", "span"), [(torch.bfloat16, 0.3), (torch.float32, 1e-5)])
def test_what_is_said_to_reach_the_tolerance_does_in_low_precision_too(dtype, span):
    objective = Objective(mlp(), cross_entropy, examples(), dtype=dtype)

    found = plane(objective, span=span, resolution=31)
    kept = plane(objective, span=span, resolution=31, fill="chebyshev")

    assert found.reached
    assert found.error <= 0.01
    assert kept.reached == (kept.error <= 0.01)


def test_a_peak_that_no_node_sees_but_a_check_does_is_an_error_without_bounds():
    places = plane(bowl(), ACROSS, UP, resolution=21, fill="grid").x
    at = float(places[int(0.7548777 * 21)]), float(places[int(0.5698403 * 21)])
    peak = loss_of(lambda a, b: 0 * a + 3.0 * ((a - at[0]).abs() + (b - at[1]).abs() < 1e-6))

    found = plane(peak, ACROSS, UP, resolution=21, fill="chebyshev")

    assert not found.reached
    assert found.error == math.inf
    assert plane(peak, ACROSS, UP, resolution=21).range == (0, 3)


def test_losses_that_differ_by_rounding_only_need_no_refinement():
    noise = loss_of(lambda a, b: 2.3 * (1 + 1e-16 * torch.sin(1e6 * (a + 2 * b))))

    found = plane(noise, ACROSS, UP)

    assert found.fill == "chebyshev"
    assert found.reached
    np.testing.assert_allclose(found.losses, 2.3, rtol=1e-15)


def test_a_seed_means_one_plane():
    objective = Objective(mlp(), cross_entropy, examples())

    one, two, other = (plane(objective, resolution=15, seed=s) for s in (1, 1, 2))

    assert np.array_equal(one.losses, two.losses)
    assert not np.allclose(one.losses, other.losses)


def test_a_given_direction_and_a_random_one_make_a_plane():
    objective = Objective(mlp(), cross_entropy, examples())

    found = plane(objective, mlp(5).state_dict(), resolution=3)

    assert torch.equal(found.first, objective.flatten(mlp(5).state_dict()))
    assert torch.equal(found.second, random_directions(objective)[1])


def test_ranges_may_differ_and_lie_anywhere():
    found = plane(bowl(), ACROSS, UP, centre=0 * UP, span=((1, 3), (-4, 0)), resolution=11)

    assert (found.x[0], found.x[-1], found.y[0], found.y[-1]) == (1, 3, -4, 0)
    np.testing.assert_allclose(found.losses, found.x[None] ** 2 + found.y[:, None] ** 2, atol=1e-12)
    assert found.centre == 0


def test_a_range_may_be_a_number_of_numpy():
    found = plane(bowl(), ACROSS, UP, centre=0 * UP, span=np.float32(2), resolution=3)

    assert (found.x[0], found.y[-1]) == (-2, 2)


def test_under_inference_mode_it_is_the_same_plane():
    objective = Objective(with_batch_norm(), cross_entropy, examples())
    expected = plane(objective, resolution=5)

    with torch.inference_mode():
        found = plane(objective, resolution=5)

    assert np.array_equal(found.losses, expected.losses)


def test_the_model_is_left_as_it_was():
    model = with_batch_norm().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    plane(Objective(model, cross_entropy, examples(), batch_norm="recomputed"), resolution=9)

    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert model.training
    assert all(p.grad is None for p in model.parameters())


@settings(max_examples=20)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_places_in_the_plane_are_found_again(a, b):
    found = plane(bowl(), ACROSS + UP, UP, resolution=3, fill="grid")

    place = found.coordinates((found.origin + a * found.first + b * found.second)[None])

    np.testing.assert_allclose(place, [[a, b]], atol=1e-9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fill": "dense"}, "fill must be one of"),
        ({"tolerance": 0.0}, "tolerance must be above 0"),
        ({"resolution": 0}, "resolution must be a whole number"),
        ({"span": -1.0}, "span must be above 0"),
        ({"span": ((0, 0), (1, 2))}, "span must go from a lower"),
        ({"span": (1, 2)}, "span must be a number or"),
        ({"first": 0 * UP}, "first must point somewhere"),
        ({"second": UP[:1]}, "second must have shape"),
        ({"centre": UP * math.nan}, "centre must be finite"),
        ({"normalise": "row"}, "normalise must be one of"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        plane(bowl(), **given)
