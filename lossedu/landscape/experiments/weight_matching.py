"""Two seeds end in one valley but for the order of their units: the barrier before and after.

Ainsworth et al. 2023 (arXiv 2209.04836) in small: networks trained on all examples at once from
two seeds have a barrier between them, and weight matching takes most of it away.
"""

import math
from dataclasses import dataclass

from torch.nn.functional import cross_entropy

from lossedu.landscape.connectivity.alignment import AlignedBarrier, aligned_barrier
from lossedu.landscape.experiments.digits_networks import digits, full_batch, network
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.reports.run_variance import Spread, spread
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.random_states import stream_seed

_WIDTHS = (64, 64, 64, 10)


@dataclass(frozen=True)
class WeightMatching(Result):
    """Barriers of several pairs of networks.

    Attributes:
        pairs: Before and after, for each pair.
    """

    pairs: tuple[AlignedBarrier, ...]

    @property
    def shrinks(self) -> Spread:
        """The logarithm of how many times smaller the barrier becomes, over pairs."""
        # What a barrier may hide counts against the claim.
        return spread([math.log(p.before.height / _most(p)) for p in self.pairs])

    def table(self) -> Table:
        """One row for each pair, then the geometric mean with its 95 % interval."""
        headings = ["pair", "barrier", "after matching", "times smaller"]
        rows: list[tuple[str | float, ...]] = [
            (str(k), p.before.height, p.after.height, p.before.height / _most(p))
            for k, p in enumerate(self.pairs, 1)
        ]
        low, high = self.shrinks.interval
        said = f"{math.exp(self.shrinks.mean):.3g} ({math.exp(low):.3g} to {math.exp(high):.3g})"
        rows.append(("geometric mean (95 % interval)", "", "", said))
        return Table(headings, rows, label="barriers before and after weight matching")


def run(seed: int = 0, *, pairs: int = 4, steps: int = 300) -> WeightMatching:
    """Train pairs of networks and align them.

    Args:
        seed: Of all first weights.
        pairs: How many independent pairs; at least 2 for an interval.
        steps: Of full-batch Adam for each network.
    """
    data = digits()
    results = []
    for pair in range(pairs):
        one, other = (
            full_batch(network(stream_seed(seed, pair, k), *_WIDTHS), data, steps, 0.01)
            for k in (0, 1)
        )
        objective = Objective(one, cross_entropy, data)
        results.append(aligned_barrier(objective, one, other))
    return WeightMatching(tuple(results))


def _most(pair: AlignedBarrier) -> float:
    """How high the barrier after matching may be."""
    return max(pair.after.height + pair.after.error, 1e-12)


if __name__ == "__main__":
    from lossedu.tables import print_table

    print_table(run().table())
