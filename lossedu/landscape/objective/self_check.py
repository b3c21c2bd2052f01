r"""Whether an objective can be trusted: asked once, on a few examples, before its first answer.

* The value twice: it must not change from one call to the next.
* The value of a batch and of its parts: a mean, not a sum, of the examples.
* A directional derivative, and with curvature a Hessian-vector product, against differences of
  what they are derivatives of, and :math:`v \cdot H w = w \cdot H v`.

What cannot be evaluated this way is not judged.  Of derivatives see `derivative_checks`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from lossedu.landscape.objective.derivative_checks import check_curvature, check_gradient
from lossedu.landscape.objective.examples import Weighted, few_of
from lossedu.landscape.objective.functional import evaluating
from lossedu.landscape.objective.objective_error import ObjectiveError
from lossedu.training import random_states

if TYPE_CHECKING:
    from lossedu.landscape.objective.objective import Objective

Stage = Literal["value", "gradient", "curvature"]

_STAGES: tuple[Stage, ...] = ("value", "gradient", "curvature")
_ROWS = 8


@dataclass
class SelfCheck:
    """What is known of an objective already.

    Attributes:
        known: What is wrong with each stage that was looked at; None if nothing is.
    """

    known: dict[Stage, ObjectiveError | None] = field(default_factory=dict)

    @classmethod
    def switched_off(cls) -> "SelfCheck":
        """One that never looks."""
        return cls(dict.fromkeys(_STAGES))

    def __call__(
        self, stage: Stage, objective: "Objective", theta: Tensor, batch: Weighted
    ) -> None:
        """Ask what a stage needs, once.

        Args:
            stage: What will be computed.
            objective: Whose.
            theta: Where, shape ``(size,)``.
            batch: A batch, of which a few rows are taken.

        Raises:
            ObjectiveError: If the answer cannot be trusted.
        """
        if (stage in self.known and self.known[stage] is None) or _inside_a_transform():
            return
        for each in _STAGES[: _STAGES.index(stage) + 1]:
            if each not in self.known:
                self.known[each] = self._fault(each, objective, theta, batch)
            fault = self.known[each]
            if fault is not None:
                raise fault.with_traceback(None)

    def _fault(
        self, stage: Stage, objective: "Objective", theta: Tensor, batch: Weighted
    ) -> ObjectiveError | None:
        before = random_states.capture()
        try:
            return fault_of(stage, objective, theta, batch)
        except Exception:  # whatever it is, the evaluation that follows says it better
            return None
        finally:
            random_states.restore(before)


def _inside_a_transform() -> bool:
    """Whether tensors have no values now: `torch.func` is at work."""
    try:
        torch.zeros(1).numpy()
    except RuntimeError:
        return True
    return False


def fault_of(
    stage: Stage, objective: "Objective", theta: Tensor, batch: Weighted
) -> ObjectiveError | None:
    """What is wrong with a stage; None if nothing is; raises whatever the model raises."""
    checks = {"value": _check_value, "gradient": check_gradient, "curvature": check_curvature}
    return checks[stage](objective, theta.detach(), batch)


def _check_value(objective: "Objective", theta: Tensor, batch: Weighted) -> ObjectiveError | None:
    model = objective.functional()
    few = few_of(batch, _ROWS)
    whole = batch if few is None else few
    with evaluating():
        named = objective.unflatten(theta)

        def value(part: Weighted) -> float:
            return float(model.outcome(named, part.copied()).loss)

        before = random_states.capture()
        first = value(whole)
        drawn = not random_states.same(before, random_states.capture())
        second = value(whole)
        if not (math.isfinite(first) and math.isfinite(second)):
            return None
        eps = torch.finfo(objective.dtype).eps
        if (drawn and first != second) or abs(first - second) > 64 * eps * max(1.0, abs(first)):
            return _random(first, second)
        return None if few is None else _summed(few, value, first, eps)


def _random(first: float, second: float) -> ObjectiveError:
    return ObjectiveError(
        "random",
        "loss must be a function of parameters and data alone, but is "
        f"{first:.6g} and then {second:.6g} at the same point. Hint: F.dropout(x, p, "
        "self.training) is off in evaluation, F.dropout(x, p) is not; noise that is meant needs "
        "torch.random.fork_rng() and a seed inside of forward.",
    )


def _summed(
    few: Weighted, value: Callable[[Weighted], float], whole: float, eps: float
) -> ObjectiveError | None:
    """A fault if the value of some examples is the sum of that of their parts."""
    near = max(1e-3, 4 * eps) * abs(whole)
    places = sorted({few.count // 2, few.count // 4} - {0})
    half = math.nan
    for place in places:
        parts = few.rows(0, place), few.rows(place, few.count)
        one, other = map(value, parts)
        mean = (one * place + other * (few.count - place)) / few.count
        added = abs(one + other - whole) <= near
        if not added or not abs(mean - whole) > 10 * near:
            return None
        half = one
    if not places or not math.isfinite(half):
        return None
    return ObjectiveError(
        "sum",
        f"loss must be a mean over the examples of a batch, but is a sum: {half:.6g} of "
        f"{places[-1]} examples, {whole:.6g} of {few.count} with them. Hint: "
        'reduction="mean"; or return the mean and its weight.',
    )
