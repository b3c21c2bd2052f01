"""Five roles, and what interviews for each of them ask about losses."""

from collections.abc import Mapping
from dataclasses import dataclass


class SessionError(ValueError):
    """A session that cannot be put together."""


@dataclass(frozen=True)
class Role:
    """What an interview for a role weighs."""

    title: str
    asks: str
    weights: Mapping[str, int]
    """How often a skill is asked, relative to the others; 0 for one that is not."""


def _weights(**changes: int) -> dict[str, int]:
    """Every skill once, but for what is named."""
    usual = dict.fromkeys(
        (
            "squared-error",
            "robustness",
            "cross-entropy",
            "margins",
            "focal",
            "metric-learning",
            "design",
            "debugging",
        ),
        1,
    )
    return usual | {name.replace("_", "-"): weight for name, weight in changes.items()}


ROLES: Mapping[str, Role] = {
    "ml-engineer": Role(
        "Machine learning engineer",
        "class imbalance, losses that serve the product's metric, training that fails",
        _weights(focal=3, debugging=4, design=3, cross_entropy=2, margins=0),
    ),
    "research-engineer": Role(
        "Research engineer",
        "derivations, margins, contrastive losses, numerical stability",
        _weights(cross_entropy=3, margins=3, metric_learning=3, debugging=2),
    ),
    "data-scientist": Role(
        "Data scientist",
        "noise models, estimands, robust regression, calibration",
        _weights(squared_error=3, robustness=4, cross_entropy=2, metric_learning=0),
    ),
    "ranking-engineer": Role(
        "Search and recommendation engineer",
        "pairwise and listwise losses, embeddings, metrics that a loss does not move",
        _weights(metric_learning=5, design=2, debugging=2),
    ),
    "vision-engineer": Role(
        "Computer vision engineer",
        "dense detection, focal and overlap losses, hard negatives",
        _weights(focal=5, metric_learning=3, design=2, debugging=2),
    ),
}
"""The roles by the name that a command takes."""
