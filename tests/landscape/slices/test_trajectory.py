"""A trajectory is what training passed through; its plane is found, and says how much it holds."""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.plane import plane
from lossedu.landscape.slices.point_file import append, keep_before, rows_of
from lossedu.landscape.slices.trajectory import Trajectory, principal_plane
from lossedu.training import Checkpoints, fit
from lossedu.training.random_states import scoped

X = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()
SGD = partial(torch.optim.SGD, lr=0.5)


def net():
    with scoped(0):
        return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))


def train(model, trajectory, steps=10, **options):
    options = {"optimizer": SGD, "steps": steps, "batch_size": 8, "progress": False, **options}
    return fit(model, cross_entropy, (X, Y), callbacks=[trajectory], **options)


@pytest.fixture(params=["memory", "file"])
def file(request, tmp_path):
    return tmp_path / "points.f32" if request.param == "file" else None


def test_training_is_recorded_from_start_to_end(file):
    model = net()
    trajectory = Trajectory(file=file)

    train(model, trajectory)

    objective = Objective(model, cross_entropy, (X, Y))
    assert trajectory.steps == list(range(11))
    assert trajectory.points().dtype == torch.float32
    assert torch.equal(trajectory.points()[0], objective.flatten(net().state_dict()))
    assert torch.equal(trajectory.points()[-1], objective.point)


def test_every_so_many_steps(file):
    trajectory = Trajectory(every=4, file=file)

    train(net(), trajectory)

    assert trajectory.steps == [0, 4, 8]


def test_by_hand_steps_are_counted(file):
    trajectory, model = Trajectory(file=file), net()

    trajectory.record(model)
    trajectory.record(model)
    trajectory.record(model, 10)
    trajectory.record(model)

    assert trajectory.steps == [0, 1, 10, 11]
    assert len(trajectory) == 4


def test_what_is_recorded_does_not_change_with_the_model(file):
    trajectory, model = Trajectory(file=file), net()
    trajectory.record(model)
    before = trajectory.points().clone()

    with torch.no_grad():
        model[0].weight.add_(1)

    assert torch.equal(trajectory.points(), before)


def test_only_what_varies_is_recorded():
    model = net()
    model[0].requires_grad_(False)
    one, other = Trajectory(), Trajectory(parameters=["0.weight"])

    one.record(model)
    other.record(model)

    assert one.points().shape == (1, 12)
    assert other.points().shape == (1, 20)


def test_a_resumed_run_leaves_one_trajectory(tmp_path):
    file = tmp_path / "points.f32"
    whole = Trajectory()
    train(net(), whole)
    keep = partial(Checkpoints, tmp_path / "checkpoints", every_steps=4)

    class Stop:
        def after_step(self, run):
            if run.step == 7:
                raise KeyboardInterrupt

    arguments = {"optimizer": SGD, "steps": 10, "batch_size": 8, "progress": False}
    first = [Trajectory(file=file), Stop()]
    with pytest.raises(KeyboardInterrupt):
        fit(net(), cross_entropy, (X, Y), callbacks=first, checkpoints=keep(), **arguments)
    again = Trajectory(file=file)
    train(net(), again, checkpoints=keep())

    assert again.steps == whole.steps
    assert torch.equal(again.points(), whole.points())


def stopped(model, trajectory, folder):
    """Train, and stop in the middle."""

    class Stop:
        def after_step(self, run):
            if run.step == 7:
                raise KeyboardInterrupt

    arguments = {"optimizer": SGD, "steps": 10, "batch_size": 8, "progress": False}
    keep = Checkpoints(folder, every_steps=4)
    callbacks = [trajectory, Stop()]
    with pytest.raises(KeyboardInterrupt):
        fit(model, cross_entropy, (X, Y), callbacks=callbacks, checkpoints=keep, **arguments)


