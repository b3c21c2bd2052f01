"""Are derivatives right: those that autograd takes through a function, and those in closed form?

A detached factor is invisible in values; here it shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.checks.against_reference import Aspect, Differentiated
from autograder.checks.comparison import same_value
from autograder.checks.recognition import Exchange


@dataclass(frozen=True)
class Gradients(Differentiated):
    """What autograd finds through the submission's function, against the reference's derivative."""

    def _fault(self, one: Exchange, aspect: Aspect) -> str:
        if same_value(one.call, one.reply, one.right):
            if one.reply.gradient is None:
                return (
                    f"{self.function} gives right values, but no gradient reaches its input: "
                    "it leaves torch, or detaches, on the way."
                )
            return (
                f"{self.function} gives right values, but its gradient is wrong: {aspect.words}. "
                "Is a part of it detached, rounded or clamped?"
            )
        return f"The gradient of {self.function} is not right yet: {aspect.words}."


def derivative(reference: Callable[..., Any], position: int = 0) -> Callable[..., Tensor]:
    """The derivative of a reference's sum by one argument: what a closed form must equal."""

    def slope(*arguments: Any) -> Tensor:
        leaf = arguments[position].detach().clone().requires_grad_()
        with torch.enable_grad():
            total = reference(*arguments[:position], leaf, *arguments[position + 1 :]).sum()
            (found,) = torch.autograd.grad(total, leaf)
        return found

    return slope
