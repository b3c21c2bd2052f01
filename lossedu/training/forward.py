r"""From a batch to its loss: the one call by which models are trained and looked at.

`fit`, `lossedu.landscape.Objective`, and what is built on them take ``loss``, a function of the
model's output and of what follows the input in a batch; or ``forward``, for every other model::

    forward(model, batch) -> loss
    forward(model, batch) -> loss, weight
    forward(model, batch) -> loss, weight, outputs

``batch`` is what the data yield, on the device: a tensor, a tuple or a list of them, or a
dictionary.  ``loss`` is a mean over the batch; ``weight`` says of how much, the number of tokens
for example (None: of the batch's examples).  The loss over all data is then

.. math:: L = \frac{\sum_b w_b \ell_b}{\sum_b w_b},

however the data are split into batches, as long as the parameters do not change the weights.
``outputs`` are what metrics and figures of an epoch are computed from; without them there are none.
Figures of classes need targets, too: the second part of a batch, or its ``labels``, one an example.
Call the model itself, ``model(...)``, so that whatever wraps it (mixed precision, several
processes) takes part.

Example:
    A batch that is a dictionary, and a model that computes its own loss:

    >>> from functools import partial
    >>> from types import SimpleNamespace
    >>> from lossedu.landscape import Objective
    >>> from lossedu.training import fit
    >>> class Regression(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.head = nn.Linear(1, 1)
    ...     def forward(self, inputs, labels):
    ...         logits = self.head(inputs)
    ...         loss = nn.functional.mse_loss(logits, labels)
    ...         return SimpleNamespace(loss=loss, logits=logits)
    >>> x = torch.linspace(-1, 1, 8)[:, None]
    >>> data = [{"inputs": x[:5], "labels": 2 * x[:5]}, {"inputs": x[5:], "labels": 2 * x[5:]}]
    >>> def own_loss(model, batch):
    ...     return model(**batch).loss
    >>> model, sgd = Regression(), partial(torch.optim.SGD, lr=0.3)
    >>> history = fit(model, None, data, forward=own_loss, optimizer=sgd, epochs=40, progress=False)
    >>> history.last("train_loss") < 1e-3
    True
    >>> objective = Objective(model, None, data, forward=own_loss)
    >>> objective.value(objective.point) < 1e-3
    True

    Several inputs; outputs for a metric:

    >>> def of_pairs(model, batch):
    ...     left, right, label = batch
    ...     distance = (model(left) - model(right)).square().sum(-1)
    ...     return nn.functional.mse_loss(distance, label), None, distance
    >>> pairs = (x, -x, 4 * x[:, 0] ** 2)
    >>> metrics = {"largest": lambda distance, *rest: distance.max()}
    >>> history = fit(nn.Linear(1, 1), None, pairs, forward=of_pairs, optimizer=sgd, epochs=1,
    ...     metrics=metrics, progress=False)
    >>> history.last("largest") > 0
    True

    A language model on padded sequences: the mean is over tokens, so their number is its weight:

    >>> def of_tokens(model, batch):
    ...     logits = model(batch["tokens"])
    ...     loss = nn.functional.cross_entropy(logits.mT, batch["labels"], ignore_index=-100)
    ...     return loss, (batch["labels"] != -100).sum(), logits
    >>> tokens = torch.tensor([[0, 1, 2], [2, 0, 0], [1, 2, 0]])
    >>> labels = torch.tensor([[1, 2, 0], [0, -100, -100], [2, 0, -100]])
    >>> model = nn.Embedding(3, 3)
    >>> whole = [{"tokens": tokens, "labels": labels}]
    >>> split = [{"tokens": t[None], "labels": y[None]} for t, y in zip(tokens, labels)]
    >>> one, other = (Objective(model, None, d, forward=of_tokens) for d in (whole, split))
    >>> abs(one.value(one.point) - other.value(other.point)) < 1e-6
    True

    An output that holds a cache, say: give back the part that metrics read, ``found.logits``::

        def without_cache(model, batch):
            found = model(**batch)
            return found.loss, None, found.logits
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import can_look

Loss = Callable[..., Any]
Forward = Callable[[nn.Module, Any], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a batch.

    Attributes:
        loss: A mean, shape ``()``.
        weight: Of how much it is the mean, shape ``()``; None: of the batch's examples.
        outputs: The model's; None if there are none.
    """

    loss: Tensor
    weight: Tensor | None = None
    outputs: Any = None


class Hook(Protocol):
    """How a model is called with a batch."""

    def __call__(self, model: nn.Module, batch: Any) -> Outcome:
        """The loss."""

    def outputs(self, model: nn.Module, batch: Any) -> Any:
        """The model's outputs alone; None if there are none."""

    def of_outputs(self, outputs: Any, batch: Any) -> Outcome:
        """The loss of outputs that there are already."""

    def inputs(self, batch: Any) -> Any:
        """What of a batch the model gets."""


