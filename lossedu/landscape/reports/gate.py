"""The landscape gate: limits that a saved model must keep before it goes on."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from lossedu.extras import explained
from lossedu.landscape.connectivity.barrier import linear_barrier
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.reports.comparison import between
from lossedu.landscape.reports.movement import check_same_elsewhere, drift
from lossedu.landscape.reports.vital_signs import ALONE, Measured, VitalSigns, vital_signs
from lossedu.landscape.results.result import Result
from lossedu.names import unknown_name
from lossedu.tables import Table
from lossedu.training.batches import Data
from lossedu.training.forward import Forward, Loss

HELD_OUT = ("cross_entropy", "accuracy", "calibration_error", "brier_score")
"""What is measured of a classifier on held-out data."""
BESIDE = ("barrier", "drift")
"""What is measured against a reference: the barrier on the line between, the relative distance."""


@dataclass(frozen=True)
class Limit(Result):
    """Where a figure may lie.

    Attributes:
        most: The highest.
        least: The lowest.

    Raises:
        ValueError: If nothing lies between them.
    """

    most: float = math.inf
    least: float = -math.inf

    def __post_init__(self) -> None:
        """Refuse limits that no figure can keep."""
        if not self.least <= self.most:
            raise ValueError(
                f"least must not be above most, but least is {self.least:g} and most {self.most:g}."
            )

    def admits(self, measured: Measured) -> bool:
        """Whether it is inside, its error included, and its computation done."""
        low, high = measured.value - measured.error, measured.value + measured.error
        known = measured.converged and math.isfinite(low) and math.isfinite(high)
        return known and self.least <= low and high <= self.most


@dataclass(frozen=True)
class GateCheck(Result):
    """One limit and what was found.

    Attributes:
        name: Of the figure.
        measured: The figure.
        limit: Where it may lie.
        passed: Whether it does.
    """

    name: str
    measured: Measured
    limit: Limit
    passed: bool


@dataclass(frozen=True)
class GateResult(Result):
    """Whether a model may pass.

    Attributes:
        checks: In the order of the limits.
    """

    derived: ClassVar = ("passed",)

    checks: tuple[GateCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every limit is kept."""
        return all(check.passed for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 or 1."""
        return 0 if self.passed else 1

    def table(self) -> Table:
        """One row for each limit."""
        rows = [
            (c.name, c.measured.value, c.measured.error, c.limit.least, c.limit.most, _verdict(c))
            for c in self.checks
        ]
        headings = ["", "value", "error", "least", "most", "verdict"]
        return Table(headings, rows, label="the landscape gate")


def landscape_gate(
    model: nn.Module,
    loss: Loss | None,
    data: Data,
    limits: Mapping[str, Limit],
    held_out: Data | None = None,
    *,
    forward: Forward | None = None,
    reference: nn.Module | None = None,
    batch_size: int | None = None,
    tolerance: float = 0.05,
    seed: int = 0,
) -> GateResult:
    """Measure a model and hold it against limits.

    A figure passes with its error: an eigenvalue's bound, two standard errors of an estimate, what
    a barrier may hide.  What did not converge, or is not finite, does not pass.

    Args:
        model: It stays as it is.
        loss: As for `Objective`.
        data: The landscape's, usually what it was trained on.
        limits: By figure: `ALONE`, `HELD_OUT` and, with a reference, `BESIDE`.
        held_out: What the figures of `HELD_OUT` are measured on; by default ``data``.
        forward: As for `Objective`.
        reference: An earlier model of the same structure; read for limits of `BESIDE` only.
        batch_size: As for `Objective`.
        tolerance: Of curvature and barrier, relative.
        seed: Of random vectors.

    Raises:
        ValueError: If a limit is unknown, needs a reference that is not given, or is one for
            classifiers and the model is none, or if the reference differs in more than the values
            of parameters and batch norm's statistics.
    """
    _check_names(limits, reference)
    settings: dict[str, Any] = {"forward": forward, "batch_size": batch_size}
    objective = Objective(model, loss, data, **settings)
    seen = Objective(model, loss, data if held_out is None else held_out, **settings)
    signs = vital_signs(objective, seen, tolerance=tolerance, seed=seed)
    ends = None
    if reference is not None and _needs_reference(limits):
        before, now = (between(m, loss, data, **settings) for m in (reference, model))
        ends = (before, now)
    return _held_against(limits, signs, ends, tolerance)


def gate_objective(
    objective: Objective,
    limits: Mapping[str, Limit],
    *,
    reference: Objective | None = None,
    tolerance: float = 0.05,
    seed: int = 0,
) -> GateResult:
    """As `landscape_gate`, of a model that is an objective already; see there.

    Raises:
        ValueError: As there, or if the reference differs in anything but what varies.
    """
    _check_names(limits, reference)
    signs = vital_signs(objective, tolerance=tolerance, seed=seed)
    ends = None
    if reference is not None and _needs_reference(limits):
        ends = (reference, objective)
    return _held_against(limits, signs, ends, tolerance)


def _held_against(
    limits: Mapping[str, Limit],
    signs: VitalSigns,
    ends: tuple[Objective, Objective] | None,
    tolerance: float,
) -> GateResult:
    beside = _beside(*ends, tolerance) if ends is not None else {}
    checks = []
    for name, limit in limits.items():
        measured = beside[name] if name in beside else _sign(signs, name)
        checks.append(GateCheck(name, measured, limit, limit.admits(measured)))
    return GateResult(tuple(checks))


def read_limits(path: str | Path) -> dict[str, Limit]:
    """Limits from a YAML or JSON file.

    Each line is a figure and the most that it may be, or both ends::

        top_eigenvalue: 60
        accuracy: {least: 0.95}

    Raises:
        ValueError: If the file cannot be read or is no such mapping; the message names the line
            or the figure.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"limits must be a text file that can be read, but {path} is not: {said}."
        ) from error
    found = _parsed(text, path)
    if not isinstance(found, dict) or not found:
        raise ValueError(f"limits must be a mapping of figures to limits, but {path} holds none.")
    return {str(name): _limit(name, value) for name, value in found.items()}


