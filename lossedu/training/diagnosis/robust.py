"""Statistics that a few odd batches do not move: medians, rank trends, noise from differences."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

# The median absolute deviation of a normal distribution is 0.6745 of its standard deviation.
_NORMAL = 1.4826


def series(columns: Mapping[str, Sequence[float]], name: str) -> Series:
    """A column as an array; all NaN where there is no such column."""
    length = max(map(len, columns.values()), default=0)
    return np.asarray(columns.get(name, [np.nan] * length), dtype=np.float64)


def block_medians(values: Series, blocks: int) -> Series:
    """The medians of consecutive blocks of almost equal size; at most one block a value."""
    return np.array([np.median(part) for part in np.array_split(values, min(blocks, len(values)))])


def trend(values: Series) -> float:
    """Standard deviations by which later values exceed earlier ones more often than by chance.

    References:
        H. B. Mann, Nonparametric tests against trend, Econometrica 13, 1945 (Mann-Kendall).
    """
    n = len(values)
    if n < 3:
        return 0.0
    rises = np.sign(values[None, :] - values[:, None])[np.triu_indices(n, 1)].sum()
    return float(rises / np.sqrt(n * (n - 1) * (2 * n + 5) / 18))


def noise(values: Series) -> float:
    """The standard deviation of values around a smooth course, from their second differences."""
    if len(values) < 3:
        return 0.0
    # Of independent values with variance 1, these have the variance 1 + 4 + 1.
    return float(_NORMAL * np.median(np.abs(np.diff(values, 2))) / np.sqrt(6))


def first_run(flags: NDArray[np.bool_], length: int) -> int | None:
    """Where the first ``length`` True values in a row begin."""
    if len(flags) < length:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(flags, length).all(-1)
    return int(windows.argmax()) if windows.any() else None
