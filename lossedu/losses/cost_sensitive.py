"""Expected cost: what a decision drawn from the prediction would cost on average.

Chapter: ``classification/imbalance``.  The trap: rows are true classes, columns are decisions.  A
transposed cost matrix trains without complaint.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_not_negative, check_shape
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._classes import checked_class_numbers, classes_last, gaps_and_rest
from lossedu.losses._spec import LossSpec


def cost_sensitive_loss(
    logits: Tensor,
    targets: Tensor,
    costs: Tensor,
    *,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the cost that a decision drawn from the prediction would have on average.

    .. math:: \ell(z, t) = \sum_{i=1}^{C} c_{t i} \, p_i, \qquad p = \mathrm{softmax}(z)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers t, integers of shape ``(...)``.
        costs: What it costs to decide for class i when t is true, at least 0, shape ``(C, C)``:
            rows are true classes, columns decisions.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of cost, between the smallest and the largest cost of the row: a scalar, or one value
        an example, shape ``(...)``.  Half precision comes back as float32; every other dtype is
        kept.

    Gradient:
        :math:`p_k (c_{t k} - \ell)`: it vanishes for confident predictions, right or wrong.

    Numerics:
        A sum of terms at least 0, relatively exact.  Where the prediction is certain and wrong the
        gradient is 0: start from cross-entropy, or add it.

    Special cases:
        Costs of 0 on the diagonal and 1 elsewhere: 1 - p of the true class, the expected number of
        mistakes.

    Raises:
        TypeError: If logits are not floating point, or targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) or a cost is negative (both
            checked eagerly on the CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> costs = torch.tensor([[0.0, 1.0], [10.0, 0.0]])
        >>> cost_sensitive_loss(torch.zeros(2, 2), torch.tensor([0, 1]), costs).item()
        2.75

    References:
        C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.
    """
    logits = classes_last(logits, axis)
    check_mask(mask, logits.shape[:-1])
    classes = logits.shape[-1]
    check_shape("costs", costs, (classes, classes), "a cost for each truth and decision")
    check_not_negative("costs", costs)
    targets = checked_class_numbers(targets, logits, mask)
    logits = hide_masked(logits, mask).to(accumulation_dtype(logits))
    gaps, rest = gaps_and_rest(logits)
    shares = torch.exp(-(gaps + rest.unsqueeze(-1)))
    values = (costs.to(logits.dtype)[targets] * shares).sum(-1)
    return reduced(values, weight, mask, reduction)


SPEC = LossSpec(
    function=cost_sensitive_loss,
    title="Expected cost",
    family="classification",
    chapter="classification/imbalance",
    inputs="logit",
    unit="row",
    targets="class",
    target="c",
    formula="Sum(c[i]*p[i], (i, 1, C))",
    link={"p[i]": "exp(z[i])/Sum(exp(z[j]), (j, 1, C))"},
    domain="class numbers; c is the row of costs of the true class",
    noise_model="none",
    estimand="the decision of least expected cost, with certainty",
    references=("elkan2001",),
)
