"""What losses of a region share: soft counts over its axes, and a ratio that may be 0 over 0."""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_values
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import hide_masked

Dim = int | tuple[int, ...]


def soft_counts(
    logits: Tensor, targets: Tensor, mask: Tensor | None, dim: Dim
) -> tuple[Tensor, Tensor, Tensor]:
    """Soft counts: of true positives, of misses, of false alarms."""
    logits, targets = paired(logits, targets, mask, "logits")
    check_values("targets", targets, low=0.0, high=1.0, rule="lie in [0, 1]")
    yes, no = torch.sigmoid(logits), torch.sigmoid(-logits)
    hits, misses, alarms = targets * yes, targets * no, (1 - targets) * yes
    return hits.sum(dim), misses.sum(dim), hide_masked(alarms, mask).sum(dim)


def ratio(
    differs: Tensor, size: Tensor, mask: Tensor | None, dim: Dim
) -> tuple[Tensor, Tensor | None]:
    """Their ratio, 0 where nothing is there; and which regions have an entry that counts."""
    values = differs / torch.where(size > 0, size, torch.ones_like(size))
    if mask is None:
        return values, None
    return values, mask.to(torch.uint8).sum(dim) > 0
