"""What a model says of classified examples, and figures made of it."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lossedu.calibration import brier_score, expected_calibration_error
from lossedu.landscape.objective.objective import Objective
from lossedu.training.forward import targets_of


@dataclass(frozen=True)
class Predictions:
    """Probabilities of classes.

    Attributes:
        log_probabilities: Shape ``(n, C)``, float64, on the CPU.
        targets: Class numbers, shape ``(n,)``.
    """

    log_probabilities: Tensor
    targets: Tensor

    @property
    def probabilities(self) -> Tensor:
        """Shape ``(n, C)``; rows sum to 1."""
        return self.log_probabilities.exp()

    @property
    def classes(self) -> Tensor:
        """The most probable class of each example, shape ``(n,)``."""
        return self.log_probabilities.argmax(-1)

    @property
    def losses(self) -> Tensor:
        """The cross-entropy of each example in nats, shape ``(n,)``."""
        return -self.log_probabilities.gather(-1, self.targets[:, None])[:, 0]

    def loss_by_class(self) -> list[float]:
        """The mean cross-entropy of each class's examples; NaN where there are none."""
        losses, labels = self.losses, range(self.log_probabilities.shape[1])
        return [float(losses[self.targets == label].mean()) for label in labels]

    def figures(self) -> dict[str, float]:
        """Cross-entropy, accuracy and calibration; all NaN where a probability is."""
        if self.log_probabilities.isnan().any():
            names = ("cross_entropy", "accuracy", "calibration_error", "brier_score")
            return dict.fromkeys(names, math.nan)
        known = self.probabilities.clamp(0, 1)
        return {
            "cross_entropy": float(self.losses.mean()),
            "accuracy": float((self.classes == self.targets).double().mean()),
            "calibration_error": float(expected_calibration_error(known, self.targets)),
            "brier_score": float(brier_score(known, self.targets)),
        }


def predictions(objective: Objective, theta: Tensor | None = None) -> Predictions | None:
    """Class probabilities at a point, or None where the task is no classification.

    Logits of shape ``(n, C)``, two classes or more, beside whole targets of shape ``(n,)`` below C
    are classes; logits of shape ``(n,)`` beside targets 0 and 1 are two.  Examples with a negative
    class, by torch's custom one to ignore, are left out.

    Args:
        objective: Batch norm not recomputed.
        theta: Where; by default the model's own point.
    """
    theta = objective.point if theta is None else theta
    outputs, targets = [], []
    with torch.no_grad():
        for batch in objective.batches():
            said: Any = objective.outputs(theta, batch)
            classes = targets_of(batch.values)
            if not _classifies(said, classes):
                return None
            outputs.append(said.double().cpu())
            targets.append(classes.long().cpu())
    logits, labels = torch.cat(outputs), torch.cat(targets)
    counted = labels >= 0
    if not counted.any():
        return None
    if logits.ndim == 1:
        logits = torch.stack([torch.zeros_like(logits), logits], 1)
    return Predictions(logits[counted].log_softmax(-1), labels[counted])


def _classifies(outputs: Any, targets: Any) -> bool:
    if not (isinstance(outputs, Tensor) and isinstance(targets, Tensor)):
        return False
    if outputs.ndim == 2 and not targets.is_floating_point():
        classes = outputs.shape[1] > 1 and targets.shape == outputs.shape[:1]
        return classes and bool((targets < outputs.shape[1]).all())
    two = outputs.ndim == 1 and targets.shape == outputs.shape
    return two and bool(((targets == 0) | (targets == 1)).all())
