"""What the outputs of an epoch say about a model, class by class and in the tail.

Which figures apply depends on what the loss takes; the rest stays NaN.  Batches are read one after
another, and nothing is kept of them but sums and the losses of single examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.calibration import reliability_diagram
from lossedu.training.forward import targets_of
from lossedu.training.loss_kinds import Loss, Task, common_task, per_example, task_of

SHOWN_CLASSES = 100
"""Of more classes than this, none is listed: a table of a thousand columns helps nobody."""
MOST_VALUES = 2**22
"""Losses of single examples that quantiles are of; of more, every second one, and so on."""


def summarise(loss: Loss, outputs: Any, rest: tuple[Any, ...]) -> dict[str, float]:
    """The figures of an epoch of one batch; see `Summary`."""
    summary = Summary(loss)
    summary.add(outputs, rest)
    return summary.figures()


class Summary:
    """The figures of an epoch, from one batch after another.

    Args:
        loss: The loss that was trained on.
    """

    def __init__(self, loss: Loss) -> None:
        self._loss, self._single = loss, per_example(loss)
        self._seen = _Seen()

    def add(self, outputs: Any, rest: tuple[Any, ...]) -> None:
        """Take up a batch.

        Args:
            outputs: What the model gave, one row an example; figures are of one tensor only.
            rest: What the loss got besides: the targets first.
        """
        if not isinstance(outputs, Tensor) or not outputs.ndim or not len(outputs):
            return
        with torch.no_grad():
            outputs, seen = outputs.detach().float(), self._seen
            seen.rows += len(outputs)
            seen.add("spread", _directions(outputs))
            values = self._values(outputs, rest)
            if values is not None:
                seen.losses.append(values)
                seen.thin_out()
            whole = rest and isinstance(rest[0], Mapping)
            targets = targets_of(rest[0] if whole else (outputs, *rest))
            targets = targets if isinstance(targets, Tensor) else None
            task = "other" if targets is None else task_of(self._loss, outputs, targets)
            seen.task = task if seen.task is None else common_task(seen.task, task)
            if targets is not None and seen.task != "other":
                seen.add("classes", _classified(task, outputs, targets, values))

    def _values(self, outputs: Tensor, rest: tuple[Any, ...]) -> Tensor | None:
        if self._single is None:
            return None
        values = self._single(outputs, *rest)
        return values.float().flatten() if isinstance(values, Tensor) and values.numel() else None

    def figures(self, accelerator: Any = None) -> dict[str, float]:
        """Column -> value; columns that do not apply are left out.

        Args:
            accelerator: Where several processes have seen a part each; all must ask.
        """
        seen = self._seen
        if accelerator is not None and accelerator.num_processes > 1:
            from accelerate.utils import gather_object

            seen = _together(gather_object([seen.on_cpu()]))
        figures = _spread(seen) | _quantiles(seen)
        return figures if seen.task == "other" else figures | _rates(seen)


Sums = dict[str, Tensor]


@dataclass
class _Seen:
    """What is kept of the batches.

    Attributes:
        rows: How many examples there were.
        sums: Over all of them, by what they are for; None where batches do not fit together.
        losses: Of every ``step``-th example.
        step: See `losses`.
        task: What the targets are.
    """

    rows: int = 0
    sums: dict[str, Sums | None] = field(default_factory=dict)
    losses: list[Tensor] = field(default_factory=list)
    step: int = 1
    task: Task | None = None

    def add(self, name: str, parts: Sums) -> None:
        known = self.sums.get(name, parts)
        if known is parts:
            self.sums[name] = parts
        elif known is not None:
            shapes = [{k: v.shape for k, v in each.items()} for each in (known, parts)]
            fit = shapes[0] == shapes[1]
            self.sums[name] = {k: v + parts[k] for k, v in known.items()} if fit else None

    def thin_out(self, step: int | None = None) -> None:
        """Keep as many losses as there is room for; or so few that one of ``step`` is left."""
        while sum(map(len, self.losses)) > MOST_VALUES or self.step < (step or 1):
            self.losses = [torch.cat(self.losses)[::2]] if self.losses else []
            self.step *= 2

    def on_cpu(self) -> "_Seen":
        sums = {n: s and {k: v.cpu() for k, v in s.items()} for n, s in self.sums.items()}
        losses = [values.cpu() for values in self.losses]
        return _Seen(self.rows, sums, losses, self.step, self.task)


def _together(parts: list[_Seen]) -> _Seen:
    whole = _Seen()
    step = max(part.step for part in parts)
    for part in parts:
        if not part.rows:
            continue
        part.thin_out(step)
        whole.rows += part.rows
        whole.losses += part.losses
        assert part.task is not None
        whole.task = part.task if whole.task is None else common_task(whole.task, part.task)
        for name, sums in part.sums.items():
            if sums is None:
                whole.sums[name] = None
            else:
                whole.add(name, sums)
    whole.step = step
    return whole


def _directions(outputs: Tensor) -> Sums:
    """Rows of unit length; outputs of shape ``(n, m, k)`` are m rows an example."""
    if outputs.ndim not in (2, 3) or outputs.shape[-1] < 2:
        return {}
    rows = nn.functional.normalize(outputs.flatten(0, -2), dim=-1)
    total = rows.sum(0, dtype=_wide(rows))
    return {"total": total, "number": torch.full_like(total[0], len(rows))}


def _spread(seen: _Seen) -> dict[str, float]:
    r"""How far rows of unit length spread: 1 if evenly in all directions, 0 if all are one.

    .. math:: \left( 1 - \lVert \tfrac 1 n \sum_i z_i / \lVert z_i \rVert \rVert^2 \right)^{1/2}
    """
    sums = seen.sums.get("spread")
    if not sums or seen.rows < 2:
        return {}
    mean = sums["total"] / sums["number"]
    return {"embedding_spread": float((1 - mean.square().sum()).clamp(min=0).sqrt())}


def _quantiles(seen: _Seen) -> dict[str, float]:
    if not seen.losses:
        return {}
    values = torch.cat(seen.losses)
    points = torch.tensor([0.5, 0.9, 0.99], dtype=values.dtype, device=values.device)
    tail = torch.quantile(values, points).tolist()
    return dict(zip(("loss_p50", "loss_p90", "loss_p99"), tail, strict=True))


def _classified(task: Task, outputs: Tensor, targets: Tensor, values: Tensor | None) -> Sums:
    """Sums over the examples of a batch, and over those of each class."""
    if task == "classes":
        scores, labels = outputs.flatten(0, -2), targets.flatten().long()
    else:
        # An event is one of two classes with the scores 0 and z: their softmax is its sigmoid.
        score = outputs.flatten()
        scores = torch.stack([torch.zeros_like(score), score], -1)
        labels = (targets.flatten() > 0).long()
    counted = labels >= 0  # positions to ignore carry a negative class by torch's custom
    if values is not None:
        values = values[counted] if len(values) == len(counted) else None
    scores, labels = scores[counted], labels[counted]
    own = scores.gather(-1, labels[:, None])[:, 0]
    others = scores.scatter(-1, labels[:, None], -torch.inf).amax(-1)
    probabilities = scores.softmax(-1)
    chosen = probabilities.gather(-1, labels[:, None])[:, 0]
    sums = {
        "number": (labels >= 0).sum(),
        "hard": (chosen < 0.5).sum(),
        "violating": (own - others < 1).sum(),
        "gaps": _gaps(probabilities, labels),
    }
    classes = scores.shape[1]
    if classes > SHOWN_CLASSES:
        return sums
    zeros = scores.new_zeros(classes, dtype=_wide(scores))
    by_class = {"sizes": torch.ones_like(own), "recall": (own > others).to(own)}
    if values is not None:
        by_class["loss"] = values
    return sums | {n: zeros.index_add(0, labels, v.to(zeros)) for n, v in by_class.items()}


def _gaps(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Accuracy less confidence, summed in each bin; NaN if a probability is."""
    finite = bool(probabilities.isfinite().all())
    diagram = reliability_diagram(probabilities if finite else probabilities.nan_to_num(), labels)
    gaps = diagram.counts * diagram.gaps
    return gaps if finite else torch.full_like(gaps, torch.nan)


def _rates(seen: _Seen) -> dict[str, float]:
    sums = seen.sums.get("classes")
    number = float(sums["number"]) if sums else 0.0
    if not sums or not number:
        return {}
    figures = {
        "hard_example_rate": float(sums["hard"]) / number,
        "margin_violation_rate": float(sums["violating"]) / number,
        "calibration_error": float(sums["gaps"].abs().sum()) / number,
    }
    for name in ("recall", "loss"):
        if name in sums:
            column = (sums[name] / sums["sizes"]).tolist()
            figures |= {f"class_{name}_{c}": value for c, value in enumerate(column)}
    return figures


def _wide(tensor: Tensor) -> torch.dtype:
    """What sums are kept in: float64 where the device has it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64
