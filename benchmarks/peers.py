"""What people use today: other packages where they can be installed, else their published formulas.

Each formula is written from its source as a user would run it: plain torch, differentiated by
autograd.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional


def torchvision_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """The formula of ``torchvision.ops.sigmoid_focal_loss`` with its defaults and a mean."""
    p = logits.sigmoid()
    ce = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = 0.25 * targets + 0.75 * (1 - targets)
    return (alpha_t * ce * (1 - p_t) ** 2).mean()


def log_cosh(predictions: Tensor, targets: Tensor) -> Tensor:
    """The usual formula: the error, softplus of minus twice of it, less the logarithm of 2."""
    error = predictions - targets
    return (error + functional.softplus(-2 * error) - math.log(2)).mean()


def hinge(scores: Tensor, signs: Tensor) -> Tensor:
    """The usual formula of the hinge loss."""
    return functional.relu(1 - signs * scores).mean()


def kl_divergence(logits: Tensor, shares: Tensor) -> Tensor:
    """KL divergence of shares from logits, as torch's documentation has it."""
    return functional.kl_div(functional.log_softmax(logits, -1), shares, reduction="batchmean")


def dice(logits: Tensor, targets: Tensor) -> Tensor:
    """The usual formula of the Dice loss: twice the overlap over both sizes, 1 added to each."""
    chances, axes = logits.sigmoid(), (-2, -1)
    overlap = (chances * targets).sum(axes)
    return (1 - (2 * overlap + 1) / (chances.sum(axes) + targets.sum(axes) + 1)).mean()


def listnet(scores: Tensor, relevance: Tensor) -> Tensor:
    """ListNet as two softmaxes and torch's cross-entropy."""
    return functional.cross_entropy(scores, relevance.softmax(-1))


def full_matrix_info_nce(queries: Tensor, keys: Tensor) -> Tensor:
    """InfoNCE as most repositories write it: one matrix of similarities, and cross-entropy."""
    both = (functional.normalize(rows, dim=-1) for rows in (queries, keys))
    similarity = next(both) @ next(both).T / 0.1
    return functional.cross_entropy(similarity, torch.arange(len(keys), device=keys.device))


def power_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """Focal loss over classes as it is usually written: from torch's cross-entropy."""
    ce = functional.cross_entropy(logits, targets, reduction="none")
    return ((1 - torch.exp(-ce)) ** 2 * ce).mean()


def all_pairs_hinge(scores: Tensor, relevance: Tensor) -> Tensor:
    """The mean hinge over all ordered pairs of a list, from tensors of n by n."""
    lead = scores[:, None] - scores[None, :]
    better = relevance[:, None] > relevance[None, :]
    return (functional.relu(1 - lead) * better).sum() / better.sum()


def allrank_ranknet(scores: Tensor, relevance: Tensor) -> Tensor:
    """The formula of allRank's ``rankNet``, its pairs made by torch instead of ``itertools``."""
    number = torch.arange(len(scores), device=scores.device)
    pairs = torch.cartesian_prod(number, number)
    true, chosen = relevance[pairs], scores[pairs]
    better = true[:, 0] - true[:, 1] > 0
    lead = (chosen[:, 0] - chosen[:, 1])[better]
    return functional.binary_cross_entropy_with_logits(lead, torch.ones_like(lead))


def allrank_lambdarank(scores: Tensor, relevance: Tensor, k: int | None) -> Tensor:
    """The formula of allRank's ``lambdaLoss`` for LambdaRank, with natural logarithms."""
    eps = 1e-10
    in_order, order = scores.sort(descending=True)
    ideal = relevance.sort(descending=True).values
    relevance = relevance[order]
    true = relevance[:, None] - relevance[None, :]
    at_k = torch.zeros_like(true, dtype=torch.bool)
    at_k[:k, :k] = True
    discount = torch.log2(1 + torch.arange(1, len(scores) + 1, device=scores.device).float())
    best = (((2**ideal - 1) / discount)[:k]).sum().clamp(min=eps)
    gain = (2**relevance - 1) / best
    weights = (discount[:, None] ** -1 - discount[None, :] ** -1).abs()
    weights = weights * (gain[:, None] - gain[None, :]).abs()
    lead = (in_order[:, None] - in_order[None, :]).clamp(min=-1e8, max=1e8)
    chances = (lead.sigmoid().clamp(min=eps) ** weights).clamp(min=eps)
    return -chances.log()[(true > 0) & at_k].sum()


def full_matrix_nt_xent(first: Tensor, second: Tensor) -> Tensor:
    """NT-Xent as most repositories write it: one matrix of similarities, and cross-entropy."""
    both = functional.normalize(torch.cat([first, second]), dim=-1)
    similarity = both @ both.T / 0.5
    similarity.fill_diagonal_(-torch.inf)
    n = len(first)
    partners = torch.arange(2 * n, device=both.device).roll(n)
    return functional.cross_entropy(similarity, partners)
