r"""How far two distributions are apart: PSI, Jensen-Shannon, Kolmogorov-Smirnov.

With shares $p_i$ and $q_i$ of $k$ bins,

$$\mathrm{PSI} = \sum_i (q_i - p_i) \log \frac{q_i}{p_i}, \qquad
\mathrm{JS} = \tfrac12 \sum_i \Big(p_i \log\frac{2 p_i}{p_i + q_i}
 + q_i \log\frac{2 q_i}{p_i + q_i}\Big),$$

and the Kolmogorov-Smirnov distance is the largest difference of the two distribution functions.
None is 0 for two samples of one distribution: for samples of $n$ and $m$,

$$E[\mathrm{PSI}] \approx (k - 1)\Big(\frac1n + \frac1m\Big).$$
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lossedu.monitoring.timeline import Values

Counts = NDArray[np.int64]
Statistic = Callable[[Counts, Counts], Values]


def psi(reference: Counts, current: Counts) -> Values:
    """Population stability index of counts by bin.

    Args:
        reference: Of shape ``(..., bins)``.
        current: Likewise.

    Returns:
        Shape ``(...)``, at least 0, in nats.  A bin that is empty in one sample counts as half an
        observation: otherwise the index would be infinite.
    """
    p, q = _shares(reference, half=True), _shares(current, half=True)
    both = (reference > 0) | (current > 0)
    index: Values = np.where(both, (q - p) * np.log(q / p), 0.0).sum(axis=-1)
    return index


def jensen_shannon(reference: Counts, current: Counts) -> Values:
    """Jensen-Shannon divergence of counts by bin, from 0 to log 2, in nats."""
    p, q = _shares(reference), _shares(current)
    middle = (p + q) / 2
    parts = [s * np.log(np.divide(s, middle, out=np.ones_like(s), where=s > 0)) for s in (p, q)]
    divergence: Values = (parts[0] + parts[1]).sum(axis=-1) / 2
    return divergence


def kolmogorov_smirnov(reference: Counts, current: Counts) -> Values:
    """The largest difference of two distribution functions, from 0 to 1, of counts in order."""
    p, q = _shares(reference), _shares(current)
    distance: Values = np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1)
    return distance


def expected_psi(bins: int, n: int, m: int) -> float:
    """The PSI to expect of two samples of one distribution.

    Example:
        >>> round(expected_psi(bins=10, n=100, m=100), 3)
        0.18
    """
    return (bins - 1) * (1 / n + 1 / m)


def _shares(counts: Counts, *, half: bool = False) -> Values:
    totals = counts.sum(axis=-1, keepdims=True)
    shares: Values = np.where(counts > 0, counts, 0.5 if half else 0.0) / totals
    return shares
