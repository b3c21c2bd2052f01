"""The plane of a trajectory is found, and says how much of it the plane holds."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.directions import distances
from lossedu.landscape.slices.plane import plane
from lossedu.landscape.slices.trajectory import Trajectory, principal_plane
from tests.landscape.slices.trained_nets import X, Y, net, train


def planar(n=30, size=70_000, noise=0.0):
    """Points in a known plane, off the origin, with known places in it."""
    generator = torch.Generator().manual_seed(1)
    axes = torch.linalg.qr(torch.randn(size, 2, generator=generator, dtype=torch.float64)).Q.T
    angle = torch.linspace(0, 3, n, dtype=torch.float64)
    places = torch.stack([5 * angle.cos(), 2 * angle.sin()], 1)
    off = torch.randn(size, generator=generator, dtype=torch.float64)
    points = off + places @ axes
    return points + noise * torch.randn(n, size, generator=generator, dtype=torch.float64), places


def test_the_plane_of_a_planar_trajectory_is_that_plane():
    points, places = planar()

    found = principal_plane(points.float())

    assert sum(found.explained) == pytest.approx(1, abs=1e-5)
    assert found.explained[0] > found.explained[1]
    own = torch.from_numpy(found.coordinates)
    torch.testing.assert_close(
        torch.cdist(own, own), torch.cdist(places, places), atol=1e-3, rtol=0
    )
    np.testing.assert_allclose(found.coordinates[-1], 0, atol=1e-9)
    axes = torch.stack([found.first, found.second]).double()
    torch.testing.assert_close(axes @ axes.T, torch.eye(2, dtype=torch.float64), atol=1e-5, rtol=0)


def test_the_explained_variance_is_that_of_the_singular_values():
    points, _ = planar(n=12, size=50, noise=0.5)
    singular = torch.linalg.svdvals(points - points.mean(0)) ** 2

    found = principal_plane(points)

    expected = (singular[:2] / singular.sum()).tolist()
    assert found.explained == pytest.approx(expected, rel=1e-9)
    shares = [row[1] for row in found.table().rows[:3]]
    assert shares == pytest.approx([*expected, sum(expected)], rel=1e-9)


def test_how_far_points_lie_beside_their_plane_is_shown():
    points = planar(size=20)[0].double()
    across = torch.linalg.svd(points - points.mean(0))[2][-1]  # beside the plane of all of them
    points[4] += 1e-3 * across

    found = principal_plane(points)

    origin, first, second = (v.double() for v in (found.origin, found.first, found.second))
    rest = points - origin
    rest = rest - (rest @ first)[:, None] * first - (rest @ second)[:, None] * second
    assert found.distances == pytest.approx(rest.norm(dim=1).numpy(), abs=1e-6)
    assert found.distances.argmax() == 4
    assert found.distances[4] == pytest.approx(1e-3, rel=0.1)
    (row,) = (row for row in found.table().rows if "largest distance" in row[0])
    assert row == ("largest distance from the plane, of point 4", float(found.distances[4]))


def test_distances_from_any_plane_are_those_of_least_squares():
    generator = torch.Generator().manual_seed(0)
    points, origin, *axes = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((5, 9), (9,), (9,), (9,))
    )

    expected = [
        float((p - origin - a.T @ torch.linalg.lstsq(a.T, p - origin).solution).norm())
        for p in points
        for a in [torch.stack(axes)]
    ]

    assert distances(points, origin, axes) == pytest.approx(expected)


def test_a_trajectory_comes_from_the_right_and_from_above():
    points, _ = planar(size=20)

    for one in (points, -points):
        assert (principal_plane(one).coordinates[0] >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_trajectory_that_ends_where_it_began_is_not_mirrored_by_rounding(dtype):
    angles = torch.linspace(0, 2 * torch.pi, 41, dtype=torch.float64)
    loop = torch.stack([torch.cos(angles) * 3 - 3, torch.sin(angles)], -1)
    found = []

    for seed in range(12):  # the same loop in other coordinates, where other bits are rounded
        generator = torch.Generator().manual_seed(seed)
        axes = torch.linalg.qr(torch.randn(9, 2, generator=generator).double()).Q
        found.append(principal_plane((loop @ axes.T).to(dtype)).coordinates)

    room = 100 * torch.finfo(dtype).eps
    for coordinates in found:
        np.testing.assert_allclose(coordinates, found[0], atol=room * 6)
    assert found[0][1:3].min() > 0  # its first steps go to the right and upwards


def test_the_range_holds_all_points_with_room():
    found = principal_plane(planar(size=20)[0])

    (left, right), (bottom, top) = found.span(margin=0.1)

    x, y = found.coordinates.T
    longest = max(np.ptp(x), np.ptp(y))
    assert x.min() - left == pytest.approx(0.1 * longest)
    assert right - x.max() == pytest.approx(0.1 * longest)
    assert y.min() - bottom == pytest.approx(0.1 * longest)
    assert top - y.max() == pytest.approx(0.1 * longest)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_points_that_are_not_finite_are_named(bad):
    points, _ = planar(n=6, size=20)
    points[4, 3] = bad

    with pytest.raises(ValueError, match=r"points must be finite, but those at \[4\] are not"):
        principal_plane(points)


def test_few_points_and_points_on_a_line_have_no_plane():
    with pytest.raises(ValueError, match=r"of shape \(n, size\), but have shape \(5,\)"):
        principal_plane(torch.zeros(5))
    with pytest.raises(ValueError, match="at least three"):
        principal_plane(torch.eye(2))
    with pytest.raises(ValueError, match="one line"):
        principal_plane(torch.arange(5.0)[:, None] * torch.ones(4))


def test_the_loss_where_training_was_is_met_on_its_plane():
    model, trajectory = net(), Trajectory()
    train(model, trajectory, steps=20)
    objective = Objective(model, cross_entropy, (X, Y))

    own = principal_plane(trajectory)
    found = plane(objective, own.first, own.second, centre=own.origin, span=own.span())

    assert found.centre == objective.value(trajectory.points()[-1])
    np.testing.assert_allclose(found.coordinates(trajectory.points()), own.coordinates, atol=1e-5)
    assert found.x[0] < own.coordinates[:, 0].min()
    assert found.y[-1] > own.coordinates[:, 1].max()
