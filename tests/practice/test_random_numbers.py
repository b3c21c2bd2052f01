"""Drills draw the same numbers from the same words, and all numbers alike."""

import pytest

from lossedu.practice.random_numbers import RandomNumbers, seed_of


def test_the_stream_is_that_of_mulberry32():
    numbers = RandomNumbers(0)

    drawn = [int(numbers.uniform() * 2**32) for _ in range(3)]

    assert drawn == [0x4434B462, 0x00159C37, 0x39285B08]


def test_the_seed_is_fnv1a():
    assert seed_of("") == 0x811C9DC5
    assert seed_of("a") == 0xE40C292C
    assert seed_of("foobar") == 0xBF9CF968
    assert seed_of("ab") != seed_of("a", "b")


def test_only_the_lowest_bits_of_a_seed_count():
    assert RandomNumbers(5).uniform() == RandomNumbers(5 + 2**32).uniform()
    assert RandomNumbers(-1).uniform() == RandomNumbers(2**32 - 1).uniform()


def test_every_number_below_a_bound_comes_as_often():
    numbers = RandomNumbers(seed_of("counts"))
    draws = 60_000

    counts = [0] * 6
    for _ in range(draws):
        counts[numbers.below(6)] += 1

    # chi-squared with 5 degrees of freedom: beyond 25 once in ten thousand
    assert sum((n - draws / 6) ** 2 / (draws / 6) for n in counts) < 25


def test_shuffling_keeps_the_items_and_reaches_every_order():
    numbers = RandomNumbers(1)

    orders = {tuple(numbers.shuffled("abc")) for _ in range(200)}

    assert len(orders) == 6
    assert all(sorted(order) == ["a", "b", "c"] for order in orders)


def test_choice_is_one_of_the_items():
    numbers = RandomNumbers(1)

    assert {numbers.choice(["x", "y"]) for _ in range(50)} == {"x", "y"}


def test_there_must_be_something_to_choose():
    with pytest.raises(ValueError, match="bound must be at least 1, but is 0"):
        RandomNumbers(1).below(0)
