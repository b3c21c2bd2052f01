"""The loss of batches, from a function or module that stays the caller's."""

import copy
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

from lossedu.landscape.objective.examples import Weighted
from lossedu.training.forward import Outcome

T = TypeVar("T")
Outcomes = Iterable[tuple[Outcome, Weighted]]


def owned(function: T, device: torch.device | None, dtype: torch.dtype | None) -> T:
    """A copy of what is a module: in evaluation mode, its tensors where the model's are."""
    if not isinstance(function, nn.Module):
        return function
    return copy.deepcopy(function).to(device, dtype).eval()


def weight_of(found: Outcome, batch: Weighted) -> Tensor | int:
    """How much the loss of a batch weighs."""
    return batch.count if found.weight is None else found.weight


def mean_of(outcomes: Outcomes) -> float:
    """The mean of losses by their weights."""
    # Read at the end, so that an accelerator is not waited for after each batch.
    return mean_loss([(found.loss, weight_of(found, batch)) for found, batch in outcomes])


def mean_loss(losses: Iterable[tuple[Tensor, Tensor | float]]) -> float:
    """The same of plain losses; those of weight 0, which may be NaN, are left out."""
    pairs = [(float(loss), float(weight)) for loss, weight in losses]
    total = sum(weight for _, weight in pairs)
    return sum(loss * weight for loss, weight in pairs if weight) / (total or 1.0)


def mean_and_gradient(
    theta: Tensor, outcomes: Callable[[Tensor], Outcomes]
) -> tuple[float, Tensor]:
    """The mean of losses by their weights, and its gradient.

    Args:
        theta: Where.
        outcomes: The losses of all batches at a point, differentiable.
    """
    losses: list[tuple[Tensor, float]] = []
    # In half precision a sum over examples overflows, and one over batches stops to grow.
    wide = torch.promote_types(theta.dtype, torch.float32)
    with torch.inference_mode(False), torch.enable_grad():
        gradient = torch.zeros_like(theta, dtype=wide)
        leaf = (theta.clone() if theta.is_inference() else theta).detach().requires_grad_()
        for found, batch in outcomes(leaf):
            weight = float(weight_of(found, batch))
            (part,) = torch.autograd.grad(with_graph(found.loss), leaf, materialize_grads=True)
            if weight:  # a mean of nothing is NaN
                gradient.add_(part.to(wide), alpha=weight)
            losses.append((found.loss.detach(), weight))
    total = sum(weight for _, weight in losses) or 1.0
    return mean_loss(losses), (gradient / total).to(theta.dtype)


def weight_of_example(outcomes: Outcomes) -> float:
    """How much an example weighs on average."""
    weights, counts = zip(*((float(weight_of(f, b)), b.count) for f, b in outcomes), strict=True)
    return float(sum(weights) / sum(counts))


def shared(found: Outcome, batch: Weighted, mean_weight: float = 1.0) -> Tensor:
    """A loss such that the mean over batches by their examples is that by their weights."""
    if found.weight is None:
        return found.loss
    weight = float(found.weight)
    if not weight:  # a mean of nothing is NaN
        return torch.zeros_like(found.loss, requires_grad=True)
    return found.loss * (weight / batch.count / mean_weight)


def with_graph(loss: Tensor) -> Tensor:
    """The same loss.

    Raises:
        ValueError: If nothing leads from it to the parameters.
    """
    if not loss.requires_grad:
        raise ValueError(
            "loss must depend on the parameters by a graph where a gradient is asked for, but has "
            "none. Hint: argmax, detach() and no_grad() cut it off."
        )
    return loss
