"""A plane holds the model's own losses, each at its place."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import random_directions
from lossedu.landscape.slices.plane import plane
from lossedu.training.random_states import scoped
from tests.landscape.slices.planes import ACROSS, CLASSES, UP, bowl, examples, mlp


def with_batch_norm():
    with scoped(0):
        model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, CLASSES))
        model(examples()[0])
    return model.eval()


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
