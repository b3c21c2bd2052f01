"""Whether two samples differ by more than chance: a permutation test of any statistic.

If nothing has changed, it was chance which observations are in which sample.  Drawing that anew
many times gives the statistic's distribution exactly, whatever the data's own: an alarm at level
5 % is false in 5 % of comparisons, with a hundred observations as with ten thousand.  A fixed
limit, such as a PSI of 0.1, has no such promise: with ten bins and 100 observations it is passed in
most of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossedu.monitoring.drift.statistics import (
    Counts,
    Statistic,
    expected_psi,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
)
from lossedu.monitoring.timeline import Values

Name = Literal["psi", "js", "ks"]
STATISTICS: dict[str, Statistic] = {"psi": psi, "js": jensen_shannon, "ks": kolmogorov_smirnov}
LEAST = 50
_FINE = 512  # places at which distribution functions are compared


@dataclass(frozen=True)
class Drift:
    """A comparison of two samples.

    Attributes:
        statistic: Its name.
        value: Of the two samples.
        usual: Its mean if nothing has changed.
        p_value: How often chance alone gives at least that value.
        n: Observations of the reference.
        m: Observations now.
        verdict: ``"drift"``, ``"none seen"``, or ``"too few"`` to say anything.
    """

    statistic: str
    value: float
    usual: float
    p_value: float
    n: int
    m: int
    verdict: Literal["drift", "none seen", "too few"]


def drift(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    statistic: Name = "psi",
    bins: int = 10,
    level: float = 0.05,
    permutations: int = 199,
    seed: int = 0,
) -> Drift:
    """Compare a sample with a reference.

    Args:
        reference: Numbers, or names of categories, of shape ``(n,)``.
        current: The same, of shape ``(m,)``.
        statistic: ``"psi"``, ``"js"`` or ``"ks"``.
        bins: For PSI and JS of numbers: as many bins, each with the same share of both samples.
        level: The share of false alarms.
        permutations: How often chance is drawn; with 199 the smallest p-value is 0.005.
        seed: Of the draws.

    Returns:
        ``"too few"`` if a sample has fewer than 50 observations, or if the PSI to expect without a
        change is above 0.1.

    Raises:
        ValueError: If a sample is empty or has a number that is not finite, categories are compared
            by ``"ks"``, or an option is out of its range.
    """
    _check(statistic, bins, level, permutations)
    before, now = _counted(reference, current, statistic, bins)
    n, m = int(before.sum()), int(now.sum())
    measure = STATISTICS[statistic]
    value = float(measure(before, now))
    draws = by_chance(before + now, n, measure, permutations, seed)
    # Equal values come out in another order of additions: they must count as equal.
    reached = np.count_nonzero(draws >= value * (1 - 1e-9) - 1e-12)
    p_value = (1 + int(reached)) / (1 + permutations)
    few = min(n, m) < LEAST or (statistic == "psi" and expected_psi(len(before), n, m) > 0.1)
    seen: Literal["drift", "none seen"] = "drift" if p_value <= level else "none seen"
    verdict = "too few" if few else seen
    return Drift(statistic, value, float(draws.mean()), p_value, n, m, verdict)


def by_chance(pooled: Counts, n: int, measure: Statistic, draws: int, seed: int) -> Values:
    """A statistic of samples of one distribution: who is in which is drawn anew.

    Args:
        pooled: Counts of both samples by bin.
        n: The size of the first.
        measure: The statistic.
        draws: How many to draw.
        seed: Of the draws.
    """
    numbers = np.random.default_rng(seed)
    firsts = numbers.multivariate_hypergeometric(pooled, n, size=draws, method="marginals")
    return measure(firsts, pooled - firsts)


def _counted(reference: ArrayLike, current: ArrayLike, statistic: str, bins: int) -> Sequence[Any]:
    before, now = np.asarray(reference), np.asarray(current)
    for name, sample in (("reference", before), ("current", now)):
        if sample.ndim != 1 or not len(sample):
            raise ValueError(f"{name} must have shape (n,) with n > 0, but has {sample.shape}.")
    if before.dtype.kind in "OUS" or now.dtype.kind in "OUS":
        if statistic == "ks":
            raise ValueError('statistic must be "psi" or "js" for categories, but is "ks".')
        _, place = np.unique(np.concatenate([before, now]).astype(str), return_inverse=True)
    else:
        both = np.concatenate([before, now]).astype(float)
        if not np.isfinite(both).all():
            name = "reference" if not np.isfinite(before.astype(float)).all() else "current"
            raise ValueError(
                f"{name} must be finite, but is not everywhere. Hint: count missing values apart; "
                "their share is a feature of its own."
            )
        place = _place(both, _FINE if statistic == "ks" else bins)
    most = int(place.max()) + 1
    parts = place[: len(before)], place[len(before) :]
    return [np.bincount(part, minlength=most) for part in parts]


def _place(both: Values, bins: int) -> NDArray[np.int64]:
    """Bins with the same share of both samples; equal numbers are in one bin."""
    edges = np.unique(np.quantile(both, np.arange(1, bins) / bins, method="inverted_cdf"))
    places = np.searchsorted(edges, both, side="left")
    return np.unique(places, return_inverse=True)[1].astype(np.int64)


def _check(statistic: str, bins: int, level: float, permutations: int) -> None:
    if statistic not in STATISTICS:
        raise ValueError(f"statistic must be among {', '.join(STATISTICS)}, but is {statistic!r}.")
    if bins < 2:
        raise ValueError(f"bins must be at least 2, but is {bins}.")
    if not 1 / (1 + permutations) <= level < 1:
        raise ValueError(
            f"level must be at least 1 / (1 + permutations) and below 1, but is {level} with "
            f"{permutations} permutations. Hint: no p-value could be as small."
        )
