r"""The natural gradient: steepest descent where distance is between predictions, not weights.

.. math:: x = (F + \lambda I)^{-1} \nabla L

F is the Fisher information (Amari 1998): to second order, half of x' F x is how far the predictions
move (in nats).  A small step along x does not depend on how the weights are parametrised; damping,
which keeps it short where predictions say nothing of the weights, does.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_number, check_positive
from lossedu.landscape.curvature.operators import Counted
from lossedu.landscape.curvature.products import Likelihood, fisher
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result


@dataclass(frozen=True, eq=False)
class NaturalGradient(Result):
    """A natural gradient and how well its equation is solved.

    Attributes:
        direction: The natural gradient, shape ``(size,)``: go against it.
        residual: The norm of what the equation leaves, as a share of that of the gradient.
        products: Products with the Fisher information that it took.
        converged: Whether the residual is within the tolerance.
    """

    direction: Tensor
    residual: float
    products: int
    converged: bool

    def __repr__(self) -> str:
        return (
            f"NaturalGradient(size {len(self.direction)}, residual {self.residual:.2g}, "
            f"{self.products} products)"
        )


def natural_gradient(
    objective: Objective,
    likelihood: Likelihood,
    theta: Tensor | None = None,
    *,
    damping: float = 1e-3,
    tolerance: float = 1e-3,
    max_products: int = 200,
    memory: int | None = None,
) -> NaturalGradient:
    r"""The natural gradient at a point, by conjugate gradients on products with the Fisher matrix.

    Args:
        objective: A loss that is the mean negative log likelihood, up to a constant.
        likelihood: What the outputs say of the targets; see `fisher`.
        theta: Where; by default the model's own point.
        damping: :math:`\lambda`, at least 0.  At 0 the shortest solution is approached.
        tolerance: The residual at which to stop, as a share of the gradient, above 0.
        max_products: Products after which it ends, with what is there; one more measures it.
        memory: As for `hessian`.

    Returns:
        The direction, with its residual.

    Raises:
        ValueError: If the gradient or a product is not finite, or an argument is out of range.

    Example:
        One step solves linear regression.

        >>> x = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> def loss(outputs, targets):
        ...     return (outputs - targets).square().mean() / 2
        >>> objective = Objective(model, loss, (x, torch.tensor([[3.0], [4.0]])))
        >>> step = natural_gradient(objective, "gaussian", damping=0.0, tolerance=1e-5)
        >>> (objective.point - step.direction).round(decimals=3)
        tensor([3., 2.])

    References:
        Amari: Natural gradient works efficiently in learning. Neural Computation 10, 1998.
        Martens: New insights and perspectives on the natural gradient method. JMLR 21, 2020.
    """
    check_number("damping", damping, low=0.0)
    check_positive("tolerance", tolerance)
    check_count("max_products", max_products)
    metric = Counted(fisher(objective, likelihood, theta, memory=memory))
    gradient = objective.gradient(objective.point if theta is None else theta)
    length = float(gradient.norm())
    if not torch.isfinite(gradient).all():
        raise ValueError(
            "objective must have a finite gradient there, but an entry is not finite. Hint: look "
            "at the loss there; no step is defined where it is infinite or NaN."
        )
    if length == 0:
        return NaturalGradient(gradient, 0.0, 0, converged=True)

    def damped(vector: Tensor) -> Tensor:
        return (metric @ vector).add_(vector, alpha=damping)

    direction, rest, residual, before = torch.zeros_like(gradient), gradient, 1.0, math.inf
    # Rounding parts what is left from what the iteration holds for it: begin again from there.
    while residual > tolerance and residual < before / 2 and metric.products < max_products:
        left = max_products - metric.products
        direction = direction + _solved(damped, rest, tolerance * length, left)
        rest = gradient - damped(direction)
        before, residual = residual, float(rest.norm()) / length
    return NaturalGradient(direction, residual, metric.products, residual <= tolerance)


def _solved(product: Callable[[Tensor], Tensor], right: Tensor, enough: float, most: int) -> Tensor:
    """Conjugate gradients from 0 (Hestenes and Stiefel 1952)."""
    solution = torch.zeros_like(right)
    rest, along = right.clone(), right.clone()
    square = float(torch.dot(rest, rest))
    for _ in range(most):
        image = product(along)
        curvature = float(torch.dot(along, image))
        if not curvature > 0:  # nothing is left but what the matrix sends to 0
            break
        step = square / curvature
        solution.add_(along, alpha=step)
        rest.sub_(image, alpha=step)
        before, square = square, float(torch.dot(rest, rest))
        if square <= enough**2:
            break
        along.mul_(square / before).add_(rest)
    return solution
