"""When to train anew: on trouble that lasts, not too soon again, and not too often.

A trigger on a single bad window trains on noise; one without a cooldown trains again before the new
model could be judged; one without a budget goes on for as long as retraining does not help.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Reason = Literal["trigger", "cooldown", "budget"]


@dataclass(frozen=True)
class RetrainPolicy:
    """What it takes.

    Attributes:
        above: The value that is too large.
        sustained: Windows in a row that must be above it.
        cooldown: Windows after a retraining before the next.
        most: Retrainings within ``period`` windows; after that somebody has to look.
        period: Windows for which retrainings count.

    Raises:
        ValueError: If a number is out of its range.
    """

    above: float
    sustained: int = 3
    cooldown: int = 7
    most: int = 3
    period: int = 30

    def __post_init__(self) -> None:
        """Refuse a policy that never triggers, or always does."""
        if math.isnan(self.above):
            raise ValueError("above must be a number, but is nan.")
        for name in ("sustained", "cooldown", "most", "period"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, but is {getattr(self, name)}.")


@dataclass(frozen=True)
class Call:
    """A window in which the value had been too large for long enough.

    Attributes:
        window: Its number.
        outcome: ``"trigger"``, or what held the retraining back.
    """

    window: int
    outcome: Reason


def calls(policy: RetrainPolicy, values: Iterable[float]) -> list[Call]:
    """What a policy would have done.

    Args:
        policy: The policy.
        values: Of each window; NaN where it is unknown, which neither adds to a row of bad windows
            nor ends it.

    Example:
        >>> policy = RetrainPolicy(above=0.2, sustained=2, cooldown=3, most=1)
        >>> [(c.window, c.outcome) for c in calls(policy, [0.3, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])]
        [(3, 'trigger'), (4, 'cooldown'), (5, 'cooldown'), (6, 'cooldown'), (7, 'budget')]
    """
    result: list[Call] = []
    row = 0
    for window, value in enumerate(values):
        if not math.isnan(value):
            row = row + 1 if value > policy.above else 0
        if row >= policy.sustained and not math.isnan(value):
            result.append(Call(window, _outcome(policy, window, result)))
    return result


def _outcome(policy: RetrainPolicy, window: int, before: Sequence[Call]) -> Reason:
    trained = [call.window for call in before if call.outcome == "trigger"]
    if trained and window - trained[-1] <= policy.cooldown:
        return "cooldown"
    recent = [one for one in trained if window - one < policy.period]
    return "budget" if len(recent) >= policy.most else "trigger"
