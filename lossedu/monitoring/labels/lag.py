r"""How long labels take, learned from those that have come.

Of predictions made $a$ steps ago only labels with a lag of at most $a$ can be seen: lags are
truncated from the right, and a plain histogram of what has come makes them too short.  The
product-limit estimator for truncated data (Woodroofe, 1985; Lynden-Bell, 1971) compares a lag only
with predictions old enough to show it:

$$\hat F(l) = \prod_{j > l} \Big(1 - \frac{d_j}{R_j}\Big), \qquad
d_j = \#\{\text{lag} = j\}, \quad R_j = \#\{\text{lag} \le j \le \text{age}\}.$$

It is exact up to a factor: nothing is known of lags longer than the oldest prediction's age.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossedu.monitoring.labels.cells import Cells
from lossedu.monitoring.timeline import Values


@dataclass(frozen=True, eq=False)
class LagModel:
    """The share of a class's labels that has arrived by an age.

    Attributes:
        arrived: Class -> the share for ages 0, 1, ... in steps, rising to 1.
    """

    arrived: Mapping[Any, Values]

    def share(self, label: np.ndarray[Any, Any], age: np.ndarray[Any, Any]) -> Values:
        """The expected share of labels that has arrived, entry by entry; 0 below age 0.

        Args:
            label: Classes that the model knows.
            age: Steps since the prediction.
        """
        result = np.zeros(len(label))
        for name, shares in self.arrived.items():
            mine = label == name
            ages = np.clip(age[mine], -1, len(shares) - 1).astype(int)
            result[mine] = np.where(ages < 0, 0.0, shares[ages])
        return result

    def median(self, label: Any) -> int:
        """The age in steps by which half of the labels of a class have arrived."""
        return int(np.searchsorted(self.arrived[label], 0.5))


def fit(cells: Cells) -> LagModel:
    """Learn the lags of each class from the labels that have come."""
    return LagModel(
        {name: _of_class(cells, cells.label == name) for name in np.unique(cells.label)}
    )


def _of_class(cells: Cells, mine: np.ndarray[Any, Any]) -> Values:
    lag, age, count = cells.lag[mine], cells.age[mine], cells.count[mine]
    longest = int(cells.as_of)
    late = np.zeros(longest + 1)
    np.add.at(late, np.minimum(lag, longest), count)
    # R_j counts lag <= j <= age: enters at its lag, leaves after its age.
    enters, leaves = np.zeros(longest + 2), np.zeros(longest + 2)
    np.add.at(enters, np.minimum(lag, longest), count)
    np.add.at(leaves, np.minimum(age, longest) + 1, count)
    at_risk = np.cumsum(enters - leaves)[: longest + 1]
    stays = 1 - np.divide(late, at_risk, out=np.zeros_like(late), where=at_risk > 0)
    stays[at_risk <= 0] = 1.0
    shares = np.ones(longest + 1)
    shares[:-1] = np.cumprod(stays[:0:-1])[::-1]
    return shares
