r"""Margin, loss and probability of the true class, of many predictions at once.

Binary scores $s$ with labels 0 and 1 have the margin $m = (2y - 1)\,s$, and every loss here is a
function of it.  For scores of several classes the margin is that of the true class over the best of
the others, and the loss is cross-entropy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossedu.monitoring.timeline import Values

MarginLoss = Callable[[Values], Values]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Predictions whose labels are known; arrays of shape ``(n,)``.

    Attributes:
        label: The classes, as whole numbers.
        predicted: The class with the largest score; of binary scores, 1 above 0.
        margin: Above 0 where the prediction is right.
        loss: In the loss's own unit; nats for cross-entropy and logistic loss.
        p_true: The probability that the scores give to the true class.
    """

    label: NDArray[np.int64]
    predicted: NDArray[np.int64]
    margin: Values
    loss: Values
    p_true: Values


def hinge(margin: Values) -> Values:
    r"""The hinge loss :math:`\max(0, 1 - m)` of margins."""
    return np.maximum(0.0, 1.0 - margin)


def logistic(margin: Values) -> Values:
    r"""The logistic loss :math:`\log(1 + e^{-m})` of margins."""
    return np.logaddexp(0.0, -margin)


def focal(gamma: float = 2.0) -> MarginLoss:
    r"""The focal loss :math:`(1 - p)^\gamma (-\log p)`, :math:`p = \sigma(m)`, of margins."""

    def loss(margin: Values) -> Values:
        return np.exp(-gamma * np.logaddexp(0.0, margin)) * np.logaddexp(0.0, -margin)

    return loss


def outcomes(scores: ArrayLike, labels: ArrayLike, loss: MarginLoss = logistic) -> Outcomes:
    """What predictions came to, now that labels are known.

    Args:
        scores: Logits or margin scores: ``(n,)`` for two classes, ``(n, classes)`` for more.
        labels: Classes from 0, of shape ``(n,)``.
        loss: A function of the margin; scores of several classes have cross-entropy.

    Raises:
        ValueError: If shapes do not fit, or a label is no class.
    """
    values, classes = np.asarray(scores, float), np.asarray(labels)
    count = 2 if values.ndim == 1 else values.shape[-1]
    if values.ndim not in (1, 2) or classes.shape != values.shape[:1]:
        raise ValueError(
            "scores and labels must have shapes (n,) or (n, classes) and (n,), "
            f"but have {values.shape} and {classes.shape}."
        )
    whole = classes.astype(np.int64)
    if len(whole) and (np.any(whole != classes) or whole.min() < 0 or whole.max() >= count):
        bad = classes[(whole != classes) | (whole < 0) | (whole >= count)][0]
        hint = " Hint: map -1 and 1 to 0 and 1." if count == 2 else ""
        raise ValueError(f"labels must be classes from 0 to {count - 1}, but hold {bad}.{hint}")
    return _binary(values, whole, loss) if values.ndim == 1 else _several(values, whole)


def _binary(scores: Values, labels: NDArray[np.int64], loss: MarginLoss) -> Outcomes:
    margin = np.where(labels == 1, scores, -scores)
    return Outcomes(
        label=labels,
        predicted=(scores > 0).astype(np.int64),
        margin=margin,
        loss=loss(margin),
        p_true=np.exp(-np.logaddexp(0.0, -margin)),
    )


def _several(scores: Values, labels: NDArray[np.int64]) -> Outcomes:
    rows = np.arange(len(labels))
    true = scores[rows, labels]
    others = scores.copy()
    others[rows, labels] = -np.inf
    largest = scores.max(axis=1)
    log_p: Any = true - largest - np.log(np.exp(scores - largest[:, None]).sum(axis=1))
    return Outcomes(
        label=labels,
        predicted=scores.argmax(axis=1),
        margin=true - others.max(axis=1),
        loss=-log_p,
        p_true=np.exp(log_p),
    )
