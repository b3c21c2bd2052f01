"""Lists of items with graded relevance, and the scores that no scorer beats."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_number
from lossedu.training.data.draws import Device


@dataclass(frozen=True)
class GradedLists:
    """A ranking data set, and the truth about it.

    Attributes:
        features: Shape ``(lists, items, d)``, float32.
        relevance: Grades from 0 (most items) to ``grades - 1`` (few), shape ``(lists, items)``,
            float32.
        utility: What the grades follow, the same shape.  As scores, the best ones there are.
    """

    features: Tensor
    relevance: Tensor
    utility: Tensor


def graded_lists(
    lists: int,
    items: int = 12,
    *,
    grades: int = 5,
    features: int = 6,
    noise: float = 0.5,
    seed: int = 0,
    device: Device = "cpu",
) -> GradedLists:
    r"""Draw lists in which the items of highest noisy utility get the highest grades.

    .. math:: u = \frac{1}{\sqrt d} \sum_j w_j x_j + \tfrac12 (x_1 x_2), \qquad w_j = \pm 1,
        \qquad \text{grade at rank } r \text{ of } n: \left\lfloor G \left( 1 -
        \tfrac{r - 1/2}{n} \right)^2 \right\rfloor

    Items are ranked by :math:`u + \text{noise} \cdot \varepsilon` with standard normal noise.
    Every list holds the same grades, so the best DCG is the same number for all of them, and NDCG
    is linear in the gains.  Expected gain grows with utility.  By the rearrangement inequality
    the order by utility then has the highest expected NDCG of all orders that the features allow,
    at every cutoff: `ndcg` of ``utility`` is the known best, 1 where there is no noise.

    Args:
        lists: How many, at least 0.
        items: In each list, at least 1.
        grades: G, how many, at least 2.
        features: d, at least 2.
        noise: At least 0: the standard deviation of what the features do not tell.
        seed: What the draw depends on, and nothing else.
        device: Where the tensors go.  They are drawn on the CPU: the same everywhere.

    Returns:
        Features, relevance, and the best scores.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> from lossedu.ranking_metrics import ndcg
        >>> data = graded_lists(100, noise=0.0)
        >>> ndcg(data.utility, data.relevance).mean().item()
        1.0

    References:
        S. E. Robertson, The probability ranking principle in IR, Journal of Documentation 33, 1977.
    """
    check_number("lists", lists, low=0)
    for name, value, low in (("items", items, 1), ("grades", grades, 2), ("features", features, 2)):
        check_count(name, value)
        check_number(name, value, low=low)
    check_number("noise", noise, low=0.0)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(lists, items, features, generator=generator)
    sign = 1 - 2 * (torch.arange(features) % 2)
    utility = x @ (sign / features**0.5) + x[..., 0] * x[..., 1] / 2
    noisy = utility + noise * torch.randn(lists, items, generator=generator)
    rank = noisy.argsort(-1, descending=True).argsort(-1).double()
    relevance = (grades * (1 - (rank + 0.5) / items) ** 2).floor().float()
    return GradedLists(*(tensor.to(device) for tensor in (x, relevance, utility)))
