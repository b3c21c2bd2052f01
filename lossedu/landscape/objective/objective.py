"""The loss as a function of the parameters: what a landscape is made of."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import check_choice
from lossedu.landscape.objective import batch_loss
from lossedu.landscape.objective.batch_loss import mean_of, owned
from lossedu.landscape.objective.batch_norm import check_has_gradient
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.objective.examples import Weighted, examples_of
from lossedu.landscape.objective.functional import Functional, evaluating
from lossedu.landscape.objective.layout import Layout, Selection, chosen_parameters
from lossedu.landscape.objective.plain_formulas import plain_formulas
from lossedu.landscape.objective.self_check import SelfCheck
from lossedu.training.batches import Data
from lossedu.training.forward import Forward, Loss, Outcome, hook_of
from lossedu.training.module_states import unwrapped

BatchNorm = Literal["frozen", "batch", "recomputed"]


class Objective:
    r"""The loss of a model over fixed examples, as a function of a vector of parameters.

    .. math:: L(\theta) = \sum_b \frac{w_b}{w}\, \ell\big(f_\theta(x_b), y_b\big)

    where a batch weighs as much as it has examples, or as its loss says.

    The model is read once and never touched: not its weights, gradients, buffers, mode or hooks,
    whatever is raised.  Every evaluation calls it functionally, with dropout off.  What the model
    does later, more training for example, changes nothing here.

    Args:
        model: Any module, also one wrapped by DistributedDataParallel or ``torch.compile``.
        loss: Called with the model's output and what follows the input in a batch; gives the mean
            over the examples of the batch, or that mean and its weight (the number of tokens that
            count, say).  A module is copied, and its copy is in evaluation mode.
        data: ``(inputs, targets)`` as tensors, a `DataLoader`, or a list of such batches; kept on
            the device after the first pass if all takes less than 1 GiB, otherwise read each time.
        forward: In place of ``loss``, which is None then: a function of the model and a batch that
            gives the loss, (loss, weight) or (loss, weight, outputs); see
            `lossedu.training.forward`.  Weights must not depend on the parameters.
        parameters: What varies: names, or a function of a name; by default all that require a
            gradient.  The others keep their values.
        batch_norm: "frozen" uses the running statistics that the model has.  "batch" uses those of
            each batch, as in training.  "recomputed" reads all examples twice: once at every point
            for the statistics, weighted by examples, and once for the loss.  A layer that keeps no
            running statistics always uses those of each batch.
        batch_size: How many rows of ``(inputs, targets)`` go at once; all of them by default.
        device: Where to compute; by default where the parameters are.
        dtype: What to compute in; by default each parameter's own.
        check: Whether to look once, on a few examples, whether the loss can be trusted; see
            `lossedu.landscape.objective.self_check`.

    Raises:
        ObjectiveError: From the first evaluation, if it cannot.
        TypeError: If ``data`` yields no batches or can be read only once.
        ValueError: If nothing varies, names are unknown, or ``data`` is empty.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> x = torch.tensor([[1.0], [2.0]])
        >>> objective = Objective(model, nn.functional.mse_loss, (x, 3 * x))
        >>> objective.value(torch.tensor([3.0])), objective.gradient(torch.tensor([2.0]))
        (0.0, tensor([-5.]))
    """

    @torch.inference_mode(False)
    def __init__(
        self,
        model: nn.Module,
        loss: Loss | None,
        data: Data,
        *,
        forward: Forward | None = None,
        parameters: Selection = None,
        batch_norm: BatchNorm = "frozen",
        batch_size: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        check: bool = True,
    ) -> None:
        """Read the model; see the class."""
        check_choice("batch_norm", batch_norm, get_args(BatchNorm))
        if dtype is not None and not dtype.is_floating_point:
            raise ValueError(f"dtype must be floating-point, but is {dtype}.")
        model = unwrapped(model)
        chosen = chosen_parameters(model, parameters)
        first = next(iter(chosen.values()))
        self.batch_norm = batch_norm
        self.device = torch.device(device) if device is not None else first.device
        self.loss, self.forward = (owned(each, self.device, dtype) for each in (loss, forward))
        hook = hook_of(self.loss, self.forward)
        self.layout = Layout(
            tuple(chosen),
            tuple(p.shape for p in chosen.values()),
            tuple(dtype or p.dtype for p in chosen.values()),
        )
        self.names, self.size = self.layout.names, self.layout.size
        """The parameters that vary, in the order in which they lie in a point; its length."""
        self.dtype = self.layout.dtype
        """The dtype of a point."""
        self.point = self.layout.flatten(chosen).to(self.device)
        """The model's own parameters, shape ``(size,)``."""
        self.fixed = {
            name: self._own(tensor.detach(), dtype)
            for name, tensor in model.named_parameters()
            if name not in chosen
        }
        """The parameters that do not vary, by name."""
        self.buffers = {name: self._own(b.detach(), dtype) for name, b in model.named_buffers()}
        """The buffers that the model had, by name."""
        training = batch_norm == "batch"
        self._model = Functional(model, hook, self.fixed, self.buffers, training_norms=training)
        self._examples = examples_of(data, batch_size, self.device, dtype)
        self._weights: list[float] = []
        self._check = SelfCheck() if check else SelfCheck.switched_off()

    def _own(self, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
        wanted = dtype if tensor.is_floating_point() else None
        return tensor.to(self.device, wanted, copy=True)

    @property
    def has_batch_norm(self) -> bool:
        """Whether the model has layers whose statistics depend on the batch in training."""
        return bool(self._model.norms)

    def with_batch_norm(self, batch_norm: BatchNorm) -> "Objective":
        """The same objective with another treatment of batch norm; examples are shared."""
        check_choice("batch_norm", batch_norm, get_args(BatchNorm))
        other = copy.copy(self)
        other.batch_norm = batch_norm
        other._model = self._model.with_norms(training=batch_norm == "batch")
        return other

    def flatten(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """A ``state_dict`` of the model as a point; see `Layout.flatten`."""
        return self.layout.flatten(tensors).to(self.device)

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """A point as named tensors, which share its memory; see `Layout.unflatten`."""
        return self.layout.unflatten(theta)

    def batches(self) -> Iterator[Weighted]:
        """The examples, in the same batches every time."""
        return iter(self._examples)

    def functional(self) -> Functional:
        """The model as a function of its parameters, with the statistics that it has."""
        return self.with_batch_norm("frozen")._model if self.batch_norm == "batch" else self._model

    def trust_curvature(self, theta: Tensor, batch: Weighted) -> None:
        """Look, once, whether second derivatives at a point can be trusted.

        Raises:
            ObjectiveError: If they cannot.
        """
        self._check("curvature", self, theta, batch)

    def value(self, theta: Tensor) -> float:
        """The loss at a point: the mean over all that counts, summed in float64.

        Args:
            theta: A point, shape ``(size,)``.

        Returns:
            The loss, which is NaN or infinite where the model's is.
        """
        with evaluating():
            return mean_of(self._outcomes(theta))

    def digest(self) -> str:
        """A fingerprint of all that the loss depends on besides a point and the loss's own code."""
        splits = self.has_batch_norm and self.batch_norm != "frozen"
        words = (self.batch_norm, self.names, self.layout.shapes, self.layout.dtypes)
        tensors = (*self.fixed.values(), *self.buffers.values())
        return digest_of((*words, self._examples.digest(split=splits)), tensors)

    @contextmanager
    def following(self, theta: Tensor) -> Iterator[Callable[[], float]]:
        """The loss at a point that is moved in place: what can be prepared once is.

        Args:
            theta: A point, shape ``(size,)``.

        Yields:
            A function that gives the loss at what ``theta`` holds when it is called.
        """
        recomputes = self.batch_norm == "recomputed" and self.has_batch_norm
        shares_memory = set(self.layout.dtypes) == {theta.dtype}
        with evaluating():
            if recomputes or not shares_memory:
                yield lambda: mean_of(self._outcomes(theta))
                return
            with self._model.placed(self.unflatten(theta)) as outcome:
                yield lambda: mean_of((outcome(batch), batch) for batch in self._trusted(theta))

    def gradient(self, theta: Tensor) -> Tensor:
        """The gradient at a point, shape ``(size,)``; see `value_and_gradient`."""
        return self.value_and_gradient(theta)[1]

    def value_and_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """The loss and its gradient at a point.

        Args:
            theta: A point, shape ``(size,)``.

        Raises:
            ValueError: If batch norm's statistics are recomputed: the gradient would have to pass
                through all examples at once.  If nothing leads from the loss to the parameters.
        """

        def outcomes(leaf: Tensor) -> batch_loss.Outcomes:
            return ((self._outcome(leaf, batch), batch) for batch in self.batches())

        return batch_loss.mean_and_gradient(theta, outcomes)

    def differentiable(self, theta: Tensor, batch: Weighted) -> Tensor:
        """The loss of one batch as a scalar that can be differentiated, more than once.

        Where losses have weights it is scaled, so that the mean over batches by their examples is
        that by their weights.

        Args:
            theta: A point, shape ``(size,)``.
            batch: One of `batches`.

        Raises:
            ValueError: If batch norm's statistics are recomputed.
        """
        return self._share(self._outcome(theta, batch), batch)

    def outputs(self, theta: Tensor, batch: Weighted) -> Any:
        """What the model says of one batch, differentiable in ``theta``; see `differentiable`.

        Raises:
            ValueError: If ``forward`` gives no outputs.
        """
        check_has_gradient(self.batch_norm, self.has_batch_norm)
        with plain_formulas():
            found = self._model.outputs(self.unflatten(theta), batch)
        if found is None:
            raise ValueError(
                "forward must return (loss, weight, outputs) where outputs are asked for, but "
                "returned none."
            )
        return found

    def _outcome(self, theta: Tensor, batch: Weighted) -> Outcome:
        check_has_gradient(self.batch_norm, self.has_batch_norm)
        self._check("gradient", self, theta, batch)
        with plain_formulas():
            return self._model.outcome(self.unflatten(theta), batch)

    def statistics(self, theta: Tensor) -> dict[str, Tensor]:
        """All buffers after every example has gone through batch norm in training mode at a point.

        Means and variances of batches are averaged with the number of their examples as weights.
        """
        with evaluating():
            fresh = self.with_batch_norm("recomputed")
            return fresh._model.statistics(self.unflatten(theta), self.batches())

    def loss_of(self, outputs: Any, batch: Weighted) -> Tensor:
        """The loss of what the model said of one batch; see `differentiable`."""
        with plain_formulas():
            return self._share(self._model.hook.of_outputs(outputs, batch.values), batch)

    def _share(self, found: Outcome, batch: Weighted) -> Tensor:
        """A loss for the mean over batches by their examples; see `differentiable`."""
        if found.weight is not None and not self._weights:
            with evaluating():
                self._weights.append(batch_loss.weight_of_example(self._outcomes(self.point)))
        return batch_loss.shared(found, batch, *self._weights)

    def _outcomes(self, theta: Tensor) -> Iterator[tuple[Outcome, Weighted]]:
        """What comes of each batch."""
        named = self.unflatten(theta)
        recomputes = self.batch_norm == "recomputed" and self.has_batch_norm
        statistics = self._model.statistics(named, self.batches()) if recomputes else None
        for batch in self._trusted(theta):
            yield self._model.outcome(named, batch, statistics), batch

    def _trusted(self, theta: Tensor) -> Iterator[Weighted]:
        """The batches, once the first has been looked at."""
        for batch in self.batches():
            self._check("value", self, theta, batch)
            yield batch
