"""A canary is rolled back or promoted with the promised rates of error, however often one looks."""

import math
import re

import numpy as np
import pytest
from scipy.stats import binom

from lossedu.monitoring.canary.sequential import Decision, SequentialTest, decide, expected_pairs

TEST = SequentialTest(odds_ratio=1.5, false_rollback=0.05, missed=0.1)
RUNS = 2000


def verdicts(test, bad_share, odds_ratio, *, pairs=20_000, seed=0):
    """The verdicts of many canaries whose odds of bad events are so many times the old ones'."""
    numbers = np.random.default_rng(seed)
    odds = odds_ratio * bad_share / (1 - bad_share)
    new = odds / (1 + odds)
    # Only discordant pairs count, so only these are drawn.
    worse, better = new * (1 - bad_share), bad_share * (1 - new)
    result = []
    for _ in range(RUNS):
        canary = numbers.random(pairs // 10) < worse / (worse + better)
        result.append(decide(test, canary, ~canary))
    return result


@pytest.mark.parametrize("bad_share", [0.02, 0.3])
def test_a_version_that_is_no_worse_is_rarely_rolled_back(bad_share):
    made = [one.verdict for one in verdicts(TEST, bad_share, 1.0)]

    assert made.count("roll back") / RUNS <= TEST.false_rollback
    assert made.count("promote") / RUNS > 0.9


@pytest.mark.parametrize("odds_ratio", [1.5, 2.0])
def test_a_regression_is_rarely_missed(odds_ratio):
    made = [one.verdict for one in verdicts(TEST, 0.05, odds_ratio, seed=1)]

    assert made.count("promote") / RUNS <= TEST.missed
    assert made.count("roll back") / RUNS > 0.85


def test_a_test_of_fixed_size_that_is_looked_at_often_breaks_its_promise():
    numbers = np.random.default_rng(2)
    broken = 0
    for _ in range(300):
        worse = np.cumsum(numbers.random(1000) < 0.5)
        looks = np.arange(10, 1001, 10)
        broken += (binom.sf(worse[looks - 1] - 1, looks, 0.5) <= 0.05).any()

    assert broken / 300 > 2 * 0.05


def test_the_evidence_is_the_ratio_of_two_likelihoods():
    for worse, discordant in [(0, 0), (3, 4), (10, 12), (5, 30)]:
        chances = (1.5 / 2.5, 0.5)
        one, other = (binom.pmf(worse, discordant, chance) for chance in chances)
        assert TEST.log_ratio(worse, discordant) == pytest.approx(math.log(one / other))


def test_pairs_that_agree_say_nothing():
    canary, baseline = [1, 1, 0, 0, 1], [1, 0, 0, 1, 1]

    path = TEST.path(canary, baseline)

    np.testing.assert_allclose(np.diff(path)[[1, 3]], 0)
    assert path[1] > path[0] > path[-1]


def test_a_verdict_takes_about_as_many_pairs_as_walds_equation_says():
    numbers = np.random.default_rng(3)
    taken = []
    for _ in range(200):
        canary, baseline = numbers.random((2, 60_000)) < np.array([[0.075], [0.05]])
        taken.append(decide(TEST, canary, baseline).pairs)

    odds_ratio = (0.075 / 0.925) / (0.05 / 0.95)
    expected = expected_pairs(TEST, 0.05, odds_ratio=odds_ratio)
    assert np.mean(taken) == pytest.approx(expected, rel=0.35)


def test_a_decision_is_made_at_the_first_pair_that_reaches_it():
    all_bad = np.ones(100, bool)

    made = decide(TEST, all_bad, ~all_bad)

    step = math.log(1.5 / 2.5 / 0.5)
    assert made.verdict == "roll back"
    assert made.pairs == math.ceil(math.log(20) / step)
    assert decide(TEST, all_bad[: made.pairs - 1], ~all_bad[: made.pairs - 1]).verdict == "continue"


def test_a_test_that_has_to_end_says_that_it_does_not_know():
    short = SequentialTest(most=10)
    bad = np.array([True, False] * 50)

    assert decide(short, bad, ~bad).verdict == "not enough evidence"
    assert decide(short, bad[:8], ~bad[:8]).verdict == "continue"
    assert decide(SequentialTest(), [], []) == Decision("continue", 0, 0.0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"odds_ratio": 1.0}, "odds_ratio must be above 1, but is 1"),
        ({"odds_ratio": math.nan}, "odds_ratio must be above 1, but is nan"),
        ({"false_rollback": 0.0}, "false_rollback must be above 0 and below 0.5"),
        ({"missed": 0.6}, "missed must be above 0 and below 0.5"),
        ({"most": -1}, "most must be at least 0"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(options, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        SequentialTest(**options)


@pytest.mark.parametrize("bad_share", [0.0, 1.0, math.nan])
def test_a_share_without_discordant_pairs_is_refused(bad_share):
    with pytest.raises(ValueError, match="bad_share must be above 0 and below 1"):
        expected_pairs(TEST, bad_share)


def test_streams_of_different_lengths_are_no_pairs():
    with pytest.raises(ValueError, match=re.escape("must have one shape (pairs,), but have (1,)")):
        decide(TEST, [True], [True, False])
