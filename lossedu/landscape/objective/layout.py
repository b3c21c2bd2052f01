"""Named tensors as one vector, and back: views, so nothing is copied on the way back."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lossedu.names import unknown_name

Selection = Collection[str] | Callable[[str], bool] | None


@dataclass(frozen=True)
class Layout:
    """Where each parameter lies in the vector.

    Attributes:
        names: The parameters, as `torch.nn.Module.named_parameters` calls them.
        shapes: The shape of each.
        dtypes: The dtype that each has in the model.
    """

    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    dtypes: tuple[torch.dtype, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many entries each parameter has."""
        return tuple(prod(shape) for shape in self.shapes)

    @cached_property
    def dtype(self) -> torch.dtype:
        """The dtype of the vector: one that holds every parameter exactly."""
        return reduce(torch.promote_types, self.dtypes)

    @property
    def size(self) -> int:
        """How many entries the vector has."""
        return sum(self.sizes)

    def flatten(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The named tensors as one new vector, detached; names beyond the layout's are ignored.

        Args:
            tensors: A tensor for each name: a ``state_dict`` is one.

        Raises:
            ValueError: If a name is missing, or a shape is another.
        """
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            if name not in tensors:
                raise ValueError(
                    f"tensors must hold every parameter, but {name!r} is missing. Hint: give the "
                    "state_dict of the same model, before it is wrapped or compiled."
                )
            if tensors[name].shape != shape:
                raise ValueError(
                    f"tensors[{name!r}] must have shape {tuple(shape)}, but has shape "
                    f"{tuple(tensors[name].shape)}."
                )
            parts.append(tensors[name].detach().reshape(-1).to(self.dtype))
        return torch.cat(parts)

    def check(self, name: str, vector: Tensor) -> None:
        """Refuse what is no vector of this layout, calling it by its name.

        Raises:
            ValueError: If it has another shape.
        """
        if vector.shape != (self.size,):
            raise ValueError(
                f"{name} must have shape ({self.size},), one entry for each parameter, but has "
                f"shape {tuple(vector.shape)}."
            )

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """The vector as named tensors, each in its own dtype, with gradients passing through.

        Args:
            theta: A vector of shape ``(size,)``.

        Raises:
            ValueError: If it has another shape.
        """
        self.check("theta", theta)
        parts = torch.split(theta, list(self.sizes))
        rows = zip(self.names, parts, self.shapes, self.dtypes, strict=True)
        return {name: part.view(shape).to(dtype) for name, part, shape, dtype in rows}


def chosen_parameters(model: nn.Module, selection: Selection) -> dict[str, nn.Parameter]:
    """The parameters that vary: those that require a gradient, or those selected.

    Raises:
        ValueError: If a name is unknown, nothing is left, or a parameter has no shape yet or is
            not of real floating-point numbers.
    """
    named = dict(model.named_parameters())
    if any(is_lazy(parameter) for parameter in named.values()):
        raise ValueError(
            "model must know the shapes of its parameters, but has lazy ones. Hint: call it on one "
            "batch first."
        )
    if selection is None:
        chosen = {name: p for name, p in named.items() if p.requires_grad}
    elif callable(selection):
        chosen = {name: p for name, p in named.items() if selection(name)}
    else:
        _check_names(selection, named)
        chosen = {name: p for name, p in named.items() if name in selection}
    if not sum(p.numel() for p in chosen.values()):
        raise ValueError(
            "parameters must select at least one parameter of the model, but none is left. Hint: "
            "by default those that require a gradient are taken."
        )
    for name, parameter in chosen.items():
        if not parameter.is_floating_point():
            raise ValueError(
                f"parameters must be real and floating-point, but {name!r} is {parameter.dtype}."
            )
    return chosen


def _check_names(selection: Collection[str], named: Mapping[str, nn.Parameter]) -> None:
    names = {selection} if isinstance(selection, str) else set(selection)
    unknown = sorted(names - set(named))
    rule = "be a function of a name, or a collection of names of parameters:"
    if isinstance(selection, str):
        raise ValueError(f"parameters must {rule[:-1]}, but is the string {selection!r}.")
    if unknown:
        told = unknown_name("parameters", unknown[0], named, rule=rule, verb="hold")
        more = "" if "Hint:" in told else " Hint: a tied parameter has its first name."
        raise ValueError(f"{told}{more}")
