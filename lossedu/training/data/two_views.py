"""Two views of the same thing, that share a known number of nats."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_number
from lossedu.training.data.draws import Device, random_rotation


@dataclass(frozen=True)
class TwoViews:
    """Pairs of views, and the truth about them.

    Attributes:
        view_a: Shape ``(n, d)``, float32; row i of both views shows the same thing.
        view_b: The same shape.
        rotation: What turns view a so that its columns match those of view b: ``view_a @
            rotation``, shape ``(d, d)``.
        correlation: Of each matching pair of columns.
    """

    view_a: Tensor
    view_b: Tensor
    rotation: Tensor
    correlation: float

    @property
    def mutual_information(self) -> float:
        """How much one view tells of the other, in nats: what InfoNCE bounds from below."""
        return -self.view_a.shape[1] / 2 * math.log1p(-(self.correlation**2))

    def best_scores(self, rows: slice = slice(None)) -> Tensor:
        r"""The log of the density ratio of every pair: the scores no encoder beats.

        .. math:: \log \frac{p(a, b)}{p(a)\, p(b)} = -\tfrac d2 \log (1 - \rho^2) -
            \frac{\rho^2 (|a|^2 + |b|^2) - 2 \rho\, a^\top b}{2 (1 - \rho^2)}

        As logits of a softmax over the columns they minimise the expected InfoNCE loss.

        Args:
            rows: Which examples; all pairs of n of them make an n by n matrix.

        Returns:
            Shape ``(n, n)``: view a in the rows, view b in the columns.
        """
        a, b = self.view_a[rows] @ self.rotation, self.view_b[rows]
        rho = self.correlation
        squares = a.square().sum(-1, keepdim=True) + b.square().sum(-1)
        exponent = (2 * rho * a @ b.mT - rho**2 * squares) / (2 * (1 - rho**2))
        return self.mutual_information + exponent


def two_views(
    n: int,
    *,
    features: int = 8,
    correlation: float = 0.8,
    seed: int = 0,
    device: Device = "cpu",
) -> TwoViews:
    r"""Draw pairs of standard normal views whose columns match up to a rotation.

    .. math:: b = \rho\, a R + \sqrt{1 - \rho^2}\, \varepsilon

    Args:
        n: Number of pairs, at least 0.
        features: d, of each view, at least 1.
        correlation: :math:`\rho`, in [0, 1).  At 0 the views have nothing in common.
        seed: What the draw depends on, and nothing else.
        device: Where the tensors go.  They are drawn on the CPU: the same everywhere.

    Returns:
        Both views, and what they share.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> data = two_views(1000, features=4, correlation=0.6)
        >>> round(data.mutual_information, 4)
        0.8926
        >>> data.best_scores(slice(0, 50)).shape
        torch.Size([50, 50])

    References:
        B. Poole et al., On variational bounds of mutual information, ICML 2019, arXiv 1905.06922,
        section 3 (correlated normal variables as the test bed).
    """
    check_number("n", n, low=0)
    check_count("features", features)
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation must lie in [0, 1), but is {correlation}.")
    generator = torch.Generator().manual_seed(seed)
    rotation = random_rotation(features, generator)
    a = torch.randn(n, features, generator=generator)
    noise = torch.randn(n, features, generator=generator)
    b = correlation * a @ rotation + math.sqrt(1 - correlation**2) * noise
    return TwoViews(a.to(device), b.to(device), rotation.to(device), correlation)
