"""Who counts how much: weights for classes and examples, mining, and a focus for each example.

Chapter: ``classification/imbalance``.  The trap: a weight changes what is estimated.  A model
trained with these weights predicts probabilities of a population that does not exist; recalibrate.
"""

import math

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    check_floating,
    check_not_negative,
    check_number,
    check_same_shape,
    check_values,
)
from lossedu.arguments.ordering import falling
from lossedu.arguments.reduction import accumulation_dtype, check_mask


def class_balanced_weights(counts: Tensor, *, beta: float = 0.999) -> Tensor:
    r"""Weigh each class by the inverse of its effective number of examples.

    .. math:: w_c \propto \frac{1 - \beta}{1 - \beta^{n_c}}, \qquad \sum_c w_c = C

    Args:
        counts: Examples n of each class, at least 0, shape ``(C,)``.
        beta: How much a new example still adds, in [0, 1].  At 0 all classes weigh alike, at 1 each
            weighs by the inverse of its count.

    Returns:
        Weights of shape ``(C,)`` that sum to the number of classes present; 0 for classes with no
        examples, which have nothing to weigh.  float32.

    Numerics:
        :math:`1 - \beta^n` is computed as ``-expm1(n * log(beta))``: exact also for beta next to 1.

    Raises:
        ValueError: If counts are not one axis of numbers at least 0, or beta leaves [0, 1].

    Example:
        >>> class_balanced_weights(torch.tensor([900, 100]), beta=1.0)
        tensor([0.2000, 1.8000])

    References:
        Y. Cui, M. Jia, T.-Y. Lin, Y. Song, S. Belongie, Class-balanced loss based on effective
        number of samples, CVPR 2019, arXiv 1901.05555, equation 2.
    """
    check_number("beta", beta, low=0.0, high=1.0)
    if counts.ndim != 1:
        raise ValueError(f"counts must have one axis, but has shape {tuple(counts.shape)}.")
    check_not_negative("counts", counts)
    counts = counts.double()
    if beta == 1:
        effective = counts
    elif beta == 0:
        effective = (counts > 0).double()
    else:
        effective = -torch.expm1(counts * math.log(beta))
    present = counts > 0
    weights = torch.where(present, 1 / torch.where(present, effective, 1.0), 0.0)
    weights = weights * present.sum() / torch.where(present.any(), weights.sum(), 1.0)
    return weights.to(torch.float32)


def severity_weights(
    targets: Tensor, severity: Tensor, *, strength: float = 1.0, pos_weight: float = 1.0
) -> Tensor:
    r"""Weigh positives by how bad it would be to miss them.

    .. math:: w = \begin{cases} w_+ (1 + \lambda s) & y = 1 \\ 1 & y = 0 \end{cases}

    Args:
        targets: 0 or 1, any shape.
        severity: s in [0, 1], the same shape; not looked at where the target is 0.
        strength: lambda, at least 0.  At 0 all positives weigh alike.
        pos_weight: w+, the weight of a positive of severity 0, at least 0.

    Returns:
        A weight for each example, for the ``weight`` of a loss; the dtype of ``severity``.

    Raises:
        TypeError: If severity is not floating point.
        ValueError: If shapes differ, or a value is out of range.

    Example:
        >>> severity = torch.tensor([0.9, 0.1, 1.0])
        >>> severity_weights(torch.tensor([0, 1, 1]), severity, pos_weight=20.0)
        tensor([ 1., 22., 40.])

    References:
        C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001: costs that depend on the
        example.
    """
    check_floating("severity", severity)
    check_same_shape("targets", targets, "severity", severity)
    check_number("strength", strength, low=0.0)
    check_number("pos_weight", pos_weight, low=0.0)
    positive = targets == 1
    counted = torch.where(positive, severity, torch.zeros_like(severity))
    check_values("severity", counted, low=0.0, high=1.0, rule="lie in [0, 1]")
    return torch.where(positive, pos_weight * (1 + strength * counted), torch.ones_like(counted))


def hard_example_mask(losses: Tensor, *, keep: float, mask: Tensor | None = None) -> Tensor:
    r"""Mark the examples of largest loss: online hard example mining.

    .. math:: m_i = [\operatorname{rank}(\ell_i) \le \lceil \text{keep} \cdot n \rceil]

    Args:
        losses: One loss an example, any shape (``reduction="none"``); NaN counts as largest.
        keep: The share to keep, in (0, 1].  At 1 all are kept; towards 0 one is.
        mask: True where an example counts, the same shape; only those are ranked.

    Returns:
        A boolean mask of the same shape for the ``mask`` of a loss, without gradient: exactly
        ceil(keep * n) are True.  Of equal losses the earlier are kept.

    Raises:
        TypeError: If losses are not floating point, or mask is not boolean.
        ValueError: If keep leaves (0, 1].

    Example:
        >>> hard_example_mask(torch.tensor([0.1, 2.0, 0.3, 1.0]), keep=0.5)
        tensor([False,  True, False,  True])

    References:
        A. Shrivastava, A. Gupta, R. Girshick, Training region-based object detectors with online
        hard example mining, CVPR 2016, arXiv 1604.03540.
    """
    check_floating("losses", losses)
    check_mask(mask, losses.shape)
    if not 0 < keep <= 1:
        raise ValueError(f"keep must lie in (0, 1], but is {keep}.")
    flat = losses.detach().flatten()
    counts = torch.ones_like(flat, dtype=torch.bool) if mask is None else mask.flatten()
    order = falling(flat, counts)
    rank = torch.empty_like(order).scatter(0, order, torch.arange(len(order), device=order.device))
    # 0.07 * 100 is a little above 7 in floating point; nobody means 8.
    kept = torch.ceil(keep * (1 - 1e-12) * counts.sum().double())
    return ((rank < kept) & counts).reshape(losses.shape)


def adaptive_gamma(
    logits: Tensor, targets: Tensor, *, hard: float = 5.0, easy: float = 3.0, below: float = 0.2
) -> Tensor:
    r"""Choose a focusing strength for each example by how probable its truth is now.

    .. math:: \gamma = \begin{cases} \gamma_\text{hard} & p_t < \text{below} \\
        \gamma_\text{easy} & \text{otherwise} \end{cases}

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0 or 1, the same shape.
        hard: The focus where the truth has little probability, at least 0.
        easy: The focus elsewhere, at least 0.
        below: Where little ends, in [0, 1].

    Returns:
        A gamma for each entry, for the ``gamma`` of `sigmoid_focal_loss`, without gradient.

    Raises:
        TypeError: If logits are not floating point.
        ValueError: If shapes differ, or an option is out of range.

    Example:
        >>> adaptive_gamma(torch.tensor([-3.0, 0.0]), torch.tensor([1.0, 1.0]))
        tensor([5., 3.])

    References:
        J. Mukhoti, V. Kulharia, A. Sanyal, S. Golodetz, P. H. S. Torr, P. K. Dokania, Calibrating
        deep neural networks using focal loss, NeurIPS 2020, arXiv 2002.09437, section 4 (FLSD-53).
    """
    check_floating("logits", logits)
    check_same_shape("targets", targets, "logits", logits)
    check_number("below", below, low=0.0, high=1.0)
    for name, value in (("hard", hard), ("easy", easy)):
        check_number(name, value, low=0.0)
    logits = logits.detach().to(accumulation_dtype(logits))
    p_true = torch.sigmoid(torch.where(targets > 0.5, logits, -logits))
    return torch.full_like(logits, float(easy)).masked_fill(p_true < below, float(hard))
