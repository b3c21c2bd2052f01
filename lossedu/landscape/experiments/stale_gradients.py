r"""Gradients that come late lower the edge of stability.

Where workers send gradients of weights that are :math:`\tau` steps old, a quadratic of curvature h
is stable only up to

.. math:: \eta\, h < 2 \sin \frac{\pi}{2 (2\tau + 1)},

which is 2 without a delay, 1 after one step, and falls like :math:`\pi / 2\tau`.  Training settles
at that edge as it does at the one without delay, or diverges: a rate that was safe for one worker
is not for many.  ``python -m lossedu.landscape.experiments.stale_gradients`` prints the table.
"""

import math
from dataclasses import dataclass

from lossedu.landscape.experiments.edge_of_stability import Descent, descend, small_digits
from lossedu.landscape.results.result import Result
from lossedu.tables import Cell, Table

LEARNING_RATE = 0.1
DELAYS = (0, 1, 2, 4)


@dataclass(frozen=True)
class StaleGradients(Result):
    """The runs, by growing delay."""

    descents: tuple[Descent, ...]

    def table(self) -> Table:
        """One row for each delay."""
        rows = [[str(d.delay), d.edge, float(d.sharpness[0]), *_end(d)] for d in self.descents]
        headings = ["delay", "edge", "at the start", "settled", "of the edge", "loss"]
        return Table(headings, rows, "Sharpness under gradients that come late")


def _end(descent: Descent) -> list[Cell]:
    if not math.isfinite(descent.loss):
        return ["diverged", "", ""]
    return [descent.settled, descent.settled / descent.edge, descent.loss]


def run(seed: int = 0) -> StaleGradients:
    """Train one network with gradients of older and older weights, on 200 digits.

    Args:
        seed: Of the initial weights, the same for all.
    """
    objective = small_digits(seed)
    return StaleGradients(tuple(descend(objective, LEARNING_RATE, delay=delay) for delay in DELAYS))


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
