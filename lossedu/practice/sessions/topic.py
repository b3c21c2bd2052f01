"""Practice of one loss or concept: everything in the bank about it, what is weakest first."""

from collections.abc import Mapping
from datetime import date

from lossedu.names import unknown_name
from lossedu.practice.families import Family
from lossedu.practice.progress.records import Progress
from lossedu.practice.progress.schedule import cards_of
from lossedu.practice.sessions.answering import Item, items_of
from lossedu.practice.sessions.roles import SessionError


def topics(families: Mapping[str, Family]) -> dict[str, int]:
    """Every topic and skill, with how many families there are of it."""
    counts: dict[str, int] = {}
    for family in families.values():
        for name in {*family.topics, *family.skills}:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def topic(
    families: Mapping[str, Family], progress: Progress, day: date, name: str, *, size: int
) -> list[Item]:
    """The questions of a topic, a skill or one family.

    Args:
        families: The bank.
        progress: All reviews so far.
        day: Today, in UTC.
        name: A topic's slug, a skill, or the id of a family.
        size: As many questions at most.

    Returns:
        What was never asked first, level by level; then the least certain.

    Raises:
        SessionError: If nothing has that name; the message says what is near.
    """
    if name in families:
        return items_of([name], progress.reviews, "topic")
    own = [f for f in families.values() if name in f.topics or name in f.skills]
    if not own:
        known = [*topics(families), *families]
        raise SessionError(unknown_name("topic", name, known, listing="`lossedu drill topic`"))
    cards = cards_of(progress.reviews)
    new = sorted((f for f in own if f.id not in cards), key=lambda f: (f.level, f.seconds, f.id))
    seen = sorted((f.id for f in own if f.id in cards), key=lambda i: (cards[i].recall(day), i))
    return items_of([*(f.id for f in new), *seen][:size], progress.reviews, "topic")
