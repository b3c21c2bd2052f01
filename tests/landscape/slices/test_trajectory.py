"""A trajectory is what training passed through, also of a run that was stopped and resumed."""

import os
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.slices.point_file import append, keep_before, rows_of
from lossedu.landscape.slices.trajectory import Trajectory
from lossedu.training import Checkpoints, fit
from tests.landscape.slices.trained_nets import SGD, X, Y, net, train


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
from lossedu.landscape.slices.trajectory import Trajectory
from tests.landscape.slices.trained_nets import net, train
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
