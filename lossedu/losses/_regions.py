"""What losses of a region share: soft counts over its axes, and a ratio that may be 0 over 0."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_real, check_same_shape, check_values
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import accumulation_dtype, check_mask, hide_masked
from lossedu.losses._classes import (
    checked_class_numbers,
    checked_shares,
    classes_last,
    gaps_and_rest,
    without_ignored,
)
from lossedu.losses._fast import regions

Dim = int | tuple[int, ...]


@dataclass(frozen=True)
class ClassCounts:
    """Soft counts of every class in every region, shape ``(..., C)``.

    Attributes:
        hits: Of what is of the class, how much is predicted to be.
        misses: Of what is of the class, how much is not.
        alarms: How much else is predicted to be of the class.
        sizes: How much is of the class.
        counts: Whether an entry of the region counts; None if all do.
    """

    hits: Tensor
    misses: Tensor
    alarms: Tensor
    sizes: Tensor
    counts: Tensor | None

    def without_background(self) -> "ClassCounts":
        """The same without class 0; refuse it if nothing is left."""
        if self.hits.shape[-1] == 1:
            raise ValueError(
                "logits must have a class besides the background, but have 1 class. "
                "Hint: pass include_background=True, or use a loss of one logit."
            )
        return ClassCounts(
            hits=self.hits[..., 1:],
            misses=self.misses[..., 1:],
            alarms=self.alarms[..., 1:],
            sizes=self.sizes[..., 1:],
            counts=None if self.counts is None else self.counts[..., 1:],
        )


def class_counts(
    logits: Tensor,
    targets: Tensor,
    mask: Tensor | None,
    *,
    dim: Dim | None,
    axis: int,
    ignore_index: int,
) -> ClassCounts:
    """Soft counts of every class over the axes ``dim``, from class numbers or shares."""
    rows = classes_last(logits, axis)
    over = _region_axes(logits, axis, dim)
    check_mask(mask, rows.shape[:-1])
    check_real("targets", targets)
    if targets.is_floating_point() and targets.shape != rows.shape[:-1]:
        check_same_shape("targets", targets, "logits", logits)
        shares = checked_shares(targets.movedim(axis, -1), rows, mask)
    else:
        mask = without_ignored(targets, rows, mask, ignore_index)
        numbers = checked_class_numbers(targets, rows, mask).unsqueeze(-1)
        classes = torch.arange(rows.shape[-1], device=rows.device)
        shares = hide_masked((numbers == classes).to(accumulation_dtype(rows)), mask)
    gaps, rest = gaps_and_rest(hide_masked(rows, mask).to(shares.dtype))
    surprise = gaps + rest.unsqueeze(-1)
    yes, no = torch.exp(-surprise), -torch.expm1(-surprise)
    alarms = hide_masked((1 - shares) * yes, mask)
    sizes = shares.sum(over)
    counts = None
    if mask is not None:
        counts = (mask.to(torch.uint8).sum(over) > 0).unsqueeze(-1).expand(sizes.shape)
    return ClassCounts(
        hits=(shares * yes).sum(over),
        misses=(shares * no).sum(over),
        alarms=alarms.sum(over),
        sizes=sizes,
        counts=counts,
    )


def _region_axes(logits: Tensor, axis: int, dim: Dim | None) -> tuple[int, ...]:
    """The axes of a region, counted with the class axis last."""
    many, classes = logits.ndim, axis % logits.ndim
    if dim is None:
        over = [place for place in range(1, many) if place != classes]
    else:
        over = [dim] if isinstance(dim, int) else list(dim)
        wrong = [place for place in over if not -many <= place < many or place % many == classes]
        if wrong:
            raise ValueError(
                f"dim must name axes of logits of shape {tuple(logits.shape)} other than the class "
                f"axis, {classes}, but names {wrong[0]}."
            )
    if not over:
        raise ValueError(
            f"dim must name at least one axis, but logits of shape {tuple(logits.shape)} have none "
            "besides the first and the class axis. Hint: pass dim=0 if they are one region."
        )
    places = [place % many for place in over]
    return tuple(place - (place > classes) for place in places)


def tversky_parts(
    hits: Tensor, misses: Tensor, alarms: Tensor, alpha: Number, beta: Number, smooth: Number
) -> tuple[Tensor, Tensor]:
    """What differs, and that with what is there: over a number that keeps large weights finite."""
    plain = [float(value) for value in (alpha, beta) if not isinstance(value, Tensor)]
    unit = max(1.0, *plain) if plain else 1.0
    differs = 2 * (alpha / unit * alarms + beta / unit * misses)
    return differs, 2 / unit * hits + differs + smooth / unit


def soft_counts(
    logits: Tensor, targets: Tensor, mask: Tensor | None, dim: Dim
) -> tuple[Tensor, Tensor, Tensor]:
    """Soft counts: of true positives, of misses, of false alarms."""
    logits, targets = paired(logits, targets, mask, "logits")
    check_values("targets", targets, low=0.0, high=1.0, rule="lie in [0, 1]")
    plain = partial(_soft_counts, targets=targets, mask=mask, dim=dim)
    if mask is None and regions.pays(logits, targets):
        over = (dim,) if isinstance(dim, int) else dim
        hits, misses, alarms = regions.counts(logits, targets, over, plain)
    else:
        hits, misses, alarms = plain(logits)
    return hits, misses, alarms


def _soft_counts(logits: Tensor, targets: Tensor, mask: Tensor | None, dim: Dim) -> Tensor:
    yes, no = torch.sigmoid(logits), torch.sigmoid(-logits)
    hits, misses, alarms = targets * yes, targets * no, (1 - targets) * yes
    return torch.stack([hits.sum(dim), misses.sum(dim), hide_masked(alarms, mask).sum(dim)])


def ratio(
    differs: Tensor, size: Tensor, mask: Tensor | None, dim: Dim
) -> tuple[Tensor, Tensor | None]:
    """Their ratio, 0 where nothing is there; and which regions have an entry that counts."""
    values = share_of(differs, size)
    if mask is None:
        return values, None
    return values, mask.to(torch.uint8).sum(dim) > 0


def share_of(differs: Tensor, size: Tensor) -> Tensor:
    """Their ratio, 0 where nothing is there."""
    return differs / torch.where(size > 0, size, torch.ones_like(size))
