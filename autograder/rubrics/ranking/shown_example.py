"""Is something that a student returns, and the grader only looks at, what was asked for?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from autograder.checks.check import Finding
from autograder.checks.comparison import as_tensor
from autograder.checks.recognition import Exchange
from autograder.checks.wording import trouble
from autograder.sandbox.session import Call, Reply, Work


@dataclass(frozen=True)
class ShownExample:
    """Judges tensors that a function without arguments returns.

    Attributes:
        id: As ``"ranking.counterexample"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook.
        returns: What the tensors are called, in order.
        fault: What is wrong with them, in a sentence; empty if nothing is.  They hold finite
            doubles.
    """

    id: str
    cell: str
    points: float
    function: str
    returns: tuple[str, ...]
    fault: Callable[..., str]

    costly: ClassVar[bool] = False

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Look at what is returned; nothing here is secret."""
        call = Call(self.function)
        (reply,) = work.call([call])
        if reply.status not in ("ok", "unreadable"):
            found = trouble(Exchange(call, reply, Reply("ok", torch.zeros(())), public=True))
            assert found is not None
            return found
        tensors = self._tensors(reply)
        if tensors is None:
            named = ", ".join(self.returns)
            said = f"{self.function} must return {len(self.returns)} tensors: {named}."
            return Finding("failed", 0.0, said)
        if not all(bool(tensor.isfinite().all()) for tensor in tensors):
            return Finding("failed", 0.0, f"{self.function} must return finite numbers.")
        said = self.fault(*tensors)
        return Finding("failed", 0.0, said) if said else Finding("passed", 1.0)

    def _tensors(self, reply: Reply) -> list[Tensor] | None:
        value = reply.value
        if not isinstance(value, list | tuple) or len(value) != len(self.returns):
            return None
        found = [as_tensor(part) for part in value if isinstance(part, Tensor)]
        tensors = [tensor for tensor in found if tensor is not None]
        return tensors if len(tensors) == len(value) else None
