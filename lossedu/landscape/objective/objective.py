"""The loss as a function of the parameters: what a landscape is made of."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lossedu.arguments.checks import check_choice
from lossedu.landscape.objective.attention import plain_attention
from lossedu.landscape.objective.batch_loss import one_number, owned, with_graph
from lossedu.landscape.objective.batch_norm import averaging, norms_of
from lossedu.landscape.objective.digest import digest_of
from lossedu.landscape.objective.examples import Weighted, examples_of
from lossedu.landscape.objective.layout import Layout, Selection, chosen_parameters
from lossedu.landscape.objective.recomputation import activations_kept
from lossedu.landscape.objective.skeleton import has_ties, placed, skeleton_of
from lossedu.training.batches import Data
from lossedu.training.module_states import unwrapped

Loss = Callable[..., Tensor]
BatchNorm = Literal["frozen", "batch", "recomputed"]


class Objective:
    r"""The loss of a model over fixed examples, as a function of a vector of parameters.

    .. math:: L(\theta) = \sum_b \frac{n_b}{n}\, \ell\big(f_\theta(x_b), y_b\big)

    The model is read once and never touched: not its weights, gradients, buffers, mode or hooks,
    whatever is raised.  Every evaluation calls it functionally, with dropout off.  What the model
    does later, more training for example, changes nothing here.

    Args:
        model: Any module, also one wrapped by DistributedDataParallel or ``torch.compile``.
        loss: Called with the model's output and what follows the input in a batch; gives the mean
            over the examples of the batch.  A module is copied, and its copy is in evaluation mode.
        data: ``(inputs, targets)`` as tensors, a `DataLoader`, or a list of such batches; kept on
            the device after the first pass if all takes less than 1 GiB, otherwise read each time.
        parameters: What varies: names, or a function of a name; by default all that require a
            gradient.  The others keep their values.
        batch_norm: "frozen" uses the running statistics that the model has.  "batch" uses those of
            each batch, as in training.  "recomputed" reads all examples twice: once at every point
            for the statistics, weighted by examples, and once for the loss.  A layer that keeps no
            running statistics always uses those of each batch.
        batch_size: How many rows of ``(inputs, targets)`` go at once; all of them by default.
        device: Where to compute; by default where the parameters are.
        dtype: What to compute in; by default each parameter's own.

    Raises:
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
        loss: Loss,
        data: Data,
        *,
        parameters: Selection = None,
        batch_norm: BatchNorm = "frozen",
        batch_size: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
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
        self.loss = owned(loss, self.device, dtype)
        self.layout = Layout(
            tuple(chosen),
            tuple(p.shape for p in chosen.values()),
            tuple(dtype or p.dtype for p in chosen.values()),
        )
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
        self._skeleton = skeleton_of(model)
        self._tied = has_ties(model)
        self._treat_norms()
        self._examples = examples_of(data, batch_size, self.device, dtype)

    def _treat_norms(self) -> None:
        """Find the layers of batch norm, and give them the mode that they shall have."""
        self._norms = norms_of(self._skeleton)
        for norm in self._norms:
            norm.train(self.batch_norm == "batch")

    def _own(self, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
        wanted = dtype if tensor.is_floating_point() else None
        return tensor.to(self.device, wanted, copy=True)

    @property
    def has_batch_norm(self) -> bool:
        """Whether the model has layers whose statistics depend on the batch in training."""
        return bool(self._norms)

    def with_batch_norm(self, batch_norm: BatchNorm) -> "Objective":
        """The same objective with another treatment of batch norm; examples are shared."""
        check_choice("batch_norm", batch_norm, get_args(BatchNorm))
        other = copy.copy(self)
        other.batch_norm = batch_norm
        other._skeleton = copy.deepcopy(self._skeleton)
        other._treat_norms()
        return other

    @property
    def size(self) -> int:
        """How many parameters vary."""
        return self.layout.size

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that vary, in the order in which they lie in a point."""
        return self.layout.names

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of a point."""
        return self.layout.dtype

    def flatten(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """A ``state_dict`` of the model as a point; see `Layout.flatten`."""
        return self.layout.flatten(tensors).to(self.device)

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """A point as named tensors, which share its memory; see `Layout.unflatten`."""
        return self.layout.unflatten(theta)

    def batches(self) -> Iterator[Weighted]:
        """The examples, in the same batches every time."""
        return iter(self._examples)

    def value(self, theta: Tensor) -> float:
        """The loss at a point: the mean over all examples, summed in float64.

        Args:
            theta: A point, shape ``(size,)``.

        Returns:
            The loss, which is NaN or infinite where the model's is.
        """
        with _evaluating():
            return self._mean(self._losses(self.unflatten(theta)))

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
        with _evaluating():
            if recomputes or not shares_memory:
                yield lambda: self._mean(self._losses(self.unflatten(theta)))
                return
            tensors = {**self.unflatten(theta), **self.fixed}
            with placed(self._skeleton, tensors, self.buffers) as renew:
                yield lambda: self._mean(self._losses_in_place(renew))

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
        losses: list[tuple[Tensor, int]] = []
        # In half precision a sum over examples overflows, and one over batches stops to grow.
        wide = torch.promote_types(theta.dtype, torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            gradient = torch.zeros_like(theta, dtype=wide)
            leaf = (theta.clone() if theta.is_inference() else theta).detach().requires_grad_()
            for batch in self.batches():
                loss = with_graph(self.differentiable(leaf, batch))
                (part,) = torch.autograd.grad(loss, leaf, materialize_grads=True)
                gradient.add_(part.to(wide), alpha=batch.count)
                losses.append((loss.detach(), batch.count))
        count = sum(n for _, n in losses)
        return self._mean(iter(losses)), (gradient / count).to(theta.dtype)

    def differentiable(self, theta: Tensor, batch: Weighted) -> Tensor:
        """The loss of one batch as a scalar that can be differentiated, more than once.

        Args:
            theta: A point, shape ``(size,)``.
            batch: One of `batches`.

        Raises:
            ValueError: If batch norm's statistics are recomputed.
        """
        return self.loss_of(self.outputs(theta, batch), batch)

    def outputs(self, theta: Tensor, batch: Weighted) -> Any:
        """What the model says of one batch, differentiable in ``theta``; see `differentiable`."""
        if self.batch_norm == "recomputed" and self._norms:
            raise ValueError(
                'batch_norm must be "frozen" or "batch" where a gradient is asked for, but is '
                '"recomputed".'
            )
        with plain_attention(), activations_kept():
            return self._call(self.unflatten(theta), batch, self._buffers_now())

    def statistics(self, theta: Tensor) -> dict[str, Tensor]:
        """All buffers after every example has gone through batch norm in training mode at a point.

        Means and variances of batches are averaged with the number of their examples as weights.
        """
        with _evaluating():
            return self.with_batch_norm("recomputed")._recomputed(self.unflatten(theta))

    def loss_of(self, outputs: Any, batch: Weighted) -> Tensor:
        """The loss of what the model said of one batch."""
        return one_number(self.loss, outputs, batch)

    def _call(self, named: dict[str, Tensor], batch: Weighted, buffers: dict[str, Tensor]) -> Any:
        tensors = {**named, **self.fixed, **buffers}
        return functional_call(self._skeleton, tensors, batch.values[:1], tie_weights=self._tied)

    def _buffers_now(self) -> dict[str, Tensor]:
        """Copies: a module may write into its buffers."""
        return {name: buffer.clone() for name, buffer in self.buffers.items()}

    def _losses(self, named: dict[str, Tensor]) -> Iterator[tuple[Tensor, int]]:
        """The loss of each batch, and how many examples it has."""
        recomputes = self.batch_norm == "recomputed" and self.has_batch_norm
        statistics = self._recomputed(named) if recomputes else {}
        for batch in self.batches():
            buffers = self._buffers_now() | statistics
            yield self.loss_of(self._call(named, batch, buffers), batch), batch.count

    def _losses_in_place(self, renew: Callable[[], None]) -> Iterator[tuple[Tensor, int]]:
        """The same, where the parameters lie in the model already."""
        for batch in self.batches():
            renew()
            yield self.loss_of(self._skeleton(batch.values[0]), batch), batch.count

    def _mean(self, losses: Iterator[tuple[Tensor, int]]) -> float:
        # Read at the end, so that an accelerator is not waited for after each batch.
        pairs = list(losses)
        return sum(float(loss) * n for loss, n in pairs) / sum(n for _, n in pairs)

    def _recomputed(self, named: dict[str, Tensor]) -> dict[str, Tensor]:
        """The buffers after all batches have gone through batch norm in training mode."""
        buffers = self._buffers_now()
        with averaging(self._norms) as expect:
            for batch in self.batches():
                expect(batch.count)
                self._call(named, batch, buffers)
        return buffers


@contextmanager
def _evaluating() -> Iterator[None]:
    with torch.inference_mode(False), torch.no_grad(), plain_attention(), activations_kept():
        yield
