"""What an indicator is, and what a reading of it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

FromWhat = Literal["labelled predictions", "training", "landscape", "retraining"]


@dataclass(frozen=True)
class Indicator:
    """A service level indicator.

    Attributes:
        name: Words joined by underscores.
        title: The same for people.
        unit: Of its value: ``"share"``, ``"loss"``, ``"score"``, ``"1"``...
        definition: How it is computed, in a sentence.
        least: The fewest examples from which it says anything.
        blind_to: What it cannot see.
        worse: Whether a higher or a lower value is worse.
        source: What it is computed from.
    """

    name: str
    title: str
    unit: str
    definition: str
    least: int
    blind_to: str
    worse: Literal["higher", "lower"]
    source: FromWhat


@dataclass(frozen=True)
class Reading:
    """A value of an indicator.

    Attributes:
        start: The begin of the window, in UTC; None if all of it is one.
        value: NaN if it has none.
        n: From how many examples.
        standard_error: Of the value; NaN where it is not known.
        status: ``"unknown"`` where there are fewer examples than the indicator needs.
    """

    start: datetime | None
    value: float
    n: int
    standard_error: float
    status: Literal["known", "unknown"]


def reading(
    indicator: Indicator,
    value: float,
    n: int,
    *,
    standard_error: float = float("nan"),
    start: datetime | None = None,
) -> Reading:
    """A reading whose status follows from its number of examples."""
    known = n >= indicator.least and value == value
    return Reading(start, value, n, standard_error, "known" if known else "unknown")


def by_name(*indicators: Indicator) -> Mapping[str, Indicator]:
    """Indicators by their names."""
    return {one.name: one for one in indicators}
