"""All indicators, by name."""

from collections.abc import Mapping

from lossedu.monitoring.slis import predictions, training
from lossedu.monitoring.slis.indicator import Indicator
from lossedu.tables import Cell, Table


def indicators() -> Mapping[str, Indicator]:
    """Those of predictions, then those of training, landscape and retraining."""
    return {**predictions.INDICATORS, **training.INDICATORS}


def table() -> Table:
    """What each indicator says, and what it cannot see."""
    rows: list[list[Cell]] = [
        [one.title, one.definition, one.unit, one.least, one.blind_to]
        for one in indicators().values()
    ]
    headings = ["indicator", "definition", "unit", "least", "cannot see"]
    return Table(headings, rows, label="service level indicators of losses")
