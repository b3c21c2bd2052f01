r"""How much the loss rises around a point: at worst, on average, and in coordinates of its own.

Rescaling the layers of a ReLU network changes the first two and leaves the function as it was
(Dinh et al. 2017).  "adaptive" measures every parameter in units of its own size (Kwon et al.
2021), and the Fisher-Rao norm only asks how the function changes along the parameters: both stay.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_positive
from lossedu.landscape.curvature.products import empirical_fisher
from lossedu.landscape.curvature.trace import Running
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result


@dataclass(frozen=True, eq=False)
class WorstCase(Result):
    """The largest rise that a search has found.

    Attributes:
        rise: Loss there less loss at the centre, at least 0: a lower bound of the maximum.  It is
            infinite or NaN where the search has met such a loss, and NaN where the centre has it.
        point: Where, shape ``(size,)``.
        evaluations: Points at which it has looked.
    """

    rise: float
    point: Tensor
    evaluations: int


@dataclass(frozen=True)
class ExpectedRise(Result):
    """The mean rise under random perturbation.

    Attributes:
        rise: The mean; negative where the loss curves down on average, NaN or infinite where it
            has met such a loss.
        standard_error: Of the mean; NaN from a single sample.
        samples: Pairs of opposite perturbations.
    """

    rise: float
    standard_error: float
    samples: int


def worst_case_sharpness(
    objective: Objective,
    theta: Tensor | None = None,
    *,
    radius: float = 0.05,
    adaptive: bool = False,
    steps: int = 20,
    restarts: int = 3,
    seed: int = 0,
) -> WorstCase:
    r"""The largest rise in a ball, searched by projected gradient ascent.

    .. math:: \max_{\|u\|_2 \le \rho} L(\theta + s \odot u) - L(\theta), \qquad
        s = 1 \text{ or } |\theta|

    Args:
        objective: The loss.
        theta: The centre; by default the model's own point.
        radius: Of the ball, above 0.
        adaptive: Whether lengths are in units of each parameter's own size.  A parameter that is 0
            stays 0 then.
        steps: Of each ascent.
        restarts: Ascents from random points of the sphere.
        seed: Of the starts.

    Returns:
        The best point of all ascents: a lower bound.
    """
    check_positive("radius", radius)
    check_count("steps", steps)
    check_count("restarts", restarts)
    centre = (objective.point if theta is None else theta).detach()
    scale = centre.abs() if adaptive else torch.ones_like(centre)
    generator = torch.Generator().manual_seed(seed)
    base = objective.value(centre)
    if not math.isfinite(base):
        return WorstCase(math.nan, centre, 0)
    best, spent = WorstCase(0.0, centre, 0), 0
    for _ in range(restarts):
        start = radius * _unit(_normal(centre, generator))
        for value, point in _ascent(objective, centre, scale, start, steps):
            spent += 1
            if not value - base <= best.rise:
                best = WorstCase(value - base, point, 0)
            if not math.isfinite(value):
                return WorstCase(value - base, point, spent)
    return WorstCase(best.rise, best.point, spent)


def _ascent(
    objective: Objective, centre: Tensor, scale: Tensor, start: Tensor, steps: int
) -> Iterator[tuple[float, Tensor]]:
    """Losses and points, from a start on the sphere to where its ascent ends."""
    u, radius = start, float(start.norm())
    for step in range(steps):
        point = centre + scale * u
        value, gradient = objective.value_and_gradient(point)
        yield value, point
        if not torch.isfinite(gradient).all():
            return  # it points nowhere
        # Shrinking steps: the first ones cross the ball, the last ones settle.
        length = 2 * radius * (1 - step / steps)
        u = u + length * _unit(scale * gradient)
        u = u * (radius / max(radius, float(u.norm())))
    point = centre + scale * u
    yield objective.value(point), point


def expected_sharpness(
    objective: Objective,
    theta: Tensor | None = None,
    *,
    sigma: float = 0.01,
    adaptive: bool = False,
    samples: int = 50,
    seed: int = 0,
) -> ExpectedRise:
    r"""The mean rise under Gaussian perturbation.

    .. math:: \mathbb{E}_{z \sim \mathcal{N}(0, I)}\, L(\theta + \sigma\, s \odot z) - L(\theta),
        \qquad s = 1 \text{ or } |\theta|

    Perturbations come in opposite pairs, which cancels the gradient.  Where the loss is smooth and
    sigma small, it is half the trace of the Hessian times sigma squared (of ``diag(s) H diag(s)``,
    if adaptive).  The kinks of a ReLU network add to it; its Hessian knows nothing of them.

    Args:
        objective: The loss.
        theta: The centre; by default the model's own point.
        sigma: The standard deviation of every entry, above 0.
        adaptive: Whether it is in units of each parameter's own size.
        samples: How many pairs.
        seed: Of the perturbations.
    """
    check_positive("sigma", sigma)
    check_count("samples", samples)
    centre = (objective.point if theta is None else theta).detach()
    scale = sigma * (centre.abs() if adaptive else torch.ones_like(centre))
    generator = torch.Generator().manual_seed(seed)
    base = objective.value(centre)
    rises = Running()
    for _ in range(samples):
        change = scale * _normal(centre, generator)
        both = objective.value(centre + change) + objective.value(centre - change)
        rises.add(both / 2 - base)
    return ExpectedRise(rises.mean, rises.standard_error, samples)


def fisher_rao_norm(objective: Objective, theta: Tensor | None = None) -> float:
    r"""The squared Fisher-Rao norm of the parameters (Liang et al. 2019).

    .. math:: \|\theta\|_{fr}^2 = \frac1n \sum_i \langle \nabla \ell_i, \theta \rangle^2

    It depends on the function and on how scaling all parameters changes it, so it survives every
    linear change of parameters that leaves the function alone.

    Args:
        objective: The loss; see `empirical_fisher` for what it must be.
        theta: Where; by default the model's own point.

    Returns:
        At least 0.
    """
    fisher = empirical_fisher(objective, theta)
    return float(torch.dot(fisher.theta, fisher @ fisher.theta))


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64, device="cpu")
    return drawn.to(like.device, like.dtype)


def _unit(vector: Tensor) -> Tensor:
    length = vector.norm()
    return vector / length if length > 0 else vector
