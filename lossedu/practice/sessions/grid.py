"""The self-assessment: eight skills at five levels, as often as somebody likes."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from lossedu.practice.progress.records import SelfRating


def claimed_levels(grid: Iterable[SelfRating]) -> dict[str, int]:
    """The level that somebody claims last, for each skill that was rated."""
    return {rating.skill: rating.level for rating in sorted(grid, key=lambda one: one.when)}


def ratings_of(levels: Mapping[str, int], when: datetime) -> list[SelfRating]:
    """Records of a self-assessment."""
    return [SelfRating(when, skill, level) for skill, level in levels.items()]
