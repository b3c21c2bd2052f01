"""What losses of one logit share: the two surprises, exact at both ends."""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import softplus

from lossedu.arguments.checks import all_finite, check_not_negative, check_number, check_shape
from lossedu.losses._fast.closed_form import attached, slopes_pay

# torch's softplus returns z itself above a threshold.  Its default of 20 is wrong by 6e-11 in
# float64; at 40, log(1 + e^40) - 40 = 4e-18 is below what a double of that size can hold.
_THRESHOLD = 40.0


def surprises(logits: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return :math:`-\log \sigma(z)` and :math:`-\log(1 - \sigma(z))`: the cost of a 1, of a 0."""
    return softplus(-logits, threshold=_THRESHOLD), softplus(logits, threshold=_THRESHOLD)


def surprise_of_one(logits: Tensor) -> Tensor:
    r"""Return :math:`-\log \sigma(z)` alone."""
    return softplus(-logits, threshold=_THRESHOLD)


def surprise_and_slope(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The same and its derivative, without a graph; the logits are overwritten."""
    trail = logits.neg_()
    return softplus(trail, threshold=_THRESHOLD), trail.sigmoid_().neg_()


def surprise(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Return the expected surprise of a target that is 1 with probability ``targets``.

    With h the nearer of 0 and 1, :math:`-y \log \sigma(z) - (1 - y) \log(1 - \sigma(z)) =
    \mathrm{softplus}((1 - 2 h) z) - (y - h) z`: one softplus instead of two.  The second term is 0
    for targets of 0 and 1; where it is subtracted it is at most half of the first, so nothing
    cancels.
    """
    on_cpu = logits.device.type == "cpu"  # elsewhere nobody sees whether the values are finite
    if on_cpu and slopes_pay(logits) and not targets.requires_grad:
        return _surprise_and_slope(logits, targets)
    return _surprise(logits, targets)


def _surprise_and_slope(logits: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        z = logits.detach()
        nearer = targets.round()
        values = softplus((nearer * -2).add_(1).mul_(z), threshold=_THRESHOLD)
        values.addcmul_(nearer.sub_(targets), z)
        slope = torch.sigmoid(z).sub_(targets)
    if not all_finite(values):
        return _surprise(logits, targets)
    return attached(values, [slope], [logits], partial(_surprise, targets=targets), [targets])


def _surprise(logits: Tensor, targets: Tensor) -> Tensor:
    nearer = torch.round(targets)
    wrong_way = softplus((1 - 2 * nearer) * logits, threshold=_THRESHOLD)
    if not all_finite(logits):  # 0 times an infinite logit would be NaN
        logits = torch.where((targets == nearer) & logits.isinf(), 0.0, logits)
    return torch.addcmul(wrong_way, targets - nearer, logits, value=-1)


def counted(if_one: Tensor, if_zero: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The two surprises, with 0 for an infinite one that a sure target does not ask for."""
    if all_finite(if_one) and all_finite(if_zero):
        return if_one, if_zero
    return (
        torch.where((targets == 0) & (if_one == torch.inf), 0.0, if_one),
        torch.where((targets == 1) & (if_zero == torch.inf), 0.0, if_zero),
    )


def expected(if_one: Tensor, if_zero: Tensor, targets: Tensor) -> Tensor:
    """The cost of a target that is 1 with probability ``targets``; exact where that is 0 or 1."""
    between = torch.lerp(if_zero, if_one, targets)
    if all_finite(between):
        return between
    sure = torch.where(targets == 1, if_one, if_zero)
    return torch.where((targets == 0) | (targets == 1), sure, between)


def checked_pos_weight(pos_weight: float | Tensor, logits: Tensor) -> float | Tensor:
    """A number, or one an entry of the last axis, in the dtype of the logits."""
    if not isinstance(pos_weight, Tensor):
        check_number("pos_weight", pos_weight, low=0.0)
        return pos_weight
    if pos_weight.ndim:
        check_shape("pos_weight", pos_weight, logits.shape[-1:], "the last axis of logits")
    check_not_negative("pos_weight", pos_weight)
    return pos_weight.to(logits.dtype)
