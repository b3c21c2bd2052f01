"""Perplexity: the exponential of the mean surprise, as a number of equally likely tokens.

Chapter: ``beyond/sequences``.  The trap: the exponential of a mean is not the mean of exponentials.
Average the nats of all batches first, by tokens, and exponentiate once.
"""

import torch
from torch import Tensor

from lossedu.arguments.reduction import accumulation_dtype, check_mask, hide_masked, reduced
from lossedu.losses._classes import (
    checked_class_numbers,
    classes_last,
    gaps_and_rest,
    without_ignored,
)


def perplexity(
    logits: Tensor,
    targets: Tensor,
    *,
    ignore_index: int = -100,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    r"""Say among how many equally likely tokens a model hesitates on average.

    .. math:: \mathrm{PPL} = \exp\left(-\frac{1}{N} \sum_i \log p_{i, t_i}\right)

    Args:
        logits: Unbounded scores, shape ``(..., V)``, or with the vocabulary where ``axis`` says.
        targets: Token numbers t, integers of shape ``(...)``.
        ignore_index: Positions with this target do not count (padding).
        axis: Which axis of the logits is the vocabulary; 1 for shape (N, V, T).
        weight: How much each position counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where a position counts, shape ``(...)``.

    Returns:
        A scalar, at least 1; 1 if no position counts; inf where the exponential leaves the dtype.
        Half precision comes back as float32; every other dtype is kept.

    Gradient:
        PPL times that of the mean cross-entropy: train on the mean, report this.

    Raises:
        TypeError: If logits are not floating point, targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, or token numbers leave [0, V) (checked eagerly on the
            CPU).

    Example:
        >>> round(perplexity(torch.zeros(2, 3, 50), torch.zeros(2, 3, dtype=torch.long)).item(), 4)
        50.0

    References:
        F. Jelinek, R. L. Mercer, L. R. Bahl, J. K. Baker, Perplexity: a measure of the difficulty
        of speech recognition tasks, JASA 62, 1977.
    """
    logits = classes_last(logits, axis)
    check_mask(mask, logits.shape[:-1])
    mask = without_ignored(targets, logits, mask, ignore_index)
    targets = checked_class_numbers(targets, logits, mask)
    gaps, rest = gaps_and_rest(hide_masked(logits, mask).to(accumulation_dtype(logits)))
    surprise = gaps.gather(-1, targets.unsqueeze(-1)).squeeze(-1) + rest
    return torch.exp(reduced(surprise, weight, mask, "mean"))
