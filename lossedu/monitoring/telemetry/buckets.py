"""Histograms that take a whole batch at once."""

from collections.abc import Sequence

import numpy as np

from lossedu.monitoring.timeline import Values

LOSS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
MARGIN = (-10.0, -5.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
SHARE = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LAG_S = (
    60.0,
    600.0,
    3600.0,
    6 * 3600.0,
    86_400.0,
    2 * 86_400.0,
    4 * 86_400.0,
    8 * 86_400.0,
    16 * 86_400.0,
)


class Buckets:
    """Counts of values up to each of some bounds, and their sum.

    Args:
        bounds: Rising; the last bucket is everything above.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = np.asarray(bounds, float)
        self.counts = np.zeros(len(bounds) + 1)
        self.sum = 0.0

    def add(self, values: Values) -> None:
        """Count values, none of which is NaN."""
        places = np.searchsorted(self.bounds, values, side="left")
        self.counts += np.bincount(places, minlength=len(self.counts))
        self.sum += float(values.sum())

    def cumulative(self) -> list[tuple[str, float]]:
        """Upper bound, as Prometheus writes it, and how many values are at most that."""
        names = [*(repr(float(bound)) for bound in self.bounds), "+Inf"]
        return list(zip(names, np.cumsum(self.counts).tolist(), strict=True))
