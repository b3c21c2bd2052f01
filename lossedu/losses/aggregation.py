"""One mean out of many: losses of workers or clients that saw different numbers of examples.

Chapter: ``beyond/many-machines``.  The trap: the mean of means.  It weighs an example more the
fewer of them its worker had.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    check_floating,
    check_not_negative,
    check_same_shape,
)


def aggregate_losses(local_means: Tensor, counts: Tensor) -> Tensor:
    r"""Combine local means into the mean over all examples.

    .. math:: \ell = \frac{\sum_k n_k \ell_k}{\sum_k n_k}

    Args:
        local_means: The mean loss of each worker, shape ``(workers, ...)``, floating point.
        counts: How many examples (or how much weight) each mean is over, at least 0, the same
            shape.  Means over nothing may be NaN.

    Returns:
        Shape ``(...)``, the dtype of the means; 0 if nobody had an example.

    Gradient:
        :math:`n_k / \sum n` for each mean: what federated averaging gives the model of client k.

    Raises:
        TypeError: If the means are not floating point.
        ValueError: If shapes differ, or a count is negative (checked eagerly on the CPU).

    Example:
        >>> aggregate_losses(torch.tensor([1.0, 3.0]), torch.tensor([90, 10])).item()
        1.2000000476837158

    References:
        B. McMahan et al., Communication-efficient learning of deep networks from decentralized
        data, AISTATS 2017, arXiv 1602.05629.
    """
    check_floating("local_means", local_means)
    check_same_shape("counts", counts, "local_means", local_means)
    check_not_negative("counts", counts)
    shares = counts.to(torch.promote_types(local_means.dtype, torch.float32))
    known = torch.where(counts > 0, local_means, torch.zeros_like(local_means)).to(shares.dtype)
    total = shares.sum(0)
    mean = (known * (shares / torch.where(total > 0, total, torch.ones_like(total)))).sum(0)
    return mean.to(local_means.dtype)
