"""A file of losses is of one run and whole, or it is refused."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.slices.line import interpolation, line
from lossedu.landscape.slices.plane import plane
from lossedu.landscape.slices.store import Store
from lossedu.training.random_states import scoped
from tests.landscape.slices.counted_losses import X, Y, objective


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
