"""What losses of a margin share: targets of -1 and +1, and the margin itself."""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_signs
from lossedu.arguments.pairing import paired


def margins(scores: Tensor, targets: Tensor, mask: Tensor | None) -> Tensor:
    """Target times score: positive where the sign is right; 0 where hidden."""
    scores, signs = paired(scores, targets, mask, "scores")
    check_signs("targets", signs if mask is None else torch.where(mask, signs, 1.0))
    return signs * scores
