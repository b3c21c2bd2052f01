"""The loss of a batch: one number, from a function or module that stays the caller's."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.landscape.objective.examples import Weighted
from lossedu.landscape.objective.recomputation import activations_kept


def owned(
    loss: Callable[..., Tensor], device: torch.device, dtype: torch.dtype | None
) -> Callable[..., Tensor]:
    """A copy of a loss that is a module: in evaluation mode, its tensors where the model's are."""
    return copy.deepcopy(loss).to(device, dtype).eval() if isinstance(loss, nn.Module) else loss


def one_number(loss: Callable[..., Tensor], outputs: Any, batch: Weighted) -> Tensor:
    """The loss of what a model said of a batch, shape ``()``.

    Raises:
        ValueError: If the loss is not one number.
    """
    with activations_kept():
        found = loss(outputs, *batch.values[1:])
    if not isinstance(found, Tensor) or found.numel() != 1:
        shaped = isinstance(found, Tensor)
        given = f"shape {tuple(found.shape)}" if shaped else type(found).__name__
        raise ValueError(
            f'loss must return one number, but returned {given}. Hint: reduction="mean".'
        )
    return found.reshape(())


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
