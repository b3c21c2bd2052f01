"""What no formula says of a loss: when to take it, when not, and the sentence to avoid."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lossedu.names import unknown_name


@dataclass(frozen=True)
class Advice:
    """A line for each of three questions about a loss.

    Attributes:
        when: When to take it.
        unless: When to take another.
        red_flag: What shows that it was not understood.
        sheet: Whether it stands on the sheet of paper.
    """

    when: str
    unless: str
    red_flag: str
    sheet: bool = False


@cache
def all_advice() -> Mapping[str, Advice]:
    """The lines of every loss, by its name in `lossedu.catalog`."""
    text = (files("lossedu.choosing") / "advice.toml").read_text(encoding="utf-8")
    return {name: Advice(**record) for name, record in tomllib.loads(text).items()}


def advice(name: str) -> Advice:
    """The lines of one loss.

    Raises:
        ValueError: If there is no such loss.

    Example:
        >>> advice("huber_loss").unless
        'the mean of skewed targets is wanted'
    """
    if name not in all_advice():
        raise ValueError(
            unknown_name("name", name, all_advice(), listing="lossedu.catalog.specs()")
        )
    return all_advice()[name]
