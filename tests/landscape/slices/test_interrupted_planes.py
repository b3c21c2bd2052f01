"""What is evaluated stays evaluated: interrupted anywhere, a run ends with the same array."""

import os
import signal
import textwrap
from pathlib import Path

import numpy as np
import pytest

from lossedu.landscape.slices import store as stores
from lossedu.landscape.slices.plane import plane
from lossedu.landscape.slices.store import Store
from tests import fresh
from tests.landscape.slices.counted_losses import Counted, objective


@pytest.mark.parametrize("fill", ["grid", "adaptive"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_interrupted_anywhere_it_goes_on_to_the_same_array(tmp_path, fill, stop):
    options = {"resolution": 13, "fill": fill, "tolerance": 0.05}
    whole = plane(objective(), **options)

    for k in range(1, whole.evaluations + 2, 7):
        file = tmp_path / f"{k}.npz"
        first, second = Counted(k, stop), Counted()
        with pytest.raises(stop):
            plane(objective(first), file=file, **options)
        found = plane(objective(second), file=file, **options)

        assert np.array_equal(found.losses, whole.losses)
        # All but the one that was stopped, and once more the start to see that it is the same.
        assert second.calls <= whole.evaluations - (k - 1) + 1


def test_a_finished_file_needs_no_evaluation_but_the_start(tmp_path):
    file, loss = tmp_path / "points.npz", Counted()
    whole = plane(objective(), resolution=9, fill="grid", file=file)

    again = plane(objective(loss), resolution=9, fill="grid", file=file)

    assert loss.calls == 1
    assert again.evaluations == 0
    assert np.array_equal(again.losses, whole.losses)


def test_a_finer_picture_takes_what_a_coarser_one_has(tmp_path):
    file = tmp_path / "points.npz"
    plane(objective(), resolution=5, fill="grid", file=file)

    found = plane(objective(), resolution=9, fill="grid", file=file)

    assert found.evaluations == 81 - 25


def test_it_writes_every_few_seconds_and_leaves_no_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "EVERY_S", 0.0)
    file = tmp_path / "points.npz"
    store = Store(file, "digest")

    store.add((0.0,), 1.0)

    assert Store(file, "digest").known == {(0.0,): 1.0}
    assert [path.name for path in tmp_path.iterdir()] == ["points.npz"]


def test_a_process_that_does_not_write_leaves_no_file(tmp_path):
    store = Store(tmp_path / "points.npz", "digest", writes=False)
    store.add((0.0,), 1.0)

    store.save()

    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
import lossedu.landscape.slices.store as stores
stores.EVERY_S = 0.0
from tests.landscape.slices.counted_losses import Counted, objective
from lossedu.landscape.slices.plane import plane
class Dies(Counted):
    def __call__(self, outputs, targets):
        if self.calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(outputs, targets)
plane(objective(Dies()), resolution=9, fill="grid", file=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 40, 77])
def test_a_killed_process_leaves_a_whole_file(tmp_path, k):
    file = tmp_path / "points.npz"
    root = Path(__file__).parents[3]

    env = os.environ | {"PYTHONPATH": str(root)}
    done = fresh.run(textwrap.dedent(KILLED), file, k, cwd=root, env=env)
    loss = Counted()
    found = plane(objective(loss), resolution=9, fill="grid", file=file)

    assert done.returncode == -signal.SIGKILL
    assert loss.calls == 81 - k + 1
    assert np.array_equal(found.losses, plane(objective(), resolution=9, fill="grid").losses)


SHARED = """
import sys
import numpy as np
import torch
from tests.landscape.slices.counted_losses import Counted, objective
from lossedu.landscape.slices.plane import plane
loss = Counted()
found = plane(objective(loss), resolution=13, fill=sys.argv[3], tolerance=0.05, file=sys.argv[2])
rank = torch.distributed.get_rank()
np.savez(f"{sys.argv[1]}/{rank}.npz", losses=found.losses, calls=loss.calls, all=found.evaluations)
"""


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["grid", "adaptive"])
def test_processes_share_the_places_and_all_get_the_result(
    tmp_path, in_two_processes, monkeypatch, fill
):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    whole = plane(objective(), resolution=13, fill=fill, tolerance=0.05)

    in_two_processes(SHARED, tmp_path, tmp_path / "points.npz", fill)

    parts = []
    for rank in (0, 1):
        with np.load(tmp_path / f"{rank}.npz") as arrays:
            parts.append(dict(arrays))
    first, second = parts
    assert np.array_equal(first["losses"], whole.losses)
    assert np.array_equal(second["losses"], whole.losses)
    assert int(first["all"]) == int(second["all"]) == whole.evaluations
    for part in (first, second):
        assert int(part["calls"]) <= 0.7 * whole.evaluations + 2
    loss = Counted()
    plane(objective(loss), resolution=13, fill=fill, tolerance=0.05, file=tmp_path / "points.npz")
    assert loss.calls == 1
