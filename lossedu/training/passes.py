"""Forward and backward passes of one process, weighted so that all together make one mean."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lossedu.training import random_states
from lossedu.training.batches import Batch, Source
from lossedu.training.epoch_figures import EpochFigures
from lossedu.training.forward import Hook, Outcome, beside
from lossedu.training.module_states import buffers_kept, modes_kept
from lossedu.training.outputs import Outputs, detached
from lossedu.training.telemetry import dense_parts


@runtime_checkable
class Uphill(Protocol):
    """An optimizer that steps by the gradient of another point, as `lossedu.landscape.SAM` does."""

    def first_step(self) -> None:
        """Go there by the gradient at hand, and clear it."""

    def go_back(self) -> None:
        """Return; the gradient found there stays."""


class Passes:
    """What a batch goes through.

    Args:
        accelerator: Device, precision and processes.
        model: As accelerate wants it called.
        hook: How the model is called with a batch.
        owners: Modules besides the model whose buffers a pass may change: a loss.
        trained: The parameters that get gradients.
        tail: Where outputs of training batches go; None: nowhere.
        whole: Whether that keeps all outputs, rather than those that are one tensor.
    """

    def __init__(
        self,
        accelerator: Any,
        model: nn.Module,
        hook: Hook,
        owners: Sequence[Any],
        trained: Sequence[nn.Parameter],
        tail: Outputs | None,
        whole: bool,
    ) -> None:
        self._accelerator, self._model, self._hook = accelerator, model, hook
        self._owners, self._trained, self._tail, self._whole = owners, trained, tail, whole
        self._world, self._device = accelerator.num_processes, accelerator.device

    def gradients(self, group: list[Batch], optimizer: Any) -> tuple[Tensor, Tensor | int]:
        """Forward and backward passes of one step.

        The loss is this process's part, at the parameters themselves; so is the gradient, unless
        the optimizer steps by another one.
        """
        if not isinstance(optimizer, Uphill):
            return self._all(group, self._tail)
        states = random_states.capture()
        found = self._all(group, self._tail)
        optimizer.first_step()
        try:
            random_states.restore(states)  # dropout hides the same units
            with buffers_kept(self._model, *self._owners):  # a step has one batch, not two
                self._all(group, tail=None)
        finally:
            optimizer.go_back()
        return found

    def _all(self, group: list[Batch], tail: Outputs | None) -> tuple[Tensor, Tensor | int]:
        total = sum(batch.total for batch in group)
        parts: list[Tensor] = []
        weights: list[Tensor] = []
        for k, batch in enumerate(group):
            alone = self._world > 1 and k < len(group) - 1
            with self._accelerator.no_sync(self._model) if alone else nullcontext():
                part, weight = self._backward(batch, total, tail)
            parts.append(part)
            weights += [] if weight is None else [weight]
        loss = parts[0] if len(parts) == 1 else torch.stack(parts).sum()
        if not weights:
            return loss, total
        if len(weights) < len(parts):
            raise ValueError(
                "forward must return a weight for all batches or for none, but returned some."
            )
        return self._divided(loss, torch.stack(weights).sum())

    def _backward(
        self, batch: Batch, total: int, tail: Outputs | None
    ) -> tuple[Tensor, Tensor | None]:
        values = self.place(batch.values)
        found = self._outcome(values, batch)
        value, weight = found.loss, found.weight
        if weight is not None:
            weight = weight if batch.count else weight * 0
            if self._world == 1 and not weight:  # a mean of nothing: NaN, and so its gradient
                value = _nothing(value)
            value = value * weight
        elif batch.count != total:
            value = value * (batch.count / total)
        # Processes average their gradients; their sum is wanted.
        self._accelerator.backward(value * self._world if self._world > 1 else value)
        if tail is not None:
            outputs = found.outputs if self._whole else _one_tensor(found.outputs)
            tail.add(detached(outputs), beside(values), batch)
        return value.detach(), weight

    def _outcome(self, values: Any, batch: Batch) -> Outcome:
        try:
            return self._hook(self._model, values)
        except (ValueError, RuntimeError) as error:
            reason = self._reason(self._hook.inputs(values), batch)
            if not reason:
                raise
            raise ValueError(reason) from error

    def _reason(self, inputs: Any, batch: Batch) -> str:
        """Why a model cannot take a batch, where that is known; empty otherwise."""
        if batch.count < 2 and any(map(_needs_several, self._model.modules())):
            share = f" of {batch.total} among {self._world} processes" if self._world > 1 else ""
            return (
                "train must yield batches of two examples or more to a model with batch norm, but "
                f"yields one{share}. Hint: drop_last=True in a DataLoader, or a batch size that "
                "leaves no single example."
            )
        own = {p.dtype for p in self._model.parameters() if p.is_floating_point()}
        if isinstance(inputs, Tensor) and inputs.is_floating_point() and inputs.dtype not in own:
            listed = " or ".join(sorted(map(str, own)))
            return (
                f"train must yield inputs of the model's dtype, {listed}, but yields "
                f"{inputs.dtype}. Hint: inputs.float(), or model.double()."
            )
        return ""

    def _divided(self, loss: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The losses of all batches were sums: divide by the weight of all of them."""
        if self._world > 1:
            weight = self._accelerator.reduce(weight, "sum")
        divisor = torch.where(weight > 0, weight, torch.ones_like(weight))
        gradients = dense_parts(self._trained)
        if gradients:
            torch._foreach_div_(gradients, divisor)
        return loss / divisor, weight

    def validate(
        self, valid: Source, seen: EpochFigures, stopped: Callable[[], bool]
    ) -> float | None:
        """The mean loss of the validation data, which ``seen`` is shown; None if it was stopped."""
        model = getattr(self._model, "module", self._model) if self._world > 1 else self._model
        sums, weights = [], []
        with modes_kept(model), torch.no_grad():
            model.eval()
            for batch in valid.epoch(0):
                if stopped():
                    return None
                values = self.place(batch.values)
                found = self._hook(model, values)
                weight = torch.full_like(found.loss, batch.count)
                if found.weight is not None:
                    weight = found.weight * (batch.count > 0)
                sums.append(torch.where(weight > 0, found.loss, 0).double() * weight)
                weights.append(weight.double())
                seen.add(found.outputs, beside(values), batch)
        if not sums:
            raise ValueError("valid must yield at least one batch, but yields none.")
        both = torch.stack([torch.stack(sums).sum(), torch.stack(weights).sum()])
        both = self._accelerator.reduce(both, "sum") if self._world > 1 else both
        return float(both[0] / both[1].where(both[1] > 0, 1))

    def place(self, values: Any) -> Any:
        """A batch on the device."""
        if self._device.type == "cpu":
            return values
        from accelerate.utils import send_to_device

        return send_to_device(values, self._device, non_blocking=True)


def _needs_several(part: nn.Module) -> bool:
    """Whether a part computes statistics of its batch, which one example has none of."""
    return isinstance(part, _BatchNorm) and (part.training or part.running_mean is None)


def _nothing(loss: Tensor) -> Tensor:
    """0, with a graph that gives no gradient."""
    return torch.zeros_like(loss, requires_grad=True)


def _one_tensor(outputs: Any) -> Tensor | None:
    return outputs if isinstance(outputs, Tensor) else None
