"""How far a prediction is from a distribution (KL), and how unsure it is of itself (entropy).

Chapter: ``classification/cross-entropy``.  The trap: KL divergence is not symmetric, and torch's
``kl_div`` wants logarithms first and averages over classes by default.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_same_shape, check_values
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._classes import check_sums, classes_last, gaps_and_rest
from lossedu.losses._row_surprise import surprise_of_shares
from lossedu.losses._spec import LossSpec


def kl_divergence(
    logits: Tensor,
    target_probabilities: Tensor,
    *,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the extra nats that a prediction costs where q is true.

    .. math:: \mathrm{KL}(q \,\|\, p) = \sum_{i=1}^{C} q_i (\log q_i - \log p_i), \qquad p =
        \mathrm{softmax}(z)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        target_probabilities: q, each row summing to 1, floating point, the same shape.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf), 0 only for p = q: a scalar, or one value an example, shape ``(...)``.
        Half precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`p_k - q_k`, that of cross-entropy.

    Numerics:
        Finite for all finite logits; classes with q = 0 contribute 0, also where the logit is -inf.
        Near p = q the terms cancel: there the absolute error is about 1e-16 (1e-7 in float32).

    Special cases:
        Cross-entropy less the entropy of q, which does not depend on the logits.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, target probabilities leave [0, 1] (checked eagerly on the
            CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> q = torch.tensor([[0.5, 0.5]])
        >>> round(kl_divergence(torch.tensor([[0.0, 1.0]]), q).item(), 6)
        0.120115

    References:
        S. Kullback, R. A. Leibler, On information and sufficiency, Ann. Math. Statist. 22, 1951.
    """
    rows = classes_last(logits, axis)
    check_same_shape("target_probabilities", target_probabilities, "logits", logits)
    check_mask(mask, rows.shape[:-1])
    logits = hide_masked(rows, mask).to(accumulation_dtype(rows))
    shares = hide_masked(target_probabilities.movedim(axis, -1), mask).to(logits.dtype)
    check_values("target_probabilities", shares, low=0.0, high=1.0, rule="lie in [0, 1]")
    check_sums("target_probabilities", shares, mask)
    if not shares.requires_grad:
        values = surprise_of_shares(logits, shares, None, 0.0) + torch.xlogy(shares, shares).sum(-1)
        return reduced(values, weight, mask, reduction)
    gaps, rest = gaps_and_rest(logits)
    # log q of 0 is never formed: its gradient would be infinite, and 0 times that is NaN.
    counts = shares > 0
    one = torch.ones_like(shares)
    ratio = torch.where(counts, shares, one).log() + torch.where(counts, gaps, 0 * one)
    values = (shares * (ratio + rest.unsqueeze(-1))).sum(-1)
    return reduced(values, weight, mask, reduction)


def prediction_entropy(
    logits: Tensor,
    *,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Measure how undecided a prediction is.

    .. math:: H(p) = -\sum_{i=1}^{C} p_i \log p_i, \qquad p = \mathrm{softmax}(z)

    Subtract a multiple of its mean from a loss to reward doubt, add it to reward confidence.

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, log C]: a scalar, or one value an example, shape ``(...)``.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`-p_k (\log p_k + H)`.

    Numerics:
        Finite for all finite logits, relatively exact: every term is at least 0.  A class with
        logit -inf contributes 0.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(prediction_entropy(torch.zeros(1, 4)).item(), 6)
        1.386294

    References:
        C. E. Shannon, A mathematical theory of communication, 1948; as a penalty: G. Pereyra et
        al., Regularizing neural networks by penalizing confident output distributions, 2017, arXiv
        1701.06548.
    """
    logits = classes_last(logits, axis)
    check_mask(mask, logits.shape[:-1])
    logits = hide_masked(logits, mask).to(accumulation_dtype(logits))
    gaps, rest = gaps_and_rest(logits)
    surprise = gaps + rest.unsqueeze(-1)
    possible = surprise != torch.inf
    surprise = torch.where(possible, surprise, torch.zeros_like(surprise))
    shares = torch.exp(-surprise) * possible
    return reduced((shares * surprise).sum(-1), weight, mask, reduction)


SPEC = LossSpec(
    function=kl_divergence,
    title="KL divergence",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    unit="row",
    targets="shares",
    formula="Sum(y[i]*(log(y[i]) - log(p[i])), (i, 1, C))",
    link={"p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))"},
    domain="a probability for each class",
    noise_model="categorical, up to a constant",
    estimand="the target probabilities",
    references=("kullback1951",),
)

ENTROPY_SPEC = LossSpec(
    function=prediction_entropy,
    title="Entropy of the prediction",
    family="classification",
    chapter="classification/cross-entropy",
    inputs="logit",
    unit="row",
    targets="none",
    formula="-Sum(p[i]*log(p[i]), (i, 1, C))",
    link={"p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))"},
    domain="none",
    noise_model="none: it is a regulariser",
    estimand="nothing: it is least for any certain prediction",
    references=("shannon1948", "pereyra2017"),
)
