"""Few positives among many negatives, with the true probability of each known."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_number
from lossedu.training.data.draws import Device

_FEATURES = 8
_EASY_SHIFT, _HARD_SHIFT = 4.0, 1.75
_HARD_SHARE = 0.6


@dataclass(frozen=True)
class RareEvents:
    """A binary data set with few positives, and the truth about it.

    Attributes:
        features: Shape ``(n, 8)``, float32.
        labels: What an annotator wrote down, 0 or 1, shape ``(n,)``, float32.
        clean_labels: What is so, 0 or 1, the same shape.
        probability: The true probability of a (clean) 1 given the features, the same shape.
    """

    features: Tensor
    labels: Tensor
    clean_labels: Tensor
    probability: Tensor

    @property
    def bayes_error(self) -> float:
        """The expected share of errors, on these features, of the best decision there is."""
        return torch.minimum(self.probability, 1 - self.probability).double().mean().item()


def rare_events(
    n: int,
    *,
    positive_rate: float = 0.005,
    label_noise: float = 0.0,
    seed: int = 0,
    device: Device = "cpu",
) -> RareEvents:
    r"""Draw a binary data set with rare positives, some easy and some hard to tell apart.

    Negatives are standard normal in 8 dimensions.  Of the positives 40 % are shifted by 4 along
    the first axis (easy) and 60 % by 1.75 along the second (hard), so the log-odds are known:

    .. math:: \log \frac{\pi}{1 - \pi} + \log \left( 0.4\, e^{4 x_1 - 8} + 0.6\, e^{1.75 x_2 -
        1.53125} \right)

    Args:
        n: Number of examples, at least 0.
        positive_rate: :math:`\pi`, the probability of a 1, in (0, 1).
        label_noise: The probability that a positive is written down as 0, in [0, 1]; as many
            negatives, in expectation, are written down as 1.
        seed: What the draw depends on, and nothing else.
        device: Where the tensors go.  They are drawn on the CPU: the same everywhere.

    Returns:
        Features, labels, clean labels and true probabilities.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> data = rare_events(10_000, positive_rate=0.1)
        >>> abs(data.labels.mean().item() - data.probability.mean().item()) < 0.01
        True
    """
    check_number("n", n, low=0)
    check_number("label_noise", label_noise, low=0.0, high=1.0)
    if not 0 < positive_rate < 1:
        raise ValueError(
            f"positive_rate must lie strictly between 0 and 1, but is {positive_rate}."
        )
    generator = torch.Generator().manual_seed(seed)
    clean = (torch.rand(n, generator=generator) < positive_rate).float()
    hard = (torch.rand(n, generator=generator) < _HARD_SHARE).float()
    features = torch.randn(n, _FEATURES, generator=generator)
    features[:, 0] += _EASY_SHIFT * clean * (1 - hard)
    features[:, 1] += _HARD_SHIFT * clean * hard
    log_odds = math.log(positive_rate / (1 - positive_rate)) + torch.logaddexp(
        math.log(1 - _HARD_SHARE) + _EASY_SHIFT * features[:, 0] - _EASY_SHIFT**2 / 2,
        math.log(_HARD_SHARE) + _HARD_SHIFT * features[:, 1] - _HARD_SHIFT**2 / 2,
    )
    flip_rate = torch.where(
        clean == 1, label_noise, label_noise * positive_rate / (1 - positive_rate)
    )
    flipped = torch.rand(n, generator=generator) < flip_rate
    labels = torch.where(flipped, 1 - clean, clean)
    drawn = features, labels, clean, log_odds.sigmoid()
    return RareEvents(*(tensor.to(device) for tensor in drawn))
