"""Samplers draw what they say, and the same again from the same seed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from lossedu.training.sampling import CurriculumSampler, class_balanced_sampler, weighted_sampler

DRAWS = 40_000


def close(share, expected):
    error = math.sqrt(expected * (1 - expected) / DRAWS)
    return abs(share - expected) <= 5 * error


def labels_of(*counts):
    return torch.cat([torch.full((n,), c) for c, n in enumerate(counts)])


def test_examples_come_in_proportion_to_their_weight():
    weight = torch.tensor([1.0, 0.0, 3.0, 6.0])

    drawn = torch.tensor(list(weighted_sampler(weight, draws=DRAWS)))

    shares = drawn.bincount(minlength=4) / DRAWS
    assert all(close(*pair) for pair in zip(shares.tolist(), (0.1, 0.0, 0.3, 0.6), strict=True))


def test_without_replacement_no_example_comes_twice():
    drawn = list(weighted_sampler(torch.arange(50.0), draws=49, replacement=False))

    assert sorted(drawn) == list(range(1, 50))


@given(counts=st.lists(st.integers(1, 500), min_size=2, max_size=5))
def test_at_beta_one_classes_are_drawn_alike_whatever_their_sizes(counts):
    labels = labels_of(*counts)

    drawn = labels[list(class_balanced_sampler(labels, draws=DRAWS))]

    shares = (drawn.bincount(minlength=len(counts)) / DRAWS).tolist()
    assert all(close(share, 1 / len(counts)) for share in shares)


def test_at_beta_zero_classes_are_drawn_as_often_as_they_come():
    labels = labels_of(900, 90, 10)

    drawn = labels[list(class_balanced_sampler(labels, beta=0.0, draws=DRAWS))]

    shares = (drawn.bincount() / DRAWS).tolist()
    assert all(close(*pair) for pair in zip(shares, (0.9, 0.09, 0.01), strict=True))


def test_between_the_ends_the_effective_number_decides():
    labels, beta = labels_of(900, 100), 0.99

    drawn = labels[list(class_balanced_sampler(labels, beta=beta, draws=DRAWS))]

    # The effective number of n examples is 1 + beta + ... + beta ** (n - 1).
    mass = [n / sum(beta**i for i in range(n)) for n in (900, 100)]
    assert close(drawn.float().mean().item(), mass[1] / sum(mass))


def test_classes_without_examples_change_nothing():
    labels = torch.tensor([0, 0, 0, 2])

    drawn = labels[list(class_balanced_sampler(labels, draws=DRAWS))]

    assert close((drawn == 2).float().mean().item(), 0.5)


@pytest.mark.parametrize("sampler", [class_balanced_sampler, CurriculumSampler])
def test_the_seed_decides_and_the_global_random_state_does_not(sampler):
    given_values = torch.arange(30) % 3 if sampler is class_balanced_sampler else torch.arange(30.0)

    first, again, other = (list(sampler(given_values, seed=seed)) for seed in (1, 1, 2))

    assert first == again != other


def test_a_balanced_loader_yields_balanced_batches():
    labels = labels_of(950, 50)
    data = TensorDataset(torch.zeros(1000, 1), labels)

    loader = DataLoader(data, batch_size=100, sampler=class_balanced_sampler(labels))

    shares = [batch.float().mean().item() for _, batch in loader]
    assert len(shares) == 10
    assert abs(sum(shares) / 10 - 0.5) < 5 * 0.5 / 1000**0.5


@given(
    n=st.integers(1, 200),
    start=st.floats(0.01, 1),
    epochs=st.integers(0, 8),
    epoch=st.integers(0, 10),
    seed=st.integers(0, 5),
)
def test_a_curriculum_draws_the_easiest_share_of_its_epoch_once_each(n, start, epochs, epoch, seed):
    difficulty = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).float()
    sampler = CurriculumSampler(difficulty, start=start, epochs=epochs, seed=seed)

    sampler.set_epoch(epoch)
    drawn = list(sampler)

    share = 1.0 if epoch >= epochs else start + (1 - start) * epoch / epochs
    assert len(sampler) == len(drawn) == len(set(drawn))
    assert abs(len(drawn) - share * n) < 1 + 1e-9 * n
    assert len(drawn) >= 1
    assert sorted(difficulty[drawn].tolist()) == list(range(len(drawn)))


def test_each_epoch_has_an_order_of_its_own_and_the_same_when_asked_again():
    sampler = CurriculumSampler(torch.zeros(50), start=1.0)

    orders = []
    for epoch in (0, 1, 0):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))

    assert orders[0] == orders[2] != orders[1]
    assert orders[0] != sorted(orders[0])


WRONG = {
    "weight must have one axis": lambda: weighted_sampler(torch.ones(2, 2)),
    "weight must have one axis of 1 to": lambda: weighted_sampler(torch.ones(0)),
    "weight must be at least 0 and finite, but contains -1 at index 1": lambda: weighted_sampler(
        torch.tensor([1.0, -1.0])
    ),
    "weight must be above 0 somewhere": lambda: weighted_sampler(torch.zeros(3)),
    "draws must be at most 1": lambda: weighted_sampler(
        torch.tensor([0.0, 1.0]), draws=2, replacement=False
    ),
    "draws must be a whole number of at least 1": lambda: weighted_sampler(torch.ones(3), draws=0),
    "labels must have one axis": lambda: class_balanced_sampler(torch.zeros(2, 2)),
    "labels must be a class number of at least 0, but contains -1": lambda: class_balanced_sampler(
        torch.tensor([0, -1])
    ),
    r"beta must lie in \[0, 1\]": lambda: class_balanced_sampler(torch.tensor([0, 1]), beta=2.0),
    r"start must lie in \(0, 1\], but is 0": lambda: CurriculumSampler(torch.ones(3), start=0.0),
    "epochs must be at least 0": lambda: CurriculumSampler(torch.ones(3), epochs=-1),
    "no NaN, but has shape .3,. and 1 NaN": lambda: CurriculumSampler(
        torch.tensor([1.0, math.nan, 2.0])
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_out_of_range_is_refused(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
