"""Regression with heavy, unequal tails: mean, median and quantiles differ, and are known."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_number
from lossedu.training.data.draws import Device

_FEWEST_SCALE, _WIDENING = 0.5, 0.5


@dataclass(frozen=True)
class HeavyTails:
    """A regression data set, and the truth about it.

    Attributes:
        features: Shape ``(n, d)``, float32.
        targets: Shape ``(n,)``, float32.
        location: Where the noise is centred: targets are location + scale * noise.
        scale: How wide the noise is at each example, above 0.
        tail: The tail index of the noise.
        upward: The probability that the noise is positive.
    """

    features: Tensor
    targets: Tensor
    location: Tensor
    scale: Tensor
    tail: float
    upward: float

    @property
    def mean(self) -> Tensor:
        """The true mean of the target given the features, shape ``(n,)``; what MSE aims at.

        Infinite, or NaN, where the tail index is at most 1: there is no mean then.
        """
        if self.tail > 1:
            return self.location + self.scale * (2 * self.upward - 1) / (self.tail - 1)
        only = {0.0: -torch.inf, 1.0: torch.inf}.get(float(self.upward), torch.nan)
        return torch.full_like(self.location, only)

    @property
    def median(self) -> Tensor:
        """The true median of the target given the features, shape ``(n,)``."""
        return self.quantile(0.5)

    def quantile(self, level: float) -> Tensor:
        """The true quantile of the target given the features, shape ``(n,)``.

        Args:
            level: In (0, 1); what `quantile_loss` at this quantile aims at.

        Raises:
            ValueError: If level leaves (0, 1).
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie strictly between 0 and 1, but is {level}.")
        noise: float
        downward = 1 - self.upward
        if level >= downward:
            noise = ((1 - level) / self.upward) ** (-1 / self.tail) - 1
        else:
            noise = 1 - (level / downward) ** (-1 / self.tail)
        return self.location + self.scale * noise


def heavy_tails(
    n: int,
    *,
    features: int = 4,
    tail: float = 2.5,
    upward: float = 0.8,
    seed: int = 0,
    device: Device = "cpu",
) -> HeavyTails:
    r"""Draw a regression whose noise follows a power law, upwards more often than downwards.

    .. math:: y = \sin(2 x_1) + x_2 + \left( \tfrac12 + \tfrac12 x_1^2 \right) \varepsilon,
        \qquad P(|\varepsilon| > t) = (1 + t)^{-a}, \qquad P(\varepsilon > 0) = u

    Args:
        n: Number of examples, at least 0.
        features: How many, at least 2; only the first two matter.
        tail: :math:`a`, above 0, the tail index.  Moments of this order and above are infinite: at
            2.5 there is a variance and no skewness, at 1 and below no mean.
        upward: :math:`u`, in [0, 1].  At 1/2 the noise is symmetric: mean, median and location are
            the same.
        seed: What the draw depends on, and nothing else.
        device: Where the tensors go.  They are drawn on the CPU: the same everywhere.

    Returns:
        Features and targets, and the conditional mean, median and quantiles.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> data = heavy_tails(10_000)
        >>> below = (data.targets < data.quantile(0.9)).float().mean().item()
        >>> abs(below - 0.9) < 0.02
        True
    """
    check_number("n", n, low=0)
    check_count("features", features)
    check_number("features", features, low=2)
    check_number("upward", upward, low=0.0, high=1.0)
    if not 0 < tail < torch.inf:
        raise ValueError(f"tail must be above 0 and finite, but is {tail}.")
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    # 1 - u, since rand draws from [0, 1) and 0 to a negative power is infinite.
    beyond = 1 - torch.rand(n, generator=generator, dtype=torch.float64)
    up = torch.rand(n, generator=generator, dtype=torch.float64) < upward
    noise = (beyond ** (-1 / tail) - 1) * torch.where(up, 1.0, -1.0)
    location = torch.sin(2 * x[:, 0]) + x[:, 1]
    scale = _FEWEST_SCALE + _WIDENING * x[:, 0] ** 2
    targets = (location + scale * noise).float()
    return HeavyTails(
        x.to(device), targets.to(device), location.to(device), scale.to(device), tail, upward
    )