def test_a_run_that_goes_on_does_not_take_another_runs_points(tmp_path):
    file = tmp_path / "points.f32"
    other = net()
    with torch.no_grad():
        other[0].weight.add_(1)
    train(other, Trajectory(file=file))
    before = file.read_bytes()
    stopped(net(), Trajectory(), tmp_path / "checkpoints")
    keep = Checkpoints(tmp_path / "checkpoints", every_steps=4)

    with pytest.raises(ValueError, match="file must be of the run that goes on"):
        train(net(), Trajectory(file=file), checkpoints=keep)
    assert file.read_bytes() == before


def test_a_run_may_go_on_with_a_new_file(tmp_path):
    stopped(net(), Trajectory(), tmp_path / "checkpoints")
    trajectory = Trajectory(file=tmp_path / "points.f32")
    keep = Checkpoints(tmp_path / "checkpoints", every_steps=4)

    train(net(), trajectory, checkpoints=keep)

    assert trajectory.steps[-1] == 10
    assert trajectory.steps[0] > 1


def test_the_file_is_not_mapped_when_it_is_replaced(tmp_path, monkeypatch):
    file = tmp_path / "points"
    for step in range(3):
        append(file, step, torch.full((4,), float(step)))
    mapped = []
    replace = Path.replace

    def watched(part, target):
        maps = Path("/proc/self/maps").read_text(encoding="utf-8")
        mapped.append(str(target) in maps)
        return replace(part, target)

    held = rows_of(file)
    assert str(file) in Path("/proc/self/maps").read_text(encoding="utf-8")
    del held
    monkeypatch.setattr(Path, "replace", watched)
    keep_before(file, 2)

    assert mapped == [False]
    assert list(rows_of(file)["step"]) == [0, 1]


def test_points_that_are_held_stay_when_a_new_run_begins(tmp_path):
    trajectory = Trajectory(file=tmp_path / "points.f32")
    train(net(), trajectory)
    held, before = trajectory.points(), trajectory.points().clone()

    train(net(), trajectory, steps=1)

    assert trajectory.steps == [0, 1]
    # Pages behind the end of a file that was cut short cannot be read: the process would die.
    assert torch.equal(held, before)
    assert [path.name for path in tmp_path.iterdir()] == ["points.f32"]


SHARED = """
import sys
import torch
from accelerate import PartialState
PartialState(cpu=True)
from tests.landscape.slices.test_trajectory import Trajectory, net, train
trajectory = Trajectory(file=sys.argv[1])
train(net(), trajectory, steps=40)
torch.distributed.barrier()
assert trajectory.steps == list(range(41)), trajectory.steps
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_of_several_processes_one_writes_the_file(tmp_path, in_two_processes, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))

    in_two_processes(SHARED, tmp_path / "points.f32")


def test_a_row_that_was_cut_off_is_written_anew(tmp_path):
    file, model = tmp_path / "points.f32", net()
    trajectory = Trajectory(file=file)
    trajectory.record(model)
    trajectory.record(model)
    os.truncate(file, file.stat().st_size - 3)

    assert Trajectory(file=file).steps == [0]
    trajectory.record(model, 5)
    assert trajectory.steps == [0, 5]
    assert torch.equal(trajectory.points()[0], trajectory.points()[1])


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "points.f32"
    file.write_bytes(b"not a trajectory, nor anything like one")

    with pytest.raises(ValueError, match="recorded trajectory"):
        Trajectory(file=file)


def test_a_file_of_another_model_is_refused(tmp_path):
    trajectory = Trajectory(file=tmp_path / "points.f32")
    trajectory.record(net())

    with pytest.raises(ValueError, match="but has 3"):
        trajectory.record(nn.Linear(2, 1))


def test_no_points_are_no_tensor(file):
    with pytest.raises(ValueError, match="none is recorded"):
        Trajectory(file=file).points()


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
    assert [row[0] for row in found.table().text()[1:]] == ["first", "second", "both"]


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
