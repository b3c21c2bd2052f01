"""A comparison is a mean of differences with its standard error and its number of pairs."""

import math
import statistics

import pytest

from lossedu.paired import PairedDifference, paired_difference


def test_the_error_is_that_of_the_mean_of_the_differences():
    first, second = [0.9, 0.7, 0.8, 0.6], [0.8, 0.65, 0.6, 0.55]
    gaps = [a - b for a, b in zip(first, second, strict=True)]

    lead = paired_difference(first, second)

    assert lead.mean == pytest.approx(statistics.mean(gaps))
    assert lead.error == pytest.approx(statistics.stdev(gaps) / math.sqrt(4))
    assert lead.n == 4


def test_what_pairs_share_cancels():
    level = [10.0, -30.0, 500.0]

    lead = paired_difference([v + 1 for v in level], level)

    assert (lead.mean, lead.error) == (1.0, 0.0)


def test_nothing_is_decided_within_two_standard_errors():
    assert PairedDifference(0.021, 0.01, 5).decided
    assert PairedDifference(-0.021, 0.01, 5).decided
    assert not PairedDifference(0.019, 0.01, 5).decided
    assert not PairedDifference(0.5, 0.01, 5).if_equal.decided


def test_a_difference_is_written_with_its_error_and_its_number_of_pairs():
    lead = PairedDifference(-0.0171, 0.0034, 5)

    assert str(lead) == "−0.017 ± 0.003 (n = 5)"
    assert f"{100 * lead:.1f}" == "−1.7 ± 0.3"


def test_pairs_must_be_pairs_and_at_least_two():
    with pytest.raises(ValueError, match=r"a partner for each of first, but they have 1 and 2"):
        paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="first must hold at least 2 numbers, but holds 1"):
        paired_difference([1.0], [1.0])
