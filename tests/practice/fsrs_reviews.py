"""Writes ``fsrs_reviews.json``: 240 reviews and what FSRS in Python makes of each.

    python -m tests.practice.fsrs_reviews

The page computes the same with FSRS in JavaScript.  What both agree on: the default parameters of
FSRS-6; time in whole days of UTC, so that two reviews of one day are 0 days apart; no learning and
relearning steps, no fuzz; due = day of the review + max(1, round(S / F * (r^(1/d) - 1))) days with
d = -0.1542 and F = 0.9^(1/d) - 1.  In JavaScript, stability and difficulty are
``fsrs({enable_short_term: true, enable_fuzz: false}).next_state(memory, days, rating)``.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from lossedu.practice.progress.records import Review
from lossedu.practice.progress.schedule import RETENTION, cards_of

FILE = Path(__file__).with_suffix(".json")
FAMILIES = 12
EACH = 20
START = datetime(2027, 1, 4, 7, 30, tzinfo=UTC)
GAPS_H = (0.2, 3, 20, 24, 30, 49, 72, 120, 200, 400, 1500)  # some on one day, some across midnight


def script() -> list[Review]:
    """Reviews of every rating after every gap, in order of time."""
    draw = Random(240)
    reviews = []
    for family in range(FAMILIES):
        when = START + timedelta(hours=draw.randrange(48))
        for repetition in range(EACH):
            reviews.append(
                Review(
                    id=f"00000000-0000-4000-8000-{family:06d}{repetition:06d}",
                    family=f"family-{family}",
                    variant=repetition,
                    repetition=repetition,
                    when=when,
                    rating=draw.choice((1, 2, 3, 3, 3, 4)),
                    verdict="right",
                    hints=0,
                    seconds=30.0,
                    source="terminal",
                )
            )
            when += timedelta(hours=draw.choice(GAPS_H), minutes=draw.randrange(60))
    return sorted(reviews, key=lambda review: (review.when, review.id))


def rows() -> list[dict]:
    """Each review with the card after it."""
    reviews = script()
    result = []
    for number, review in enumerate(reviews):
        card = cards_of(r for r in reviews[: number + 1] if r.family == review.family)[
            review.family
        ]
        result.append(
            {
                "family": review.family,
                "at": review.as_json()["at"],
                "rating": review.rating,
                "stability": card.stability,
                "difficulty": card.difficulty,
                "due": card.due(RETENTION).isoformat(),
                "recall_after_10_days": card.recall(card.last + timedelta(days=10)),
            }
        )
    return result


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(row) for row in rows())
    FILE.write_text(f'{{"retention": {RETENTION}, "reviews": [\n{lines}\n]}}\n', encoding="utf-8")