@dataclass(frozen=True)
class ByLoss:
    """The model gets the first part of a batch, the loss its output and the other parts."""

    loss: Loss

    def __call__(self, model: nn.Module, batch: Any) -> Outcome:
        """See `Hook`."""
        return self.of_outputs(self.outputs(model, batch), batch)

    def outputs(self, model: nn.Module, batch: Any) -> Any:
        """See `Hook`."""
        return model(self.inputs(batch))

    def of_outputs(self, outputs: Any, batch: Any) -> Outcome:
        """See `Hook`."""
        found = self.loss(outputs, *beside(batch))
        loss, weight = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        return _outcome("loss", loss, weight, outputs)

    def inputs(self, batch: Any) -> Any:
        """See `Hook`."""
        if isinstance(batch, Mapping):
            raise TypeError(
                "data must yield tensors or tuples (inputs, targets, ...) where there is a loss, "
                f"but yield {type(batch).__name__}. Hint: forward=lambda model, batch: "
                "model(**batch).loss."
            )
        return batch if isinstance(batch, Tensor) else batch[0]


@dataclass(frozen=True)
class ByForward:
    """The model goes through a function of the caller's."""

    forward: Forward

    def __call__(self, model: nn.Module, batch: Any) -> Outcome:
        """See `Hook`."""
        found = self.forward(model, batch)
        parts = found if isinstance(found, tuple) else (found,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                "forward must return loss, (loss, weight) or (loss, weight, outputs), but returned "
                f"{len(parts)} parts."
            )
        loss, weight, outputs = (*parts, None, None)[:3]
        return _outcome("forward", loss, weight, outputs)

    def outputs(self, model: nn.Module, batch: Any) -> Any:
        """See `Hook`."""
        return self(model, batch).outputs

    def of_outputs(self, outputs: Any, batch: Any) -> Outcome:
        """See `Hook`."""
        raise ValueError(
            "loss must be a function of the model's outputs where its curvature in them is asked "
            "for, but there is forward in its place. Hint: Objective(model, loss, data)."
        )

    def inputs(self, batch: Any) -> Any:
        """See `Hook`: it may get all."""
        return batch


def hook_of(loss: Loss | None, forward: Forward | None) -> Hook:
    """How a model is called.

    Raises:
        TypeError: If what was given cannot be called.
        ValueError: If both were given, or none.
    """
    if (loss is None) == (forward is None):
        given = "neither is" if loss is None else "both are"
        raise ValueError(
            f"loss or forward must be given, and not both, but {given}. Hint: forward computes the "
            "loss itself, so loss is None beside it."
        )
    for name, function in (("loss", loss), ("forward", forward)):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function, but is {type(function).__name__}.")
    return ByLoss(loss) if loss is not None else ByForward(forward)  # type: ignore[arg-type]


def changed(hook: Hook, change: Callable[[Any], Any]) -> Hook:
    """The same with another function of the caller's."""
    if isinstance(hook, ByLoss):
        return ByLoss(change(hook.loss))
    assert isinstance(hook, ByForward)
    return ByForward(change(hook.forward))


def beside(batch: Any) -> tuple[Any, ...]:
    """What a loss and metrics get besides outputs: what follows the input, or a whole mapping."""
    if isinstance(batch, Tensor):
        return ()
    return (batch,) if isinstance(batch, Mapping) else tuple(batch[1:])


def targets_of(batch: Any) -> Any:
    """What outputs are held against: the second part; of a mapping, labels one an example.

    Labels of sequences stay out: a language model may shift them by one place, or not.
    """
    if isinstance(batch, Mapping):
        labels = batch.get("labels")
        return labels if isinstance(labels, Tensor) and labels.ndim == 1 else None
    return next(iter(beside(batch)), None)


def _outcome(name: str, loss: Any, weight: Any, outputs: Any) -> Outcome:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        shaped = isinstance(loss, Tensor)
        given = f"shape {tuple(loss.shape)}" if shaped else type(loss).__name__
        own = isinstance(getattr(loss, "loss", None), Tensor)
        hint = "return its .loss." if own else 'reduction="mean".'
        raise ValueError(f"{name} must return one number, but returned {given}. Hint: {hint}")
    loss = loss if loss.ndim == 0 else loss.reshape(())
    return Outcome(loss, None if weight is None else _weight(name, weight, loss), outputs)


def _weight(name: str, weight: Any, loss: Tensor) -> Tensor:
    found = torch.as_tensor(weight, device=loss.device).detach()
    if found.numel() != 1:
        raise ValueError(
            f"{name} must return one number as the weight of its mean, but returned shape "
            f"{tuple(found.shape)}. Hint: mask.sum()."
        )
    if can_look(found) and not 0 <= float(found) < torch.inf:
        raise ValueError(
            f"{name} must return a weight of at least 0 and finite, but returned {float(found):g}."
        )
    return found.reshape(())
