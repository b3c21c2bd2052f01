"""What one answer is worth, and how it is written."""

from datetime import datetime, timedelta, timezone

import pytest

from lossedu.practice.progress.records import as_text, next_repetition, rating_of
from tests.practice.reviews import review

LIMIT_S = 90


@pytest.mark.parametrize(
    ("answer", "rating"),
    [
        ({"verdict": "wrong", "seconds": 5}, 1),
        ({"verdict": "known", "seconds": 5}, 1),
        ({"verdict": "partly", "seconds": 5}, 1),
        ({"verdict": "unreadable", "seconds": 5}, 1),
        ({"verdict": "right", "hints": 3, "seconds": 5}, 1),
        ({"verdict": "right", "hints": 2, "seconds": 5}, 2),
        ({"verdict": "right", "seconds": 91}, 2),
        ({"verdict": "right", "seconds": 90}, 3),
        ({"verdict": "right", "seconds": 45}, 3),
        ({"verdict": "right", "seconds": 44}, 4),
        ({"verdict": "rounded", "seconds": 44}, 4),
        ({"verdict": "right", "hints": 1, "seconds": 5}, 2),
        ({"verdict": "wrong", "seconds": 5, "rubric": "no"}, 1),
        ({"verdict": "partly", "seconds": 5, "rubric": "lean"}, 2),
        ({"verdict": "right", "seconds": 500, "rubric": "strong"}, 3),
    ],
)
def test_a_rating_follows_from_verdict_hints_and_time(answer, rating):
    assert rating_of(**({"hints": 0, "limit": LIMIT_S} | answer)) == rating


def test_a_moment_is_written_in_utc_wherever_it_was_read_off():
    cet = timezone(timedelta(hours=1))

    assert as_text(datetime(2027, 1, 31, 9, 0, 0, 5000, cet)) == "2027-01-31T08:00:00.005Z"


def test_the_next_repetition_counts_the_answers_to_a_family():
    reviews = [review("one"), review("two"), review("one", rating=1)]

    assert next_repetition(reviews, "one") == 2
    assert next_repetition(reviews, "three") == 0


def test_only_what_was_accepted_without_a_hint_is_unaided():
    assert review().unaided
    assert not review(hints=1, rating=2).unaided
    assert not review(rating=1).unaided
