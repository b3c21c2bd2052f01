"""What is measured at the end of an epoch: what outputs say of a model, and metrics."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from lossedu.training.batches import Batch
from lossedu.training.epoch_summary import Summary
from lossedu.training.loss_kinds import Loss
from lossedu.training.outputs import Outputs, counted, detached


@runtime_checkable
class StreamingMetric(Protocol):
    """A metric that reads one batch after another, as those of torchmetrics do.

    ``reset`` is called before each epoch; a metric that has none is copied for each.
    """

    def update(self, outputs: Any, *rest: Any) -> Any:
        """Take up a batch."""

    def compute(self) -> Any:
        """One number, of all batches."""


Metric = Callable[..., Any] | StreamingMetric


class EpochFigures:
    """The figures and metrics of an epoch, batch by batch.

    Outputs are kept only where a metric is a function of all of them.

    Args:
        loss: The loss that was trained on.
        metrics: By the names of their columns.
        accelerator: Of the run.
    """

    def __init__(self, loss: Loss, metrics: Mapping[str, Metric], accelerator: Any) -> None:
        self._accelerator = accelerator
        self._summary = Summary(loss)
        self._metrics = {n: _fresh(m, accelerator.device) for n, m in metrics.items()}
        self._streaming = [m for m in self._metrics.values() if isinstance(m, StreamingMetric)]
        self._kept = Outputs() if read_whole(metrics) else None

    def add(self, outputs: Any, rest: tuple[Any, ...], batch: Batch) -> None:
        """Take up a batch.

        Raises:
            ValueError: If metrics have nothing to read.
        """
        if self._metrics and outputs is None:
            raise ValueError(
                "forward must return (loss, weight, outputs) where there are metrics, but returned "
                "no outputs."
            )
        if batch.count:
            self._summary.add(outputs, rest)
        self._stream(outputs, rest, batch)
        if self._kept is not None:
            self._kept.add(_readable(outputs), rest, batch)

    def _stream(self, outputs: Any, rest: tuple[Any, ...], batch: Batch) -> None:
        if not self._streaming:
            return
        own = counted(outputs, rest, batch.count)
        whole = own
        if self._accelerator.num_processes > 1:
            alone = Outputs()
            alone.add(outputs, rest, batch)
            whole = alone.gathered(self._accelerator)
        for metric in self._streaming:
            if not hasattr(metric, "sync_on_compute"):
                metric.update(whole[0], *whole[1])
            elif batch.count:  # one of torchmetrics brings processes together itself, at the end
                metric.update(own[0], *own[1])

    def row(self) -> dict[str, float]:
        """Column -> value.

        Raises:
            ValueError: If a metric is not one number.
        """
        figures = self._summary.figures(self._accelerator)
        outputs, rest = (None, ()) if self._kept is None else self._kept.gathered(self._accelerator)
        for name, metric in self._metrics.items():
            with torch.no_grad():
                if isinstance(metric, StreamingMetric):
                    value = metric.compute()
                else:
                    value = metric(outputs, *rest)
            figures[name] = _number(name, value)
        return figures


def read_whole(metrics: Mapping[str, Metric]) -> bool:
    """Whether a metric is a function of all outputs, which must be kept for it."""
    return not all(isinstance(metric, StreamingMetric) for metric in metrics.values())


def _fresh(metric: Metric, device: torch.device) -> Metric:
    """The metric without what it has seen in an earlier epoch."""
    if not isinstance(metric, StreamingMetric):
        return metric
    if not hasattr(metric, "reset"):
        return copy.deepcopy(metric)
    metric.reset()
    return metric.to(device) if isinstance(metric, nn.Module) else metric


def _readable(outputs: Any) -> Any:
    found = detached(outputs)
    if found is None:
        raise ValueError(
            "outputs must be tensors, or tuples, lists and mappings of them, where a metric reads "
            f"those of all batches, but are {type(outputs).__name__}. Hint: forward may return the "
            "part that the metric reads, (loss, None, found.logits); a metric with update and "
            "compute reads one batch after another."
        )
    return found


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        shaped = isinstance(value, Tensor)
        given = f"shape {tuple(value.shape)}" if shaped else type(value).__name__
        raise ValueError(
            f"metrics[{name!r}] must return one number, but returns {given}."
        ) from error
