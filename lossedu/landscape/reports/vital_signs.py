"""What is worth knowing of one model before it is compared or let through."""

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lossedu.arguments.checks import check_positive
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.products import hessian
from lossedu.landscape.curvature.sharpness import expected_sharpness
from lossedu.landscape.curvature.trace import trace
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.objective.predictions import predictions
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.random_states import stream_seed

ALONE = ("loss", "gradient_norm", "top_eigenvalue", "trace", "sharpness", "statistics_gap")
"""What is measured of the model itself."""


@dataclass(frozen=True)
class Measured(Result):
    """A number and how far it may be off.

    Attributes:
        value: The number.
        error: Of an eigenvalue the bound, of an estimate two standard errors; of the sharpness
            also what rounding to the model's dtype may do to the loss.
        converged: Whether its computation reached its tolerance.
    """

    value: float
    error: float = 0.0
    converged: bool = True


@dataclass(frozen=True, eq=False)
class VitalSigns(Result):
    """A model at its own point.

    Attributes:
        loss: With the batch norm statistics that it has.
        statistics_gap: How much higher that is than with statistics recomputed on the same data;
            0 without batch norm.
        gradient_norm: Of the loss.
        gradient_norms: Of each parameter.
        top_eigenvalue: Of the Hessian.
        trace: Of the Hessian.
        sharpness: The mean rise when every weight moves by a hundredth of its own size.
        held_out: Cross-entropy, accuracy, calibration_error and brier_score on held-out data;
            empty where the task is no classification.
        loss_by_class: Mean cross-entropy of each class's held-out examples.
        point: The parameters.
    """

    loss: float
    statistics_gap: float
    gradient_norm: float
    gradient_norms: dict[str, float]
    top_eigenvalue: Measured
    trace: Measured
    sharpness: Measured
    held_out: dict[str, float]
    loss_by_class: list[float]
    point: Tensor = field(repr=False)

    def figures(self) -> dict[str, Measured]:
        """Each number by its name, with what is known of its error."""
        alone = {name: getattr(self, name) for name in ALONE}
        every = alone | self.held_out
        return {k: v if isinstance(v, Measured) else Measured(v) for k, v in every.items()}

    def table(self) -> Table:
        """One row for each figure."""
        rows = [
            (name.replace("_", " "), m.value, m.error, "yes" if m.converged else "no")
            for name, m in self.figures().items()
        ]
        return Table(["", "value", "error", "converged"], rows, label="a model at its own point")


def vital_signs(
    objective: Objective,
    held_out: Objective | None = None,
    *,
    tolerance: float = 0.05,
    max_products: int = 200,
    seed: int = 0,
    progress: bool = False,
) -> VitalSigns:
    """Measure a model where it stands, with the batch norm statistics that it has.

    Args:
        objective: The landscape; its point is the model.
        held_out: The same model on other data, for calibration and losses of classes; by default
            ``objective``.
        tolerance: Of the top eigenvalue and the trace, relative.
        max_products: Hessian-vector products at most for each of them.
        seed: Of random vectors.
        progress: Whether to show bars in a terminal.

    Raises:
        ValueError: If the tolerance is not above 0.
    """
    check_positive("tolerance", tolerance)
    said = predictions((held_out or objective).with_batch_norm("frozen"))
    objective = objective.with_batch_norm("frozen")
    value, gradient = objective.value_and_gradient(objective.point)
    settings: dict[str, Any] = {"tolerance": tolerance, "max_products": max_products}
    settings["progress"] = progress
    top, whole = _curvature(objective, value, gradient, seed, settings)
    rise = expected_sharpness(objective, sigma=0.01, adaptive=True, samples=20, seed=seed)
    return VitalSigns(
        loss=value,
        statistics_gap=_statistics_gap(objective, value),
        gradient_norm=float(gradient.norm()),
        gradient_norms={k: float(g.norm()) for k, g in objective.unflatten(gradient).items()},
        top_eigenvalue=top,
        trace=whole,
        sharpness=Measured(rise.rise, 2 * rise.standard_error + _rounding(objective, value)),
        held_out={} if said is None else said.figures(),
        loss_by_class=[] if said is None else said.loss_by_class(),
        point=objective.point,
    )


def _curvature(
    objective: Objective,
    value: float,
    gradient: Tensor,
    seed: int,
    settings: dict[str, Any],
) -> tuple[Measured, Measured]:
    """The top eigenvalue and the trace; NaN where the loss or a derivative is not finite."""
    unknown = Measured(math.nan, math.inf, converged=False)
    if not (math.isfinite(value) and bool(torch.isfinite(gradient).all())):
        return unknown, unknown
    curvature = hessian(objective)
    try:
        top = top_eigenvalues(curvature, 1, **settings, seed=seed)
        # Another stream: the first vector of the same one lies in what is known already.
        whole = trace(curvature, known=top, **settings, seed=stream_seed(seed, 1))
    except ValueError:
        if bool(torch.isfinite(curvature @ torch.ones_like(gradient)).all()):
            raise  # something else is wrong
        return unknown, unknown
    return (
        Measured(float(top.values[0]), float(top.bounds[0]), bool(top.converged[0])),
        Measured(whole.value, 2 * whole.standard_error, whole.converged),
    )


def _rounding(objective: Objective, value: float) -> float:
    """How far a loss of this size may be off in the model's dtype."""
    return torch.finfo(objective.dtype).eps * abs(value)


def _statistics_gap(objective: Objective, value: float) -> float:
    if not objective.has_batch_norm:
        return 0.0
    return value - objective.with_batch_norm("recomputed").value(objective.point)
