"""Random directions have the scale of the weights, and nothing else moves."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import coordinates, random_directions
from lossedu.training.random_states import scoped

X = torch.randn(6, 1, 5, 5, generator=torch.Generator().manual_seed(0))
Y = torch.arange(6) % 3


def net():
    with scoped(3):
        head = nn.Flatten(), nn.Linear(36, 3)
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), *head)


def objective(**options):
    return Objective(net(), cross_entropy, (X, Y), **options)


def filters(tensor):
    return tensor.flatten(1).double()


def test_every_filter_has_the_norm_of_its_weights():
    loss = objective()
    weights = loss.unflatten(loss.point)

    for direction in random_directions(loss, seed=4):
        named = loss.unflatten(direction)
        for name in ("0.weight", "4.weight"):
            torch.testing.assert_close(
                filters(named[name]).norm(dim=1), filters(weights[name]).norm(dim=1)
            )


def test_every_layer_has_the_norm_of_its_weights():
    loss = objective()
    weights = loss.unflatten(loss.point)

    (direction,) = random_directions(loss, 1, normalise="layer")

    named = loss.unflatten(direction)
    for name in ("0.weight", "4.weight"):
        torch.testing.assert_close(named[name].norm(), weights[name].norm())
    ratios = filters(named["4.weight"]).norm(dim=1) / filters(weights["4.weight"]).norm(dim=1)
    assert ratios.std() > 0.01


@pytest.mark.parametrize("normalise", ["none", "layer", "filter"])
def test_biases_and_norms_stay_unless_asked(normalise):
    loss = objective()

    still = loss.unflatten(random_directions(loss, 1, normalise=normalise)[0])
    moved = loss.unflatten(random_directions(loss, 1, normalise=normalise, biases=True)[0])

    for name in ("0.bias", "1.weight", "4.bias"):
        assert not still[name].any()
        assert moved[name].any()
    assert torch.equal(still["0.weight"], moved["0.weight"])
    if normalise != "none":
        torch.testing.assert_close(moved["1.weight"].norm(), torch.ones(4).norm())


@given(st.integers(0, 10**6), st.sampled_from(["none", "layer", "filter"]))
def test_orthogonal_directions_are_orthogonal_and_keep_their_scale(seed, normalise):
    loss = objective(dtype=torch.float64)

    found = random_directions(loss, 3, seed=seed, normalise=normalise, orthogonal=True, biases=True)

    for k, first in enumerate(found):
        for second in found[:k]:
            assert abs(first @ second) <= 1e-12 * first.norm() * second.norm()
    if normalise == "filter":
        for direction in found:
            norms = filters(loss.unflatten(direction)["0.weight"]).norm(dim=1)
            torch.testing.assert_close(
                norms, filters(loss.unflatten(loss.point)["0.weight"]).norm(dim=1)
            )


def test_a_filter_of_one_entry_has_room_for_one_orthogonal_direction():
    model = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 3))
    loss = Objective(model, cross_entropy, (X[:, 0, 0, :1], Y))

    first, second = random_directions(loss, orthogonal=True)

    assert loss.unflatten(first)["0.weight"].all()
    assert not loss.unflatten(second)["0.weight"].any()


def test_a_seed_means_one_direction_whatever_the_count_and_the_dtype():
    single, double = objective(), objective(dtype=torch.float64)

    (one,) = random_directions(single, 1, seed=7)
    first, second = random_directions(double, 2, seed=7)

    torch.testing.assert_close(first.float(), one, rtol=1e-6, atol=1e-7)
    assert not torch.allclose(first, second)
    assert not torch.allclose(random_directions(single, 1, seed=8)[0], one)


def test_the_surrounding_random_stream_goes_on_as_if_nothing_was():
    before = torch.get_rng_state()

    random_directions(objective())

    assert torch.equal(torch.get_rng_state(), before)


def test_where_nothing_can_move_it_says_so():
    model = nn.BatchNorm1d(3)
    loss = Objective(model, cross_entropy, (torch.randn(6, 3), Y))

    with pytest.raises(ValueError, match="biases=True"):
        random_directions(loss)
    assert random_directions(loss, 1, biases=True)[0].any()


@given(st.integers(0, 10**6))
def test_coordinates_are_those_of_the_nearest_place(seed):
    generator = torch.Generator().manual_seed(seed)
    origin, first, second, off = torch.randn(4, 9, generator=generator, dtype=torch.float64)
    places = torch.randn(5, 2, generator=generator, dtype=torch.float64)
    across = off - torch.stack([first, second]).T @ torch.linalg.lstsq(
        torch.stack([first, second]).T, off[:, None]
    ).solution.squeeze(1)
    points = origin + places @ torch.stack([first, second]) + across

    found = coordinates(points, origin, (first, second))

    torch.testing.assert_close(torch.from_numpy(found), places, rtol=1e-6, atol=1e-6)


def test_dependent_directions_have_no_coordinates():
    point = torch.ones(3)

    with pytest.raises(ValueError, match="linearly independent"):
        coordinates([point], point, (point, 2 * point))


def test_a_parameter_without_entries_has_a_direction_without_entries():
    model = nn.Sequential(nn.Linear(4, 3))
    model.register_parameter("none", nn.Parameter(torch.zeros(0, 2)))
    loss = Objective(model, cross_entropy, (X[:, 0, 0, :4], Y))

    for normalise in ("none", "layer", "filter"):
        (direction,) = random_directions(loss, 1, normalise=normalise)
        assert direction.shape == (15,)
        assert direction.any()


def test_more_orthogonal_directions_than_entries_that_move_are_refused():
    loss = Objective(
        nn.Linear(2, 1), torch.nn.functional.mse_loss, (X[:, 0, 0, :2], X[:, 0, 0, :1])
    )

    assert len(random_directions(loss, 2, normalise="none", orthogonal=True)) == 2
    with pytest.raises(ValueError, match="no room for one more"):
        random_directions(loss, 3, normalise="none", orthogonal=True)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_coordinates_do_not_depend_on_how_long_directions_are(scale):
    first, second = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]], dtype=torch.float64)
    point = 2 * first + 3 * scale * second

    found = coordinates([point], torch.zeros(3), (first, scale * second))

    assert found.tolist() == [pytest.approx([2, 3], rel=1e-3)]


def test_a_point_that_is_not_in_a_list_has_no_coordinates():
    point = torch.ones(3)

    with pytest.raises(ValueError, match=r"points must each have shape \(3,\).*into a list"):
        coordinates(point, point, torch.eye(3)[:2])
    assert coordinates([], point, torch.eye(3)[:2]).shape == (0, 2)


def test_an_array_is_no_point():
    with pytest.raises(TypeError, match=r"centre must be a tensor or a state_dict, but is ndarray"):
        random_directions(objective(), centre=objective().point.numpy())
