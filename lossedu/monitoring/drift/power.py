"""How large a change must be to be seen: what a test and a fixed limit say of shifted samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossedu.monitoring.drift.statistics import psi
from lossedu.monitoring.drift.testing import Name, _counted, drift

LIMITS = (0.1, 0.2)


@dataclass(frozen=True)
class Power:
    """How often a shift raises an alarm.

    Attributes:
        shift: Of the mean, in standard deviations.
        test: The share of comparisons in which the test says ``"drift"``.
        limits: The share in which PSI is above each of `LIMITS`.
    """

    shift: float
    test: float
    limits: tuple[float, ...]


def power(
    shifts: Sequence[float],
    *,
    n: int,
    draws: int = 200,
    statistic: Name = "psi",
    bins: int = 10,
    seed: int = 0,
) -> list[Power]:
    """Compare normal samples with shifted ones, many times.

    Args:
        shifts: In standard deviations; 0 gives the share of false alarms.
        n: The size of both samples.
        draws: Comparisons a shift.
        statistic: Of the test.
        bins: Of the test and of PSI.
        seed: Of all of it.
    """
    result = []
    for row, shift in enumerate(shifts):
        numbers = np.random.default_rng([seed, row])
        alarms, indices = 0, np.zeros(draws)
        for draw in range(draws):
            before, now = numbers.normal(size=n), numbers.normal(shift, size=n)
            seen = drift(before, now, statistic=statistic, bins=bins, seed=draw)
            alarms += seen.p_value <= 0.05
            indices[draw] = psi(*_counted(before, now, "psi", bins))
        above = tuple(float(np.mean(indices > limit)) for limit in LIMITS)
        result.append(Power(shift, alarms / draws, above))
    return result
