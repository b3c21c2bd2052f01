"""What a loss over alignments is given: labels and lengths, checked, with batch in one axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import can_look, check_floating, check_real, check_shape, check_values
from lossedu.arguments.reduction import check_mask


@dataclass(frozen=True)
class Labelled:
    """Label sequences, a row each, and how long they and their inputs are.

    Attributes:
        labels: Shape ``(N, S)``, int64; any class where they do not count.
        many: How many labels count, shape ``(N,)``.
        frames: How many frames count, shape ``(N,)``.
        blank: The class that stands for no label.
    """

    labels: Tensor
    many: Tensor
    frames: Tensor
    blank: int


def labelled(
    logits: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int] | None,
    target_lengths: Tensor | Sequence[int] | None,
    blank: int,
    mask: Tensor | None,
) -> Labelled:
    """Check them; of a sequence that the mask hides no label counts."""
    check_floating("logits", logits)
    if logits.ndim < 2 or logits.shape[-1] == 0:
        raise ValueError(
            "logits must have an axis of frames and a last one with at least one class, "
            f"but has shape {tuple(logits.shape)}."
        )
    batch, (frames, classes) = logits.shape[:-2], logits.shape[-2:]
    check_mask(mask, batch)
    if isinstance(blank, bool) or not isinstance(blank, int) or not 0 <= blank < classes:
        raise ValueError(f"blank must be a class number 0 to {classes - 1}, but is {blank!r}.")
    _check_whole("targets", targets)
    check_shape("targets", targets, (*batch, *targets.shape[-1:]), "a row of labels a sequence")
    given = _lengths("input_lengths", input_lengths, batch, frames, mask, targets)
    many = _lengths("target_lengths", target_lengths, batch, targets.shape[-1], mask, targets)
    if mask is not None:
        many = torch.where(mask, many, 0)
    counts = torch.arange(targets.shape[-1], device=targets.device) < many.unsqueeze(-1)
    other = 0 if blank else min(1, classes - 1)
    labels = torch.where(counts, targets.long(), other)
    _check_labels(labels, counts, classes, blank)
    rows = batch.numel()
    return Labelled(
        labels.reshape(rows, targets.shape[-1]), many.reshape(rows), given.reshape(rows), blank
    )


def _check_whole(name: str, tensor: Tensor) -> None:
    check_real(name, tensor)
    if tensor.is_floating_point() or tensor.dtype == torch.bool:
        raise TypeError(f"{name} must be integers, but has dtype {tensor.dtype}.")
    if tensor.ndim == 0 and name == "targets":
        raise ValueError("targets must have a last axis of labels, but has shape ().")


def _lengths(
    name: str,
    lengths: Tensor | Sequence[int] | None,
    batch: torch.Size,
    room: int,
    mask: Tensor | None,
    like: Tensor,
) -> Tensor:
    """One length a sequence, int64; all that there is room for where none is given or hidden."""
    if lengths is None:
        return torch.full(batch, room, device=like.device)
    if not isinstance(lengths, Tensor):
        lengths = torch.as_tensor(lengths, device=like.device)
    _check_whole(name, lengths)
    check_shape(name, lengths, batch, "one length a sequence")
    lengths = lengths.to(like.device).long()
    lengths = lengths if mask is None else torch.where(mask, lengths, room)
    check_values(name, lengths, low=0, high=room, rule=f"lie in 0 to {room}")
    return lengths


def _check_labels(labels: Tensor, counts: Tensor, classes: int, blank: int) -> None:
    if not can_look(labels):
        return
    rule = f"be class numbers 0 to {classes - 1}"
    check_values("targets", labels, low=0, high=classes - 1, rule=rule)
    wrong = counts & (labels == blank)
    if wrong.any():
        index = int(wrong.flatten().nonzero()[0])
        raise ValueError(
            f"targets must not contain the blank, but contains {blank} at index {index}. "
            "Hint: pass target_lengths, if that is padding."
        )
