"""What losses of one logit share: the two surprises, exact at both ends."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal, NoReturn

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from lossedu.arguments.checks import (
    Number,
    all_finite,
    are_events,
    check_not_negative,
    check_number,
    check_real,
    check_values,
    is_known_as,
)
from lossedu.losses._fast.closed_form import attached_later, scaled, slopes_pay

# torch's softplus returns z itself above a threshold.  Its default of 20 is wrong by 6e-11 in
# float64; at 40, log(1 + e^40) - 40 = 4e-18 is below what a double of that size can hold.
_THRESHOLD = 40.0
_FAR = 1 / 32
_MANY = 2**13  # entries, from which on passes cost more than calls

Kind = Literal["certain", "open", "any"]
"""Targets that are 0 or 1; that keep their distance from both; of which nothing is known."""


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


def chances(targets: Tensor, smoothing: Number) -> tuple[Tensor, Kind]:
    """Refuse targets outside [0, 1]; return them smoothed, and what is known of them all."""
    certain = are_events(targets)
    low, high = 0.0, 1.0
    if not certain:
        low, high = check_values("targets", targets, low=0.0, high=1.0, rule="lie in [0, 1]")
    if is_known_as(smoothing, 0):
        if certain:
            return targets, "certain"
        return targets, "open" if low >= _FAR and high <= 1 - _FAR else "any"
    targets = targets * (1 - smoothing) + smoothing / 2
    far = not isinstance(smoothing, Tensor) and smoothing >= 2 * _FAR
    return targets, "open" if far else "any"


def surprise(logits: Tensor, targets: Tensor, kind: Kind) -> Tensor:
    r"""Return the expected surprise of a target that is 1 with probability ``targets``.

    With h the nearer of 0 and 1, :math:`-y \log \sigma(z) - (1 - y) \log(1 - \sigma(z)) =
    \mathrm{softplus}((1 - 2 h) z) - (y - h) z`: one softplus instead of two.  The second term is 0
    for targets of 0 and 1; where it is subtracted it is at most half of the first, so nothing
    cancels.
    """
    many = logits.numel() > _MANY and slopes_pay(logits)
    if kind == "certain" and not targets.requires_grad:
        return _with_slope_of_events(logits, targets) if many else _of_events(logits, targets)
    if kind == "open":  # what torch subtracts is then no more than so many times what is left
        values = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        if all_finite(values):
            return values
    on_cpu = logits.device.type == "cpu"  # elsewhere nobody sees whether the values are finite
    if many and on_cpu and not targets.requires_grad:
        return _with_slope(logits, targets)
    return _surprise(logits, targets)


def _of_events(logits: Tensor, events: Tensor) -> Tensor:
    return softplus(logits * torch.rsub(events, 1, alpha=2), threshold=_THRESHOLD)


def _costs_and_slopes(logits: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
    """Without a graph."""
    with torch.no_grad():
        wrong_way = logits.addcmul(logits, events, value=-2)
        costs = softplus(wrong_way, threshold=_THRESHOLD)
        slopes = wrong_way.sigmoid_()
        return costs, slopes.addcmul_(slopes, events, value=-2)


def _with_slope_of_events(logits: Tensor, events: Tensor) -> Tensor:
    plain = partial(_of_events, events=events)
    costs, slopes = _costs_and_slopes(logits, events)
    if not all_finite(costs):  # infinity less infinity is no number
        return plain(logits)
    derive = partial(_pulled, count=1)
    return attached_later(costs, derive, [slopes, events], [logits], plain)


def total_of_events(logits: Tensor, events: Tensor, *, mean: bool) -> Tensor | None:
    """The mean or the sum of all entries; None where that is not for the fast path."""
    if events.requires_grad:
        return None
    if 0 < logits.numel() <= _MANY:
        costs = _of_events(logits, events)  # NaN comes back as NaN in the slopes as well
        return costs.mean() if mean else costs.sum()
    if not slopes_pay(logits):
        return None
    costs, slopes = _costs_and_slopes(logits, events)
    total, count = costs.sum(), logits.numel() if mean else 1
    if not math.isfinite(total.item()):
        return None
    plain = partial(_total_of_events, events=events, count=count)
    derive = partial(_pulled, count=count)
    return attached_later(total / count, derive, [slopes, events], [logits], plain)


def _total_of_events(logits: Tensor, events: Tensor, count: int) -> Tensor:
    return _of_events(logits, events).sum() / count


def _pulled(
    outer: Tensor, inputs: Sequence[Tensor], kept: Sequence[Tensor], count: int
) -> list[Tensor]:
    return [scaled(kept[0], outer / count if count > 1 else outer)]


def _with_slope(logits: Tensor, targets: Tensor) -> Tensor:
    plain = partial(_surprise, targets=targets)
    with torch.no_grad():
        nearer = targets.round()
        wrong_way = torch.rsub(nearer, 1, alpha=2).mul_(logits)
        values = softplus(wrong_way, threshold=_THRESHOLD)
        values.addcmul_(nearer.sub_(targets), logits)
        slopes = torch.sigmoid(logits, out=wrong_way).sub_(targets)
    if not all_finite(values):
        return plain(logits)
    derive = partial(_pulled, count=1)
    return attached_later(values, derive, [slopes, targets], [logits], plain)


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
    """A number, or a tensor that broadcasts to the logits, in their dtype."""
    if not isinstance(pos_weight, Tensor):
        check_number("pos_weight", pos_weight, low=0.0)
        return pos_weight
    check_real("pos_weight", pos_weight)
    pairs = zip(reversed(pos_weight.shape), reversed(logits.shape), strict=False)
    if pos_weight.ndim > logits.ndim or any(own not in (1, size) for own, size in pairs):
        _refuse_pos_weight(pos_weight, logits)
    check_not_negative("pos_weight", pos_weight)
    return pos_weight.to(logits.dtype)


def _refuse_pos_weight(pos_weight: Tensor, logits: Tensor) -> NoReturn:
    axes = [axis for axis, size in enumerate(logits.shape) if pos_weight.shape == (size,)]
    shape = ", ".join(["-1"] + ["1"] * (logits.ndim - 1 - axes[0])) if axes else ""
    hint = f" Hint: pass pos_weight.view({shape}) for axis {axes[0]}." if axes else ""
    raise ValueError(
        f"pos_weight must broadcast to the shape {tuple(logits.shape)} of logits, "
        f"but has shape {tuple(pos_weight.shape)}.{hint}"
    )
