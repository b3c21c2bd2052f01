"""What a loss charges single cases, and how steeply: measured before anything is said about it.

A loss that is designed has no single right formula, so nothing here compares with one.  A
submission may return a charge for each case or their mean; a mean is asked about case by case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from autograder.checks.check import Finding
from autograder.checks.comparison import as_tensor
from autograder.checks.recognition import Exchange
from autograder.checks.wording import trouble
from autograder.sandbox.session import Call, Reply, Work

Ask = Callable[[Work, str, Sequence["Case"], bool], tuple[Tensor, Tensor] | Finding]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        logit: What the model says.
        target: 1 for abnormal, 0 for normal.
        severity: From 1 to 10.
    """

    logit: float
    target: float
    severity: float


@dataclass(frozen=True)
class Grid:
    """Cases of every combination.

    Attributes:
        sizes: Logits above 0; each is tried with both signs.
        severities: Rising.
    """

    sizes: tuple[float, ...]
    severities: tuple[float, ...]

    @cached_property
    def logits(self) -> tuple[float, ...]:
        """Rising."""
        return (*(-size for size in reversed(self.sizes)), *self.sizes)

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """By target, then severity, then logit."""
        return tuple(
            Case(logit, target, severity)
            for target in (0.0, 1.0)
            for severity in self.severities
            for logit in self.logits
        )


@dataclass(frozen=True)
class Charges:
    """What a submission charges the cases of a grid.

    Attributes:
        grid: The cases.
        values: Shape ``(2, severities, logits)``: by target, severity and logit.
        slopes: Their derivatives in the logit, the same shape; 0 where there is none.
    """

    grid: Grid
    values: Tensor
    slopes: Tensor

    def at_mirrors(self) -> Tensor:
        """Ratios of a miss at -z to a false alarm at z, shape ``(severities, sizes)``."""
        return self.wrong(1) / self.wrong(0)

    def wrong(self, target: int) -> Tensor:
        """Charges of the wrong side, the least wrong first, shape ``(severities, sizes)``."""
        return self._wrong_side(self.values, target)

    def wrong_slopes(self, target: int) -> Tensor:
        """Slopes towards more charge on the wrong side, shape ``(severities, sizes)``."""
        return self._wrong_side(self.slopes, target) * (1 - 2 * target)

    def growth(self, target: int) -> Tensor:
        """Charges of each severity over those of the least, shape ``(severities, sizes)``."""
        return self.wrong(target) / self.wrong(target)[:1]

    def _wrong_side(self, table: Tensor, target: int) -> Tensor:
        count = len(self.grid.sizes)
        return table[1, :, :count].flip(1) if target else table[0, :, count:]


@dataclass(frozen=True)
class Shown:
    """All that known mistakes are told by.

    Attributes:
        charges: Of an open grid.
        singly: Charges of the cases of a small batch, asked one by one.
        together: What is returned for that batch; None if that is no number.
        far: Charges and slopes on the wrong side at logits of ±10 000.
    """

    charges: Charges
    singly: Tensor
    together: Tensor | None
    far: tuple[Tensor, Tensor]


def batch_of(cases: Sequence[Case]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and severities of some cases."""
    rows = torch.tensor([(case.logit, case.target, case.severity) for case in cases])
    logits, targets, severity = rows.unbind(1)
    return logits.contiguous(), targets.contiguous(), severity.contiguous()


def ask_singly(
    work: Work, function: str, cases: Sequence[Case], public: bool
) -> tuple[Tensor, Tensor] | Finding:
    """Charges and slopes of cases asked one by one; or why there are none."""
    calls = [Call(function, batch_of([case]), gradient_of=0) for case in cases]
    values, slopes = [], []
    for call, reply in zip(calls, work.call(calls), strict=True):
        due = Reply("ok", torch.zeros(1 if as_shape(reply) == (1,) else ()))
        found = trouble(Exchange(call, reply, due, public))
        if found is not None:
            return found
        value = as_tensor(reply.value)
        assert value is not None
        values.append(value.reshape(()))
        slope = reply.gradient
        slopes.append(torch.zeros(()) if slope is None else slope.double().reshape(()))
    return torch.stack(values), torch.stack(slopes).double()


def ask(
    work: Work, function: str, cases: Sequence[Case], public: bool
) -> tuple[Tensor, Tensor] | Finding:
    """Charges and slopes of cases: in one call if each case has its own, else one by one.

    Whether neighbours matter is a question of its own, so it does not matter here.
    """
    (reply,) = work.call([Call(function, batch_of(cases), gradient_of=0)])
    value = as_tensor(reply.value) if reply.status == "ok" else None
    if value is None or value.shape != (len(cases),):
        return ask_singly(work, function, cases, public)
    slopes = torch.zeros(len(cases)) if reply.gradient is None else reply.gradient
    return value, slopes.double()


def as_shape(reply: Reply) -> tuple[int, ...] | None:
    """The shape of what came back, if it is a number or a tensor."""
    value = as_tensor(reply.value)
    return None if value is None else tuple(value.shape)


def measure(
    work: Work, function: str, grid: Grid, public: bool, how: Ask = ask
) -> Charges | Finding:
    """What a submission charges, asked together or singly; or why that cannot be said."""
    asked = how(work, function, grid.cases, public)
    if isinstance(asked, Finding):
        return asked
    shape = (2, len(grid.severities), len(grid.logits))
    return Charges(grid, asked[0].reshape(shape), asked[1].reshape(shape))
