"""Several checkpoints as one predictor: the average of their probabilities, and what it gains."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.objective.predictions import Predictions, predictions
from lossedu.landscape.results.result import Result
from lossedu.losses import cross_entropy
from lossedu.tables import Table
from lossedu.training.batches import Data
from lossedu.training.forward import Forward


@dataclass(frozen=True, eq=False)
class Ensemble(Result):
    """Members and their average.

    Attributes:
        members: The figures of each: cross_entropy, accuracy, calibration_error, brier_score.
        together: The same of the average of probabilities.
        gain: The members' mean cross-entropy less that of the average, at least 0, in nats.
        standard_error: Of the gain, over examples.
        disagreement: The share of examples on which two members decide differently, shape
            ``(members, members)``.
        probabilities: The averages, shape ``(n, C)``, float64.
    """

    members: list[dict[str, float]]
    together: dict[str, float]
    gain: float
    standard_error: float
    disagreement: NDArray[np.float64]
    probabilities: Tensor

    def table(self) -> Table:
        """Each member, then all together."""
        figures = [*self.members, self.together]
        names = [*(f"member {k}" for k in range(1, len(figures))), "ensemble"]
        rows: list[tuple[str | float, ...]]
        rows = [(name, *kinds.values()) for name, kinds in zip(names, figures, strict=True)]
        headings = ["", *(name.replace("_", " ") for name in self.together)]
        return Table(headings, rows, label="members and ensemble")


def checkpoint_ensemble(
    models: Sequence[nn.Module],
    data: Data,
    *,
    forward: Forward | None = None,
    batch_size: int | None = None,
) -> Ensemble:
    r"""Average the probabilities of several models.

    .. math:: \bar p(y|x) = \frac1M \sum_m p_m(y|x)

    The logarithm is concave: the average's cross-entropy never exceeds the members' mean.

    Args:
        models: Classifiers of one kind, each with its own batch norm statistics; at least 1.
        data: Inputs and class numbers.
        forward: As for `Objective`; its outputs are logits.
        batch_size: As for `Objective`.

    Raises:
        ValueError: If there are no models, they are no classifiers of the same classes, or data
            come in another order for each.

    References:
        G. Huang et al., Snapshot ensembles, ICLR 2017, arXiv 1704.00109.
    """
    if not models:
        raise ValueError("models must hold at least one model, but are empty.")
    said = [_predicted(model, data, forward, batch_size) for model in models]
    _check_same(said)
    mixed = torch.logsumexp(torch.stack([p.log_probabilities for p in said]), 0)
    together = Predictions(mixed - math.log(len(said)), said[0].targets)
    gains = torch.stack([p.losses for p in said]).mean(0) - together.losses
    gains = gains.clamp(min=0)  # less is rounding, by Jensen's inequality
    return Ensemble(
        [p.figures() for p in said],
        together.figures(),
        float(gains.mean()),
        float(gains.std() / math.sqrt(len(gains))) if len(gains) > 1 else math.nan,
        disagreement([p.classes for p in said]),
        together.probabilities,
    )


def disagreement(decisions: Sequence[Tensor]) -> NDArray[np.float64]:
    """The share of examples on which two models decide differently, for each pair.

    Args:
        decisions: For each model one entry an example, all of the same shape.
    """
    rows = torch.stack(list(decisions))
    return np.array([[float((a != b).double().mean()) for b in rows] for a in rows])


def _check_same(said: Sequence[Predictions]) -> None:
    counts = [p.log_probabilities.shape[1] for p in said]
    if len(set(counts)) > 1:
        raise ValueError(f"models must know the same classes, but have {counts} of them.")
    if not all(torch.equal(p.targets, said[0].targets) for p in said):
        raise ValueError(
            "data must give the same examples in the same order to each model, but do not. Hint: a "
            "loader that shuffles by itself needs a generator, or none of it."
        )


def _predicted(
    model: nn.Module, data: Data, forward: Forward | None, batch_size: int | None
) -> Predictions:
    settings: dict[str, Any] = {"parameters": lambda _: True, "batch_size": batch_size}
    loss = cross_entropy if forward is None else None
    objective = Objective(model, loss, data, forward=forward, **settings)
    found = predictions(objective)
    if found is None:
        raise ValueError(
            "models must be classifiers with logits (n, C) beside class numbers (n,), but one is "
            "not."
        )
    return found
