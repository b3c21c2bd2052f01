r"""A test that may be looked at after every event, and keeps its promise all the same.

Each event of the new version is paired with one of the old.  Pairs in which both are good or both
are bad say nothing; in the others, the *discordant* ones, the new version is the bad one with
probability $\theta / (1 + \theta)$, where $\theta$ is the odds ratio of bad events: one half if
both are equally good.  With $b$ of $d$ discordant pairs against the new version, Wald's ratio is

$$\Lambda = \frac{P(b, d \mid \theta)}{P(b, d \mid 1)}
= \Big(\frac{\theta}{1 + \theta}\Big)^{b} \Big(\frac{1}{1 + \theta}\Big)^{d - b} 2^{d}.$$

Roll back at $\Lambda \ge 1/\alpha$, promote at $\Lambda \le \beta$.  By Ville's inequality a
version that is no worse is rolled back with probability at most $\alpha$, however often one looks,
and one that is worse by the odds ratio $\theta$ is promoted with probability at most $\beta$.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lossedu.monitoring.timeline import Values

Verdict = Literal["continue", "roll back", "promote", "not enough evidence"]


@dataclass(frozen=True)
class SequentialTest:
    """What is promised of the decision.

    Attributes:
        odds_ratio: The regression that must not be missed: bad events become so many times more
            likely, by their odds.
        false_rollback: The largest probability to roll back a version that is no worse.
        missed: The largest probability to promote one that is worse by the odds ratio or more.
        most: Pairs after which it ends without a verdict; 0 goes on for ever.

    Raises:
        ValueError: If a value is out of its range.
    """

    odds_ratio: float = 1.5
    false_rollback: float = 0.01
    missed: float = 0.05
    most: int = 0

    def __post_init__(self) -> None:
        """Refuse what promises nothing."""
        if not 1 < self.odds_ratio < math.inf:
            raise ValueError(f"odds_ratio must be above 1, but is {self.odds_ratio}.")
        for name in ("false_rollback", "missed"):
            share = getattr(self, name)
            if not 0 < share < 0.5:
                raise ValueError(f"{name} must be above 0 and below 0.5, but is {share}.")
        if self.most < 0:
            raise ValueError(f"most must be at least 0, but is {self.most}.")

    def log_ratio(self, worse: ArrayLike, discordant: ArrayLike) -> Values:
        """The logarithm of Wald's ratio.

        Args:
            worse: Discordant pairs in which the new version is the bad one.
            discordant: All discordant pairs.
        """
        b, d = np.asarray(worse, float), np.asarray(discordant, float)
        theta = self.odds_ratio
        return b * math.log(theta) - d * math.log((1 + theta) / 2)

    def path(self, canary: ArrayLike, baseline: ArrayLike) -> Values:
        """The logarithm of the ratio after each pair of events.

        Args:
            canary: Whether each event of the new version was bad, in the order of the pairs.
            baseline: The same of the old version's.

        Raises:
            ValueError: If shapes differ.
        """
        new, old = np.asarray(canary, bool), np.asarray(baseline, bool)
        if new.shape != old.shape or new.ndim != 1:
            raise ValueError(
                "canary and baseline must have one shape (pairs,), "
                f"but have {new.shape} and {old.shape}."
            )
        return self.log_ratio(np.cumsum(new & ~old), np.cumsum(new ^ old))


@dataclass(frozen=True)
class Decision:
    """What to do about a canary.

    Attributes:
        verdict: ``"continue"`` until one of the others is reached.
        pairs: How many pairs of events it took.
        log_ratio: The evidence then.
    """

    verdict: Verdict
    pairs: int
    log_ratio: float


def decide(test: SequentialTest, canary: ArrayLike, baseline: ArrayLike) -> Decision:
    """The first verdict that a stream of paired events reaches.

    Args:
        test: What is promised.
        canary: Whether each event of the new version was bad, of shape ``(pairs,)``.
        baseline: The same of the old version's.
    """
    path = test.path(canary, baseline)
    worse = path >= -math.log(test.false_rollback)
    good = path <= math.log(test.missed)
    reached = np.flatnonzero(worse | good)
    limit = min(test.most, len(path)) if test.most else len(path)
    if len(reached) and reached[0] < limit:
        first = int(reached[0])
        verdict: Verdict = "roll back" if worse[first] else "promote"
        return Decision(verdict, first + 1, float(path[first]))
    over = bool(test.most) and len(path) >= test.most
    last = float(path[limit - 1]) if limit else 0.0
    return Decision("not enough evidence" if over else "continue", limit, last)


def expected_pairs(test: SequentialTest, bad_share: float, *, odds_ratio: float = 1.0) -> float:
    """About how many pairs a verdict takes, by Wald's equation.

    Args:
        test: What is promised.
        bad_share: Of the old version's events.
        odds_ratio: Of the new version's; 1 if it is no worse.

    Raises:
        ValueError: If the share is not above 0 and below 1: then no pair says anything.
    """
    if not 0 < bad_share < 1:
        raise ValueError(f"bad_share must be above 0 and below 1, but is {bad_share}.")
    odds = odds_ratio * bad_share / (1 - bad_share)
    new = odds / (1 + odds)
    worse, better = new * (1 - bad_share), bad_share * (1 - new)
    step = worse * math.log(test.odds_ratio) - (worse + better) * math.log(
        (1 + test.odds_ratio) / 2
    )
    end = -math.log(test.false_rollback) if step > 0 else math.log(test.missed)
    return end / step if step else math.inf
