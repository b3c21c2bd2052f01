"""What the outputs of an epoch say about a model, class by class and in the tail.

Which figures apply depends on what the loss takes.  Where a loss does not say (it is not one of
`lossedu.losses`), the shapes decide: whole-numbered targets with one score a class are classes,
targets of 0 and 1 (or -1 and +1) of the shape of the outputs are events.  The rest stays NaN.
"""

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lossedu import catalog
from lossedu.calibration import expected_calibration_error
from lossedu.losses import LossModule, LossSpec

Task = Literal["classes", "events", "other"]
Loss = Callable[..., Any]
SHOWN_CLASSES = 100
"""Of more classes than this, none is listed: a table of a thousand columns helps nobody."""


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
    """What the targets are, as far as a summary cares."""
    spec = spec_of(loss)
    if spec and (spec.inputs in ("value", "embedding") or spec.unit in ("list", "tuple")):
        return "other"
    if not targets.numel() or _first_argument(loss) == "embeddings":
        return "other"
    whole = not targets.is_floating_point()
    if whole and outputs.shape[:-1] == targets.shape and outputs.shape[-1] > 1:
        return "classes" if int(targets.max()) < outputs.shape[-1] else "other"
    if outputs.shape == targets.shape:
        event = (targets == 0) | (targets == 1)
        sign = targets.abs() == 1
        return "events" if bool(event.all()) or bool(sign.all()) else "other"
    return "other"


def summarise(loss: Loss, outputs: Any, rest: tuple[Any, ...]) -> dict[str, float]:
    """The figures of an epoch.

    Args:
        loss: The loss that was trained on.
        outputs: What the model gave, one row an example.
        rest: What the loss got besides: the targets first.

    Returns:
        Column -> value; columns that do not apply are left out.
    """
    if not isinstance(outputs, Tensor) or not len(outputs):
        return {}
    outputs = outputs.detach().float()
    figures = _spread(outputs)
    values = _values(loss, outputs, rest)
    if values is not None:
        points = torch.tensor([0.5, 0.9, 0.99], dtype=values.dtype, device=values.device)
        tail = torch.quantile(_at_most(values), points).tolist()
        figures |= dict(zip(("loss_p50", "loss_p90", "loss_p99"), tail, strict=True))
    targets = rest[0] if rest and isinstance(rest[0], Tensor) else None
    if targets is not None:
        figures |= _classified(task_of(loss, outputs, targets), outputs, targets, values)
    return figures


def measured(metrics: Mapping[str, Loss], outputs: Any, rest: tuple[Any, ...]) -> dict[str, float]:
    """The metrics of an epoch.

    Raises:
        ValueError: If one of them is not one number.
    """
    figures = {}
    with torch.no_grad():
        for name, metric in metrics.items():
            value = metric(outputs, *rest)
            try:
                figures[name] = float(value)
            except (TypeError, ValueError, RuntimeError) as error:
                shaped = isinstance(value, Tensor)
                given = f"shape {tuple(value.shape)}" if shaped else type(value).__name__
                raise ValueError(
                    f"metrics[{name!r}] must return one number, but returns {given}."
                ) from error
    return figures


def _values(loss: Loss, outputs: Tensor, rest: tuple[Any, ...]) -> Tensor | None:
    single = per_example(loss)
    if single is None:
        return None
    with torch.no_grad():
        values = single(outputs, *rest)
    return values.float().flatten() if isinstance(values, Tensor) and values.numel() else None


def _at_most(values: Tensor, most: int = 2**24) -> Tensor:
    """`torch.quantile` takes no more than this many."""
    return values[:: -(-len(values) // most)]


def _spread(outputs: Tensor) -> dict[str, float]:
    r"""How far rows of unit length spread: 1 if evenly in all directions, 0 if all are one.

    Outputs of shape ``(n, k)`` are rows; those of shape ``(n, m, k)`` are m rows an example.

    .. math:: \left( 1 - \lVert \tfrac 1 n \sum_i z_i / \lVert z_i \rVert \rVert^2 \right)^{1/2}
    """
    if outputs.ndim not in (2, 3) or outputs.shape[-1] < 2 or len(outputs) < 2:
        return {}
    mean = nn.functional.normalize(outputs.flatten(0, -2), dim=-1).mean(0)
    return {"embedding_spread": float((1 - mean.square().sum()).clamp(min=0).sqrt())}


def _classified(
    task: Task, outputs: Tensor, targets: Tensor, values: Tensor | None
) -> dict[str, float]:
    if task == "other":
        return {}
    if task == "classes":
        scores, labels = outputs.flatten(0, -2), targets.flatten().long()
    else:
        # An event is one of two classes with the scores 0 and z: their softmax is its sigmoid.
        score = outputs.flatten()
        scores = torch.stack([torch.zeros_like(score), score], -1)
        labels = (targets.flatten() > 0).long()
    counted = labels >= 0  # positions to ignore carry a negative class by torch's custom
    if values is not None and len(values) == len(counted):
        values = values[counted]
    scores, labels = scores[counted], labels[counted]
    if not len(labels):
        return {}
    probabilities = scores.softmax(-1)
    own = scores.gather(-1, labels[:, None])[:, 0]
    others = scores.scatter(-1, labels[:, None], -torch.inf).amax(-1)
    chosen = probabilities.gather(-1, labels[:, None])[:, 0]
    rates = {
        "hard_example_rate": chosen < 0.5,
        "margin_violation_rate": own - others < 1,
    }
    figures = {name: float(hit.float().mean()) for name, hit in rates.items()}
    figures["calibration_error"] = _calibration(probabilities, labels)
    return figures | _by_class(own > others, labels, values, scores.shape[1])


def _calibration(probabilities: Tensor, labels: Tensor) -> float:
    if not bool(probabilities.isfinite().all()):
        return float("nan")
    return float(expected_calibration_error(probabilities, labels))


def _by_class(
    right: Tensor, labels: Tensor, values: Tensor | None, classes: int
) -> dict[str, float]:
    if classes > SHOWN_CLASSES:
        return {}
    zeros = torch.zeros(classes, device=labels.device)
    sizes = zeros.index_add(0, labels, torch.ones_like(labels, dtype=zeros.dtype))
    columns = {"class_recall": zeros.index_add(0, labels, right.float()) / sizes}
    if values is not None and len(values) == len(labels):
        columns["class_loss"] = zeros.index_add(0, labels, values.to(zeros.dtype)) / sizes
    return {
        f"{name}_{c}": value
        for name, column in columns.items()
        for c, value in enumerate(column.tolist())
    }
