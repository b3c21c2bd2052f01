"""What a triplet pays for its lead: a hinge at a margin, or no margin and a soft one."""

from typing import Literal

from torch import Tensor

from lossedu.arguments.checks import Number, check_number
from lossedu.losses._binary import surprise_of_one

SoftMargin = Literal["soft"]
Margin = Number | SoftMargin


def check_margin(margin: Margin) -> None:
    """Refuse what is neither a number of at least 0 nor ``"soft"``."""
    if not isinstance(margin, str):
        check_number("margin", margin, low=0.0)
    elif margin != "soft":
        raise ValueError(f"margin must be a number or 'soft', but is {margin!r}.")


def paid(ahead: Tensor, margin: Margin) -> Tensor:
    """The cost of a positive that is farther than the negative by so much."""
    if isinstance(margin, str):
        return surprise_of_one(-ahead)
    return (ahead + margin).relu()
