"""Every batch weighs by its examples, and every evaluation sees the same ones."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from lossedu.landscape import Objective
from tests.landscape.objective.models import CLASSES, examples, mlp, seeded, with_batch_norm


@pytest.mark.parametrize("shuffle", [False, True])
def test_unequal_batches_weigh_by_their_examples(shuffle):
    model, (x, y) = mlp(), examples(n=11)
    whole = Objective(model, cross_entropy, (x, y))
    loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=shuffle)
    parts = [
        Objective(model, cross_entropy, loader),
        Objective(model, cross_entropy, (x, y), batch_size=4),
        Objective(model, cross_entropy, [(x[:1], y[:1]), (x[1:], y[1:])]),
    ]

    for part in parts:
        assert part.value(part.point) == pytest.approx(whole.value(whole.point), rel=1e-6)
        torch.testing.assert_close(part.gradient(part.point), whole.gradient(whole.point))


def test_a_shuffling_loader_gives_the_same_batches_every_time_and_stays_where_it_was():
    x, y = examples()
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(x, y), batch_size=5, shuffle=True, generator=generator)
    objective = Objective(with_batch_norm(), cross_entropy, loader, batch_norm="batch")
    ahead, around = generator.get_state(), torch.get_rng_state()

    values = {objective.value(objective.point) for _ in range(3)}

    assert len(values) == 1
    assert torch.equal(generator.get_state(), ahead)
    assert torch.equal(torch.get_rng_state(), around)


def test_no_batch_at_all_and_a_loss_of_many_numbers_are_refused():
    for none in ([], [tuple(part[:0] for part in examples())]):
        nothing = Objective(mlp(), cross_entropy, none)
        with pytest.raises(ValueError, match="at least one batch"):
            nothing.value(nothing.point)

    many = Objective(mlp(), nn.CrossEntropyLoss(reduction="none"), examples())
    with pytest.raises(ValueError, match=r'shape \(12,\).*reduction="mean"'):
        many.value(many.point)


def test_batches_without_examples_weigh_nothing():
    x, y = examples()
    objective = Objective(mlp(), cross_entropy, [(x[:0], y[:0]), (x, y)], batch_size=3)
    whole = Objective(mlp(), cross_entropy, (x, y))

    assert objective.value(whole.point) == pytest.approx(whole.value(whole.point), rel=1e-6)
    assert objective.gradient(whole.point).isfinite().all()


class Shifting(nn.Module):
    """Writes into its input."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x):
        x -= 1.0
        return self.head(x)


@pytest.mark.parametrize("kind", ["tensors", "list", "loader"])
def test_a_model_that_writes_into_its_input_sees_the_same_examples_every_time(kind, monkeypatch):
    x, y = examples()
    before = x.clone()
    data = {
        "tensors": (x, y),
        "list": [(x[:5], y[:5]), (x[5:], y[5:])],
        "loader": DataLoader(TensorDataset(x, y), batch_size=5),
    }[kind]
    model = seeded(Shifting)
    expected = cross_entropy(model.head(before - 1), y).item()

    for kept in (2**30, 0):
        monkeypatch.setattr("lossedu.landscape.objective.examples._KEPT_BYTES", kept)
        objective = Objective(model, cross_entropy, data)
        values = [objective.value(objective.point) for _ in range(3)]
        assert values == pytest.approx([expected] * 3, rel=1e-6)

    assert torch.equal(x, before)


class Augmented(torch.utils.data.Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, k):
        x, y = examples()
        return x[k] + torch.randn(5), y[k]


@pytest.mark.parametrize("generator", [None, torch.Generator()])
def test_an_augmenting_loader_draws_the_same_every_time_and_nothing_of_the_callers(
    monkeypatch, generator
):
    monkeypatch.setattr("lossedu.landscape.objective.examples._KEPT_BYTES", 0)
    loader = DataLoader(Augmented(), batch_size=5, shuffle=True, generator=generator)
    objective = Objective(mlp(), cross_entropy, loader)
    around = torch.get_rng_state()

    values = {objective.value(objective.point) for _ in range(3)}

    assert len(values) == 1
    assert torch.equal(torch.get_rng_state(), around)


def test_a_loaders_generator_stays_where_it_was_while_an_exception_is_looked_at():
    x, y = examples()
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(x, y), batch_size=5, shuffle=True, generator=generator)
    before = generator.get_state()

    def failing(outputs, targets):
        raise ValueError("stop")

    objective = Objective(mlp(), failing, loader)
    with pytest.raises(ValueError, match="stop") as raised:
        objective.value(objective.point)

    assert raised.tb is not None
    assert torch.equal(generator.get_state(), before)


class Opaque:
    """Something whose size nobody can tell."""


class Reads:
    """Batches, and how often they are read."""

    def __init__(self, extra):
        self.extra, self.number = extra, 0

    def __iter__(self):
        self.number += 1
        x, y = examples()
        yield x, y, self.extra


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ("a word", True),
        ({"ids": [1, 2], "of": None}, True),
        (torch.zeros(2**12), False),
        (np.zeros(2**12), False),
        ({"of": [np.zeros(2**12)]}, False),
        ("word" * 2**12, False),
        (Opaque(), False),
    ],
)
def test_batches_are_kept_only_where_all_of_them_is_known_to_be_small(extra, kept, monkeypatch):
    monkeypatch.setattr("lossedu.landscape.objective.examples._KEPT_BYTES", 2**12)
    data = Reads(extra)
    objective = Objective(mlp(), lambda outputs, y, _: cross_entropy(outputs, y), data)

    for _ in range(3):
        objective.value(objective.point)

    assert data.number == (1 if kept else 3)


def test_of_an_accelerator_no_more_is_taken_than_a_part_of_what_is_free(monkeypatch):
    monkeypatch.setattr("lossedu.landscape.objective.examples.room_for_graphs", lambda device: 8)
    data = Reads("a word")
    objective = Objective(mlp(), lambda outputs, y, _: cross_entropy(outputs, y), data)

    for _ in range(3):
        objective.value(objective.point)

    assert data.number == 3
