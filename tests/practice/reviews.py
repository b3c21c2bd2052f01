"""Reviews to test with."""

import uuid
from datetime import UTC, datetime, timedelta

from lossedu.practice.progress.records import Review

START = datetime(2027, 1, 4, 9, tzinfo=UTC)


def review(family="gradient-of-mse", day=0, **changes) -> Review:
    """A right answer on a day after the first; any field may differ."""
    values = {
        "id": str(uuid.uuid4()),
        "family": family,
        "variant": 0,
        "repetition": 0,
        "when": START + timedelta(days=day),
        "rating": 3,
        "verdict": "right",
        "hints": 0,
        "seconds": 41.5,
        "source": "terminal",
        "answer": "p - y",
        "ticks": (),
    }
    return Review(**(values | changes))
