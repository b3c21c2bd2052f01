"""What is evaluated stays evaluated: interrupted anywhere, a run goes on to the same array."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.slices import store as stores
from lossedu.landscape.slices.line import interpolation, line
from lossedu.landscape.slices.plane import plane
from lossedu.landscape.slices.store import Store
from lossedu.training.random_states import scoped

X = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


class Counted:
    """A loss that counts its calls and stops at one of them."""

    def __init__(self, stop_at=None, stop=KeyboardInterrupt):
        self.calls = 0
        self.stop_at = stop_at
        self.stop = stop

    def __call__(self, outputs, targets):
        self.calls += 1
        if self.calls == self.stop_at:
            raise self.stop
        return cross_entropy(outputs, targets)


def objective(loss=cross_entropy, seed=0, data=(X, Y), **options):
    with scoped(seed):
        model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))
    return Objective(model, loss, data, **options)


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


@pytest.mark.parametrize(
    "other",
    [
        lambda file: line(objective(seed=1), file=file),
        lambda file: line(objective(), seed=1, file=file),
        lambda file: line(objective(), normalise="layer", file=file),
        lambda file: line(objective(batch_norm="batch"), file=file),
        lambda file: line(objective(dtype=torch.float64), file=file),
        lambda file: plane(objective(), file=file),
        lambda file: interpolation(objective(), objective().point, objective().point, file=file),
        lambda file: line(objective(data=(X + 1, Y)), file=file),
        lambda file: line(objective(lambda *given: cross_entropy(*given) + 1), file=file),
    ],
    ids=["model", "seed", "scale", "batch norm", "dtype", "plane", "ends", "data", "loss"],
)
def test_a_file_of_another_run_is_refused_in_words(tmp_path, other):
    file = tmp_path / "points.npz"
    line(objective(), resolution=3, file=file)
    before = file.read_bytes()

    with pytest.raises(ValueError, match="file must be of this run, but"):
        other(file)
    assert file.read_bytes() == before


def undecided(data=(X, Y), frozen=0.0, **options):
    """Its loss at the start is the same for all examples: it says nothing yet."""
    with scoped(0):
        model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    with torch.no_grad():
        model[0].bias += frozen
    return Objective(model, cross_entropy, data, parameters=["2.weight", "2.bias"], **options)


@pytest.mark.parametrize(
    "other",
    [
        {"data": (X + 1, Y)},
        {"data": (X, 1 - Y)},
        {"data": (X[:-1], Y[:-1])},
        {"frozen": 1.0},
        {"batch_norm": "batch", "batch_size": 5},
    ],
)
def test_a_file_of_another_run_is_refused_where_the_start_does_not_tell_them_apart(tmp_path, other):
    file, direction = tmp_path / "points.npz", torch.arange(12.0)
    same = {"batch_norm": other.get("batch_norm", "frozen")}
    line(undecided(**same), direction, resolution=3, file=file)

    with pytest.raises(ValueError, match="file must be of this run, but"):
        line(undecided(**other), direction, resolution=3, file=file)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_run_may_go_on_with_smaller_batches(tmp_path, batch_size):
    file = tmp_path / "points.npz"
    whole = line(undecided(), torch.arange(12.0), resolution=3, file=file)
    batches = undecided(batch_size=batch_size)

    again = line(batches, torch.arange(12.0), resolution=3, file=file)

    assert again.evaluations == 0
    assert np.array_equal(again.losses, whole.losses)


def test_a_file_that_is_damaged_anywhere_is_refused_or_read_right(tmp_path):
    file = tmp_path / "points.npz"
    store = Store(file, "digest")
    for k in range(40):
        store.add((float(k), k / 7), k / 3)
    store.save()
    whole = file.read_bytes()

    for k in range(0, len(whole), 3):
        file.write_bytes(whole[:k] + bytes([whole[k] ^ 0xFF]) + whole[k + 1 :])
        known = store.known
        with suppress(ValueError):  # no other exception
            known = Store(file, "digest").known
        assert known == store.known


def test_a_file_of_one_array_is_refused_in_words(tmp_path):
    file = tmp_path / "points.npz"
    with file.open("wb") as stream:
        np.save(stream, np.zeros(3))

    with pytest.raises(ValueError, match="file must hold losses at places"):
        Store(file, "digest")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"something else"])
def test_a_damaged_file_is_refused_in_words(tmp_path, content):
    file = tmp_path / "points.npz"
    file.write_bytes(content)

    with pytest.raises(ValueError, match="file must hold losses at places"):
        Store(file, "digest")
    assert file.read_bytes() == content


def test_values_that_are_not_finite_are_kept_as_they_are(tmp_path):
    store = Store(tmp_path / "points.npz", "digest")
    store.add((0.0, 1.0), float("nan"))
    store.add((1.0, 1.0), float("inf"))
    store.save()

    known = Store(tmp_path / "points.npz", "digest").known

    assert np.isnan(known[0.0, 1.0])
    assert known[1.0, 1.0] == np.inf


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


def test_a_digest_is_of_words_values_dtypes_and_shapes():
    one = torch.arange(4.0)
    others = [
        digest_of(["a"], [one]),
        digest_of(["b"], [one]),
        digest_of(["a"], [one + 1]),
        digest_of(["a"], [one.reshape(2, 2)]),
        digest_of(["a"], [one.view(torch.int32)]),
        digest_of(["a", "b"], [one]),
    ]

    assert len(set(others)) == len(others)
    assert digest_of(["a"], [one.clone()]) == others[0]


KILLED = """
import os, signal, sys
import lossedu.landscape.slices.store as stores
stores.EVERY_S = 0.0
from tests.landscape.slices.test_store import Counted, objective
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
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(KILLED), str(file), str(k)]

    done = subprocess.run(
        command, cwd=root, check=False, env=os.environ | {"PYTHONPATH": str(root)}
    )
    loss = Counted()
    found = plane(objective(loss), resolution=9, fill="grid", file=file)

    assert done.returncode == -signal.SIGKILL
    assert loss.calls == 81 - k + 1
    assert np.array_equal(found.losses, plane(objective(), resolution=9, fill="grid").losses)


SHARED = """
import sys
import numpy as np
import torch
from tests.landscape.slices.test_store import Counted, objective
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
