"""What a loss and its targets are, as far as figures of an epoch care.

Where a loss does not say (it is not one of `lossedu.losses`), the shapes decide: whole-numbered
targets with one score a class are classes, targets of 0 and 1 (or -1 and +1) of the shape of the
outputs are events.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from torch import Tensor, nn

from lossedu import catalog
from lossedu.losses import LossModule, LossSpec

Task = Literal["classes", "events", "signs", "either", "other"]
Loss = Callable[..., Any]


def per_example(loss: Loss) -> Loss | None:
    """The same loss, one value an example; None if it has no such form."""
    if isinstance(loss, LossModule):
        return partial(loss, reduction="none") if _reduces(loss.function) else None
    if isinstance(loss, nn.Module):
        if not isinstance(getattr(loss, "reduction", None), str):
            return None
        single = copy.copy(loss)
        single.reduction = "none"  # type: ignore[assignment]
        return single
    return partial(loss, reduction="none") if _reduces(loss) else None


def _reduces(function: Loss) -> bool:
    return "reduction" in _arguments(function)


def _first_argument(loss: Loss) -> str:
    return next(iter(_arguments(loss.function if isinstance(loss, LossModule) else loss)), "")


def _arguments(function: Loss) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin may have none
        return {}


def spec_of(loss: Loss) -> LossSpec | None:
    """What the package knows of a loss, through `partial` and `as_module`; None of others."""
    while isinstance(loss, (partial, LossModule)):
        loss = loss.func if isinstance(loss, partial) else loss.function
    return catalog.spec_of(loss)


def task_of(loss: Loss, outputs: Tensor, targets: Tensor) -> Task:
    """What the targets of a batch are: "events" are 0 and 1, "signs" -1 and +1.

    Where all of them are 1 they may be "either".
    """
    spec = spec_of(loss)
    if spec and (spec.inputs in ("value", "embedding") or spec.unit in ("list", "tuple")):
        return "other"
    if not targets.numel() or _first_argument(loss) == "embeddings":
        return "other"
    whole = not targets.is_floating_point()
    if whole and outputs.shape[:-1] == targets.shape and outputs.shape[-1] > 1:
        return "classes" if int(targets.max()) < outputs.shape[-1] else "other"
    if outputs.shape == targets.shape:
        low, high = (bound.item() for bound in targets.aminmax())
        if low == high == 1:
            return "either"
        if bool(((targets == 0) | (targets == 1)).all()):
            return "events"
        return "signs" if bool((targets.abs() == 1).all()) else "other"
    return "other"


def common_task(one: Task, other: Task) -> Task:
    """What the targets of two batches are together."""
    if "either" in (one, other) and {one, other} <= {"either", "events", "signs"}:
        return one if other == "either" else other
    return one if one == other else "other"
