"""A model as a function of its tensors: what calls it, apart from the model itself."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lossedu.landscape.objective.batch_loss import owned
from lossedu.landscape.objective.batch_norm import averaging, norms_of
from lossedu.landscape.objective.examples import Weighted
from lossedu.landscape.objective.plain_formulas import plain_formulas
from lossedu.landscape.objective.skeleton import has_ties, placed, skeleton_of
from lossedu.training.forward import Hook, Outcome, changed

T = TypeVar("T")
Named = Mapping[str, Tensor]


class Functional:
    """The structure of a model, in evaluation mode, and the hook that calls it with a batch.

    Args:
        model: Any module; it is only read.
        hook: Called with the model and a batch.
        fixed: The parameters that do not vary, by name.
        buffers: The buffers, by name.
        training_norms: Whether batch norm uses the statistics of each batch.
    """

    def __init__(
        self, model: nn.Module, hook: Hook, fixed: Named, buffers: Named, *, training_norms: bool
    ) -> None:
        self.hook, self.fixed, self.buffers = hook, fixed, buffers
        self._whole = _Whole(skeleton_of(model))
        self._tied = has_ties(model)
        self._treat_norms(training_norms)

    def _treat_norms(self, training: bool) -> None:
        """Find the layers of batch norm, and give them the mode that they shall have."""
        self.norms = norms_of(self._whole.model)
        for norm in self.norms:
            norm.train(training)

    def with_norms(self, *, training: bool) -> "Functional":
        """The same with another mode of batch norm."""
        other = copy.copy(self)
        other._whole = copy.deepcopy(self._whole)
        other._treat_norms(training)
        return other

    def in_double(self) -> "Functional":
        """The same in float64."""
        other = copy.copy(self)
        other.fixed, other.buffers = _doubled(self.fixed), _doubled(self.buffers)
        other.hook = changed(self.hook, _doubled_function)
        return other

    def outcome(self, named: Named, batch: Weighted, statistics: Named | None = None) -> Outcome:
        """The loss of a batch.

        Args:
            named: The parameters that vary.
            batch: The batch.
            statistics: Buffers in place of those that the model had.
        """
        return self._call(self.hook, {**named, **self._buffers_now(), **(statistics or {})}, batch)

    def outputs(self, named: Named, batch: Weighted) -> Any:
        """The model's outputs alone; None if there are none."""
        return self._call(self.hook.outputs, {**named, **self._buffers_now()}, batch)

    def statistics(self, named: Named, batches: Iterable[Weighted]) -> dict[str, Tensor]:
        """The buffers after all batches have gone through batch norm in training mode."""
        buffers = self._buffers_now()
        with averaging(self.norms) as expect:
            for batch in batches:
                expect(batch.count)
                self._call(self.hook.outputs, {**named, **buffers}, batch)
        return buffers

    @contextmanager
    def placed(self, named: Named) -> Iterator[Callable[[Weighted], Outcome]]:
        """Put tensors into the structure for many calls; see `skeleton.placed`.

        Yields:
            A function that gives the loss of a batch.
        """
        model = self._whole.model
        with placed(model, {**named, **self.fixed}, self.buffers) as renew:

            def outcome(batch: Weighted) -> Outcome:
                renew()
                return self.hook(model, batch.values)

            yield outcome

    def _buffers_now(self) -> dict[str, Tensor]:
        """Copies: a module may write into its buffers."""
        return {name: buffer.clone() for name, buffer in self.buffers.items()}

    def _call(self, call: Callable[[nn.Module, Any], T], named: Named, batch: Weighted) -> T:
        tensors = {f"model.{name}": tensor for name, tensor in {**named, **self.fixed}.items()}
        arguments = (call, batch.values)
        found: T = functional_call(self._whole, tensors, arguments, tie_weights=self._tied)
        return found


def _doubled(tensors: Named) -> Named:
    return {name: t.double() if t.is_floating_point() else t for name, t in tensors.items()}


def _doubled_function(function: Any) -> Any:
    """A loss with its tensors, weights of classes for example, in float64."""
    if isinstance(function, partial):
        values: dict[Any, Any] = {**dict(enumerate(function.args)), **function.keywords}
        wide = _doubled({k: v for k, v in values.items() if isinstance(v, Tensor)})
        arguments = {**values, **wide}
        first = [arguments.pop(place) for place in range(len(function.args))]
        return partial(_doubled_function(function.func), *first, **arguments)
    return owned(function, None, torch.float64)


@contextmanager
def evaluating() -> Iterator[None]:
    """Without graphs, by the formulas that are used where there is one."""
    with torch.inference_mode(False), torch.no_grad(), plain_formulas():
        yield


class _Whole(nn.Module):
    """The structure of a model where whatever calls it can be called functionally."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, call: Callable[[nn.Module, Any], Any], values: Any) -> Any:
        """Call the model by a function of it and a batch."""
        return call(self.model, values)
