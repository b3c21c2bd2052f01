"""What losses over a class axis share: their checks, and two stable readings of a row of logits.

Both readings avoid ``log(softmax(z))`` (log of zero) and ``logsumexp(z) - z[t]`` (which cancels to
exactly 0 once the true class leads by about 37 in float64 or 17 in float32).
"""

from collections.abc import Sequence
from numbers import Integral

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    can_look,
    check_floating,
    check_not_negative,
    check_real,
    check_shape,
    check_values,
)
from lossedu.arguments.reduction import accumulation_dtype, hide_masked


def gaps_and_rest(logits: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return two parts whose sum is :math:`-\log p_c`, exact down to the smallest number.

    With any class r as reference, :math:`-\log p_c = (z_r - z_c) + \log(1 + \sum_{j \neq r}
    e^{z_j - z_r})`.  Taking r as the largest makes both terms at least 0, so nothing cancels.  The
    first part has an entry a class, shape ``(..., C)``, the second one a row, shape ``(...)``.
    """
    reference = logits.argmax(dim=-1, keepdim=True)
    # To itself the gap is 0, and not what infinity less infinity is.
    gap = (logits.gather(-1, reference) - logits).scatter(-1, reference, 0.0)
    others = torch.exp(-gap).scatter(-1, reference, 0.0).sum(dim=-1)
    return gap, torch.log1p(others)


def true_class_log_odds(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Return :math:`a = z_t - \log \sum_{j \neq t} e^{z_j}`, so that :math:`p_t = \sigma(a)`.

    A softmax loss that looks at :math:`p_t` alone is the binary loss of this one number.  With a
    single class there are no others, and a is +inf: the true class is certain.
    """
    index = targets.unsqueeze(-1)
    others = torch.logsumexp(logits.scatter(-1, index, -torch.inf), dim=-1)
    return logits.gather(-1, index).squeeze(-1) - others


def classes_last(logits: Tensor, axis: int) -> Tensor:
    """The logits with their class axis moved to the end; refuse those without one."""
    check_floating("logits", logits)
    if isinstance(axis, bool) or not isinstance(axis, Integral):
        raise TypeError(f"axis must be a whole number, but is {axis!r}.")
    if logits.ndim and not -logits.ndim <= axis < logits.ndim:
        raise ValueError(
            f"axis must lie in [{-logits.ndim}, {logits.ndim - 1}] for logits of shape "
            f"{tuple(logits.shape)}, but is {axis}."
        )
    if logits.ndim == 0 or logits.shape[axis] == 0:
        which = "a last axis" if axis == -1 else f"an axis {axis}"
        raise ValueError(
            f"logits must have {which} with at least one class, "
            f"but has shape {tuple(logits.shape)}."
        )
    return logits if axis in (-1, logits.ndim - 1) else logits.movedim(int(axis), -1)


def checked_class_weights(class_weights: Tensor | Sequence[float], logits: Tensor) -> Tensor:
    """A weight a class in the dtype of the loss; the class axis of the logits is the last."""
    dtype = accumulation_dtype(logits)
    if not isinstance(class_weights, Tensor):
        class_weights = torch.as_tensor(class_weights, dtype=dtype, device=logits.device)
    check_shape("class_weights", class_weights, logits.shape[-1:], "one weight a class")
    check_not_negative("class_weights", class_weights)
    return class_weights.to(dtype)


def check_sums(name: str, shares: Tensor, mask: Tensor | None) -> None:
    """Refuse rows of probabilities that do not sum to 1.

    Rounding to bfloat16 moves a sum by 2^-9 at most, and no dtype tells what was rounded before.
    """
    if not can_look(shares):
        return
    sums = shares.detach().sum(-1)
    sums = sums if mask is None else torch.where(mask, sums, 1.0)
    slack = 2.0**-7
    check_values(f"the row sums of {name}", sums, low=1 - slack, high=1 + slack, rule="be 1")


def checked_shares(targets: Tensor, logits: Tensor, mask: Tensor | None) -> Tensor:
    """A share for each class in the dtype of the loss, 0 where hidden; rows sum to 1."""
    shares = hide_masked(targets, mask).to(accumulation_dtype(logits))
    check_values("targets", shares, low=0.0, high=1.0, rule="lie in [0, 1]")
    check_sums("targets", shares, mask)
    return shares


def _not_ignored(targets: Tensor, ignore_index: int) -> Tensor:
    """Which class numbers count; a number that their dtype cannot hold is none of them.

    A comparison would wrap it around: -100 is 156 in uint8.
    """
    check_real("targets", targets)
    if not targets.is_floating_point() and targets.dtype != torch.bool:
        held = torch.iinfo(targets.dtype)
        if held.min <= ignore_index <= held.max:
            return targets != ignore_index
    return torch.ones_like(targets, dtype=torch.bool)


def without_ignored(
    targets: Tensor, logits: Tensor, mask: Tensor | None, ignore_index: int
) -> Tensor | None:
    """The mask less what is ignored; None if it is seen that everything counts."""
    counts = _not_ignored(targets, ignore_index)
    if counts.shape == logits.shape[:-1]:  # what has another is refused later
        mask = counts if mask is None else mask & counts
    return None if mask is None or (can_look(mask) and bool(mask.all())) else mask


def checked_class_numbers(targets: Tensor, logits: Tensor, mask: Tensor | None) -> Tensor:
    """Class numbers as int64, 0 where hidden; refuse what is not one integer an example.

    The class axis of the logits is the last.  Those of (N, C, H, W), the layout of torch's own
    loss, are named.
    """
    check_real("targets", targets)
    if targets.is_floating_point() or targets.dtype == torch.bool:
        hint = " Hint: call targets.long() if they are whole numbers of classes."
        hint = hint if targets.shape == logits.shape[:-1] else ""
        raise TypeError(
            f"targets must be integer class numbers, but has dtype {targets.dtype}.{hint}"
        )
    second = logits.ndim > 2 and targets.shape == logits.shape[:1] + logits.shape[2:]
    hint = " Hint: pass axis=1 if the classes are on the second axis of logits." if second else ""
    check_shape("targets", targets, logits.shape[:-1], "one class number an example", hint)
    targets = hide_masked(targets, mask).long()
    highest = logits.shape[-1] - 1
    check_values("targets", targets, low=0, high=highest, rule=f"be class numbers 0 to {highest}")
    return targets
