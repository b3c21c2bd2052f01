"""Which examples come when: any kind of data, shuffled by the seed and by nothing else."""

import random
from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from tests.training.conftest import small_data, small_model


def test_every_kind_of_data_trains_alike(quick_fit):
    x, y = small_data()

    class Stream(IterableDataset):
        def __iter__(self):
            return iter(TensorDataset(x, y))

    kinds = [
        DataLoader(TensorDataset(x, y), batch_size=8),
        DataLoader(Stream(), batch_size=8),
        [(x[k : k + 8], y[k : k + 8]) for k in range(0, 23, 8)],
    ]

    seen = []

    def watching(outputs, targets):
        seen.append(targets.tolist())
        return nn.functional.cross_entropy(outputs, targets)

    curves = [quick_fit(train=kind, loss=watching)[0].steps["loss"] for kind in kinds]

    batches = [seen[k : k + len(seen) // 3] for k in range(0, len(seen), len(seen) // 3)]
    assert batches[0] == batches[1] == batches[2]
    # A slice of a tensor may begin where a matrix product sums in another order.
    assert curves[1] == pytest.approx(curves[0], rel=1e-5)
    assert curves[2] == pytest.approx(curves[0], rel=1e-5)


def test_tensors_are_shuffled_anew_each_epoch_as_the_seed_says(quick_fit):
    seen = []

    def watching(outputs, rows):
        seen.append(rows.tolist())
        return outputs.square().mean()

    x, _ = small_data()
    orders = {}
    for seed in (0, 0, 1):
        seen.clear()
        quick_fit(train=(x, torch.arange(23)), loss=watching, seed=seed)
        epochs = [[*chain(*seen[k : k + 3])] for k in (0, 3)]
        assert all(sorted(epoch) == list(range(23)) for epoch in epochs)
        assert epochs[0] != epochs[1]
        assert orders.setdefault(seed, epochs) == epochs
    assert orders[0] != orders[1]


def test_shuffling_loaders_depend_on_the_seed_alone(quick_fit):
    def curve(seed):
        torch.rand(7)  # the surrounding random state must not matter
        loader = DataLoader(TensorDataset(*small_data()), batch_size=8, shuffle=True)
        return quick_fit(small_model(dropout=0.5), train=loader, seed=seed)[0].steps["loss"]

    assert curve(3) == curve(3) != curve(4)


def test_the_order_does_not_depend_on_what_the_model_draws(quick_fit):
    def order(dropout):
        seen = []

        def watching(outputs, rows):
            seen.extend(rows.tolist())
            return outputs.square().mean()

        x, _ = small_data()
        loader = DataLoader(TensorDataset(x, torch.arange(23)), batch_size=8, shuffle=True)
        quick_fit(small_model(dropout=dropout), train=loader, loss=watching)
        return seen

    assert order(0.0) == order(0.5)


def test_the_callers_random_states_stay_as_they_are(quick_fit):
    def states():
        return (
            torch.get_rng_state().tolist(),
            random.getstate(),
            np.random.get_state()[1].tolist(),
        )

    before = states()
    loader = DataLoader(TensorDataset(*small_data()), batch_size=8, shuffle=True)
    quick_fit(small_model(dropout=0.5), train=loader)

    assert states() == before
