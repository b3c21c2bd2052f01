"""What a chapter may cost: seconds of one core of a reference machine.

Time by the clock says little where several programs share a machine, and processor time differs
between machines.  So a chapter's kernel counts its own processor time, and before and after the
chapter it times a small fixed piece of work.  The reference machine is one that does this piece in
`REFERENCE_PIECE_S`; a kernel that takes twice as long, on an old or crowded machine, may use twice
as many seconds.  ``LOSSEDU_CHAPTER_SECONDS`` sets another budget; 0 is none.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

BUDGET_S = 25.0
VARIABLE = "LOSSEDU_CHAPTER_SECONDS"
REFERENCE_PIECE_S = 0.030
STOP_FACTOR = 4
"""A chapter that needs this many times its budget is stopped in the cell where it is."""


@dataclass(frozen=True)
class Cost:
    """What a run has cost, in seconds of the reference machine.

    Attributes:
        cells: Of each cell that ran, its first line and its seconds.
    """

    cells: tuple[tuple[str, float], ...] = ()

    @property
    def total_s(self) -> float:
        """All cells together."""
        return sum(seconds for _, seconds in self.cells)


def budget_s() -> float:
    """The budget of a chapter in reference seconds; infinite if it was set to 0.

    Raises:
        ValueError: If the environment names no number of seconds.
    """
    given = os.environ.get(VARIABLE, "").strip()
    try:
        seconds = float(given) if given else BUDGET_S
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ValueError(
            f"{VARIABLE} must be a number of seconds of at least 0, but is {given!r}. "
            "Hint: 0 allows any."
        )
    return seconds or float("inf")


def slowness(pieces: Sequence[float]) -> float:
    """How many times as long as the reference machine a kernel takes."""
    return fmean(pieces) / REFERENCE_PIECE_S


def cost(cells: Sequence[tuple[str, float]], pieces: Sequence[float]) -> Cost:
    """The cost of a run.

    Args:
        cells: First line and processor seconds of each cell.
        pieces: Processor seconds of the piece of work, each time that it was done.

    Returns:
        The same in reference seconds.
    """
    slow = slowness(pieces)
    return Cost(tuple((line, seconds / slow) for line, seconds in cells))


def profile(spent: Cost) -> str:
    """A line for each cell that matters, the costliest first."""
    costly = sorted(spent.cells, key=lambda cell: -cell[1])
    shown = [cell for cell in costly if cell[1] >= 0.01 * spent.total_s] or costly
    lines = [f"{seconds:8.1f} s  {line[:80]}" for line, seconds in shown]
    rest = spent.total_s - sum(seconds for _, seconds in shown)
    if len(shown) < len(costly):
        lines.append(f"{rest:8.1f} s  in {len(costly) - len(shown)} other cells")
    return "\n".join(lines)
