"""Cumulative link (proportional odds): ordered levels as slices of one score.

Chapter: ``regression/ordinal``.  The trap: the difference of two sigmoids cancels to 0 far out, and
its logarithm is -inf.  Here it is a product, and nothing cancels.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import can_look, check_floating, check_shape, check_values
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._binary import surprise_of_one
from lossedu.losses._spec import LossSpec


def cumulative_link_loss(
    scores: Tensor,
    targets: Tensor,
    thresholds: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge the negative log-probability of an ordered level.

    .. math:: \ell(s, y) = -\log\left(\sigma(\theta_{y} - s) - \sigma(\theta_{y - 1} - s)\right),
        \qquad P(Y \le k) = \sigma(\theta_k - s)

    Args:
        scores: Unbounded scores s, any shape, floating point: larger means a higher level.
        targets: Levels y from 0 to K - 1, integers of the same shape.
        thresholds: Where one level gives way to the next, increasing, shape ``(K - 1,)``; they may
            require a gradient.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Nats, in [0, inf): a scalar, or one value an entry.  Half precision comes back as float32;
        every other dtype is kept.

    Gradient:
        :math:`1 - \sigma(\theta_y - s) - \sigma(\theta_{y - 1} - s)` in s; bounded by 1.

    Numerics:
        With upper and lower threshold u, l: :math:`\mathrm{softplus}(s - u) + \mathrm{softplus}(l -
        s) - \log(1 - e^{l - u})`, the first two of which are at least 0; finite for every finite
        score.

    Special cases:
        One threshold at 0: binary cross-entropy of the score.

    Raises:
        TypeError: If scores are not floating point, or targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, levels leave [0, K) or thresholds do not increase (both
            checked eagerly on the CPU), or reduction is unknown.

    Example:
        >>> import torch
        >>> thresholds = torch.tensor([-1.0, 1.0])
        >>> loss = cumulative_link_loss(torch.zeros(1), torch.tensor([1]), thresholds)
        >>> round(loss.item(), 6)
        0.771937

    References:
        P. McCullagh, Regression models for ordinal data, JRSS B 42, 1980.
    """
    check_floating("scores", scores)
    check_floating("thresholds", thresholds)
    check_shape("thresholds", thresholds, (thresholds.numel(),), "one threshold less than levels")
    check_mask(mask, scores.shape)
    levels = _checked_levels(targets, scores, thresholds, mask)
    dtype = accumulation_dtype(scores)
    scores, ends = hide_masked(scores, mask).to(dtype), thresholds.to(dtype)
    _check_increasing(ends)
    steps = ends.diff()
    endless = ends.new_full((1,), torch.inf)
    below_upper = torch.cat([ends, endless])[levels] - scores
    above_lower = torch.cat([-endless, ends])[levels] - scores
    width = torch.cat([endless, steps, endless])[levels] if len(ends) else endless[levels]
    not_above, not_below = surprise_of_one(below_upper), surprise_of_one(-above_lower)
    values = not_above + not_below - _log_share(width)
    return reduced(values, weight, mask, reduction)


def _log_share(width: Tensor) -> Tensor:
    r"""Return :math:`\log(1 - e^{-w})`, exact for narrow levels and for wide ones."""
    # Each branch is shown only what it can digest, for a NaN in the other would reach the gradient.
    narrow = torch.log(-torch.expm1(-width.clamp(max=1)))
    return torch.where(width < 1, narrow, torch.log1p(-torch.exp(-width.clamp(min=1))))


def _check_increasing(thresholds: Tensor) -> None:
    steps = thresholds.detach().diff()
    if can_look(steps) and not (steps > 0).all():
        at = int((~(steps > 0)).nonzero()[0])
        low, high = thresholds[at : at + 2].tolist()
        raise ValueError(
            f"thresholds must increase, but contains {high:g} after {low:g} at index {at + 1}."
        )


def _checked_levels(
    targets: Tensor, scores: Tensor, thresholds: Tensor, mask: Tensor | None
) -> Tensor:
    check_shape("targets", targets, scores.shape, "one level a score")
    if targets.is_floating_point() or targets.dtype == torch.bool:
        raise TypeError(f"targets must be integer levels, but has dtype {targets.dtype}.")
    levels = hide_masked(targets, mask).long()
    highest = len(thresholds)
    check_values("targets", levels, low=0, high=highest, rule=f"be levels 0 to {highest}")
    return levels


SPEC = LossSpec(
    function=cumulative_link_loss,
    title="Cumulative link loss",
    family="regression",
    chapter="regression/ordinal",
    inputs="score",
    unit="tuple",
    targets="level",
    argument="s",
    formula="-log(sigmoid(u - s) - sigmoid(v - s))",
    axis="score, for a level between thresholds at -1 and 1",
    given={"u": 1.0, "v": -1.0},
    domain="levels 0 to K - 1; u and v are the thresholds above and below the level",
    noise_model="logistic noise around the score, cut at the thresholds",
    estimand="the cumulative log-odds, if they are parallel",
    references=("mccullagh1980",),
)
