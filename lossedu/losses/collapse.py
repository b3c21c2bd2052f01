"""Collapse: an embedding that uses fewer directions than it has.

Chapter: ``similarity/pairs-and-triplets``.  The trap: the loss does not show it.  A batch whose
rows all lie in one point costs a triplet loss no more than its margin.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_floating, check_no_nan
from lossedu.arguments.reduction import accumulation_dtype


def collapse_score(embeddings: Tensor) -> Tensor:
    r"""Measure how many of its dimensions an embedding leaves unused.

    .. math:: 1 - \frac{e^{H} - 1}{r - 1}, \qquad H = -\sum_k p_k \log p_k, \quad
        p_k = \frac{s_k}{\sum_l s_l}, \quad r = \min(n - 1, d)

    with s the singular values of the centred embeddings: one minus their effective rank, scaled.

    Args:
        embeddings: Shape ``(n, d)``, floating point, n at least 2.

    Returns:
        A scalar in [0, 1]: 0 if all directions are used alike, 1 if all rows lie on a line or in a
        point.  It has a gradient where no singular value is 0.

    Raises:
        TypeError: If embeddings are not floating point.
        ValueError: If they are not a matrix of at least two rows.

    Example:
        >>> round(collapse_score(torch.tensor([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])).item(), 3)
        1.0

    References:
        O. Roy, M. Vetterli, The effective rank, EUSIPCO 2007; L. Jing, P. Vincent, Y. LeCun, Y.
        Tian, Understanding dimensional collapse in contrastive self-supervised learning, ICLR 2022.
    """
    check_floating("embeddings", embeddings)
    if embeddings.ndim != 2 or len(embeddings) < 2:
        shape = tuple(embeddings.shape)
        raise ValueError(f"embeddings must be two rows or more, but has shape {shape}.")
    check_no_nan("embeddings", embeddings)
    rows = embeddings.to(accumulation_dtype(embeddings))
    values = torch.linalg.svdvals(rows - rows.mean(0))
    usable = min(len(rows) - 1, rows.shape[1])
    total = values.sum()
    shares = values / torch.where(total > 0, total, torch.ones_like(total))
    used = torch.exp(torch.special.entr(shares).sum())
    return (1 - (used - 1) / max(usable - 1, 1)).clamp(0, 1)
