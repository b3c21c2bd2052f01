"""Two seeds, a barrier on the straight line, and a bent way round it.

Garipov et al. 2018 (arXiv 1802.10026) in small: between networks of two seeds there is a Bezier
curve of one bend along which the loss hardly rises.
"""

import math
from dataclasses import dataclass

from torch.nn.functional import cross_entropy

from lossedu.landscape.connectivity.paths import LowLossPath, low_loss_path
from lossedu.landscape.experiments.digits_networks import digits, full_batch, network
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.reports.run_variance import Spread, spread
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.random_states import stream_seed

_WIDTHS = (64, 32, 32, 10)


@dataclass(frozen=True)
class ConnectedMinima(Result):
    """Paths between pairs of networks.

    Attributes:
        paths: One for each pair.
    """

    paths: tuple[LowLossPath, ...]

    @property
    def lower(self) -> Spread:
        """The logarithm of how many times lower the highest loss on the curve is, over pairs."""
        return spread([math.log(float(p.straight.max()) / p.highest) for p in self.paths])

    def table(self) -> Table:
        """One row for each pair, then the geometric mean with its 95 % interval."""
        headings = ["pair", "at the ends", "most on the line", "most on the curve", "times lower"]
        rows: list[tuple[str | float, ...]] = []
        for k, path in enumerate(self.paths, 1):
            ends = max(float(path.losses[0]), float(path.losses[-1]))
            straight = float(path.straight.max())
            rows.append((str(k), ends, straight, path.highest, straight / path.highest))
        low, high = self.lower.interval
        said = f"{math.exp(self.lower.mean):.3g} ({math.exp(low):.3g} to {math.exp(high):.3g})"
        rows.append(("geometric mean (95 % interval)", "", "", "", said))
        return Table(headings, rows, label="loss on the straight line and on a trained curve")


def run(seed: int = 0, *, pairs: int = 4, steps: int = 1000) -> ConnectedMinima:
    """Train pairs of networks and a curve between each two.

    Args:
        seed: Of all first weights and of the curves.
        pairs: How many independent pairs; at least 2 for an interval.
        steps: Of training for each curve.
    """
    data = digits()
    paths = []
    for pair in range(pairs):
        one, other = (
            full_batch(network(stream_seed(seed, pair, k), *_WIDTHS), data, 300, 0.01)
            for k in (0, 1)
        )
        objective = Objective(one, cross_entropy, data)
        end = objective.flatten(other.state_dict())
        paths.append(
            low_loss_path(objective, objective.point, end, steps=steps, resolution=61, seed=seed)
        )
    return ConnectedMinima(tuple(paths))


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
