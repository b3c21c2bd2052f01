"""Does a function keep shape and precision, and leave its inputs alone?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.checks.check import Finding
from autograder.checks.examples import Arguments
from autograder.checks.recognition import Exchange
from autograder.checks.wording import shown, trouble
from autograder.sandbox.session import Call, Reply, Work

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Shapes:
    """Shape and dtype of the result, for several shapes and dtypes of the input.

    Half of the points are for shapes (empty, no dimensions, batches), half for dtypes and for
    inputs left as they were.

    Attributes:
        id: As ``"focal.shapes"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook.
        arguments: Arguments of a shape and a dtype.
        shapes: To be tried in float32.
        dtypes: To be tried in the first of the shapes.
        result: The shape that is due for a shape.
        costly: Whether it takes more than a second.
    """

    id: str
    cell: str
    points: float
    function: str
    arguments: Callable[[Shape, torch.dtype], Arguments]
    shapes: tuple[Shape, ...] = ((3,), (2, 3), (), (0,), (2, 1, 2))
    dtypes: tuple[torch.dtype, ...] = (torch.float64, torch.float32, torch.float16)
    result: Callable[[Shape], Shape] = tuple
    costly: bool = False

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Ask in every shape, then in every dtype; nothing here is secret."""
        asked = [(shape, torch.float32) for shape in self.shapes]
        asked += [(self.shapes[0], dtype) for dtype in self.dtypes]
        calls = [Call(self.function, self.arguments(shape, dtype)) for shape, dtype in asked]
        replies = [
            (call, reply, self.result(shape), dtype)
            for call, reply, (shape, dtype) in zip(calls, work.call(calls), asked, strict=True)
        ]
        count = len(self.shapes)
        shaped = [self._misshapen(call, reply, due) for call, reply, due, _ in replies]
        kept = [self._not_kept(*one) for one in replies[count:]]
        share = (_all_none(shaped[:count]) + _all_none([*shaped[count:], *kept])) / 2
        first = next(filter(None, [*shaped, *kept]), None)
        if first is None:
            return Finding("passed", 1.0)
        return Finding(first.status, share, first.message)

    def _misshapen(self, call: Call, reply: Reply, due: Shape) -> Finding | None:
        right = Reply("ok", torch.zeros(due), "Tensor")
        return trouble(Exchange(call, reply, right, public=True))

    def _not_kept(self, call: Call, reply: Reply, due: Shape, dtype: torch.dtype) -> Finding | None:
        if self._misshapen(call, reply, due) is not None:
            return None
        if not isinstance(reply.value, Tensor) or reply.kind not in ("Tensor", "Parameter"):
            said = f"must return a torch tensor, but returns a {_plain_kind(reply)}"
        elif reply.value.dtype != dtype:
            said = f"must return {dtype} for {dtype}, but returns {reply.value.dtype}"
        elif reply.changed:
            said = "must leave its inputs as they are, but changes one in place"
        else:
            return None
        return Finding("failed", 0.0, f"{self.function} {said}: see {shown(call)}.")


def _all_none(faults: Iterable[object]) -> bool:
    return all(fault is None for fault in faults)


def _plain_kind(reply: Reply) -> str:
    return {"ndarray": "numpy array", "float": "float", "int": "int"}.get(reply.kind, "thing")