def _parsed(text: str, path: Path) -> Any:
    with explained("read_limits", "landscape"):
        import yaml

        from lossedu.training.config import fault_in

    try:
        return json.loads(text)  # YAML reads some JSON otherwise: 1e-3 as a word, tabs as a fault
    except json.JSONDecodeError:
        pass
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(
            f"limits must be a YAML or JSON file, but {path} is not: {fault_in(error)}."
        ) from error


def _limit(name: Any, value: Any) -> Limit:
    given = value if isinstance(value, dict) else {"most": value}
    ends = {end: _number(number) for end, number in given.items()}
    if not ends or None in ends.values() or set(ends) - {"most", "least"}:
        raise ValueError(
            f"limits must give each figure a number or {{least: ..., most: ...}}, but {name!r} has "
            f"{value!r}."
        )
    try:
        return Limit(**{end: number for end, number in ends.items() if number is not None})
    except ValueError as error:
        raise ValueError(f"{error} Hint: look at the limits of {name!r}.") from error


def _number(given: Any) -> float | None:
    """A number, also one that YAML takes for a word, such as 1e-3; None if it is none."""
    try:
        return None if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        return None


def _needs_reference(limits: Mapping[str, Limit]) -> bool:
    return any(name in limits for name in BESIDE)


def _check_names(limits: Mapping[str, Limit], reference: object) -> None:
    known = (*ALONE, *HELD_OUT, *BESIDE)
    unknown = [name for name in limits if name not in known]
    if unknown:
        raise ValueError(unknown_name("limits", unknown[0], known, rule="be of", verb="hold"))
    if not limits:
        raise ValueError(f"limits must be of {', '.join(map(repr, known))}, but hold none.")
    if reference is None and _needs_reference(limits):
        raise ValueError(
            f"reference must be given where limits are of {' or '.join(BESIDE)}, but is not."
        )


def _sign(signs: VitalSigns, name: str) -> Measured:
    if name in HELD_OUT:
        if not signs.held_out:
            raise ValueError(f"limits must fit the model, but {name!r} is for classifiers.")
        return Measured(signs.held_out[name])
    found = getattr(signs, name)
    return found if isinstance(found, Measured) else Measured(found)


def _beside(reference: Objective, objective: Objective, tolerance: float) -> dict[str, Measured]:
    check_same_elsewhere(reference, objective, names=("reference", "model"))
    line = reference.with_batch_norm("recomputed")
    barrier = linear_barrier(line, reference.point, objective.point, tolerance=tolerance)
    moved = drift(line, reference.point, objective.point)["all"]
    return {
        "barrier": Measured(barrier.height, barrier.error, barrier.converged),
        "drift": Measured(moved.relative),
    }


def _verdict(check: GateCheck) -> str:
    if check.passed:
        return "passed"
    return "failed" if check.measured.converged else "not converged"
