"""Pairwise ranking: hinge (RankSVM) and logistic (RankNet) losses of every pair in the wrong order.

Chapter: ``ranking/pairwise``.  The trap: n items have n^2 pairs.  The sum over all of them needs
none: sorting gives the hinge exactly, an expansion gives the logistic to any accuracy.
"""

from numbers import Integral

from torch import Tensor

from lossedu.arguments.checks import Number, check_number, check_positive
from lossedu.arguments.lists import Lists, as_lists
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._binary import surprise_and_slope, surprise_of_one
from lossedu.losses._fast.closed_form import fast_path_applies
from lossedu.losses._fast.expansion import boxed, expanded_logistic, nodes_for
from lossedu.losses._fast.pairs import (
    Meet,
    every_pair,
    pair_counts,
    pairs_by_meeting,
    pairs_by_tiles,
)
from lossedu.losses._fast.sorted_hinge import placed, sorted_hinge
from lossedu.losses._spec import LossSpec, Parameter

_FEW = 64  # items up to which all pairs at once are as fast as anything else


def pairwise_hinge_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    margin: Number = 1.0,
    power: int = 1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge each pair for what the better item's lead misses of a margin.

    .. math:: \ell = \frac{1}{|P|} \sum_{(i, j) \in P} \max(0, m - (s_i - s_j))^q,
        \qquad P = \{(i, j): r_i > r_j\}

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, any numbers, the same shape; equal ones are no pair.
        margin: m, the lead asked for, at least 0.  At 0 only wrong orders cost; large values keep
            every pair in play.
        power: q, 1 or 2.  With relevance 0 and 1, the square is a usual stand-in for AUC.
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have a pair, ``"sum"`` or ``"none"``.

    Returns:
        Units of the score (to the power q) a pair, in [0, inf): a scalar, or one value a list, 0
        for lists without a pair.  Half precision comes back as float32; other dtypes are kept.

    Gradient:
        Each pair that misses the margin pulls its items apart with :math:`1 / |P|` (q = 1); 0 on
        the margin.

    Numerics:
        Lists of over 64 items: one sort and prefix sums in float64, O(n log n log G) time for G
        grades and O(n) memory, exact, forward and backward.  Shorter ones, second derivatives, a
        margin that learns, forward mode, ``torch.func`` and ``torch.compile``: all pairs.

    Special cases:
        Two items of unequal relevance: hinge loss of the difference of their scores.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance holds NaN, or an option is out of range.

    Example:
        >>> import torch
        >>> scores, relevance = torch.tensor([0.5, 1.0, 0.0]), torch.tensor([2, 1, 0])
        >>> round(pairwise_hinge_loss(scores, relevance).item(), 6)
        0.666667

    References:
        R. Herbrich, T. Graepel, K. Obermayer, Large margin rank boundaries for ordinal regression,
        2000; T. Joachims, A support vector method for multivariate performance measures, ICML 2005
        (sorting).
    """
    check_number("margin", margin, low=0.0)
    check_number("power", power, low=0.0)
    if power not in (1, 2) or not isinstance(power, Integral):
        raise ValueError(f"power must be 1 or 2, but is {power}.")
    lists = as_lists(scores, relevance, mask)

    def charge(gaps: Tensor) -> Tensor:
        return (margin - gaps).relu() ** power

    def both(gaps: Tensor) -> tuple[Tensor, Tensor]:
        missing = gaps.neg_().add_(margin).relu_()
        return missing**power, -power * missing ** (power - 1) * (missing != 0)

    def prepared(flat: Tensor) -> Meet:
        places = placed(flat, margin)
        return lambda meeting: sorted_hinge(places, meeting, power)

    if not _pays(lists, margin):
        totals = every_pair(lists, lists.scores, charge)
    else:
        totals = pairs_by_meeting(lists, lists.scores, charge, both, prepared)
    return _mean_over_pairs(totals, lists, weight, reduction)


def pairwise_logistic_loss(
    scores: Tensor,
    relevance: Tensor,
    *,
    sigma: Number = 1.0,
    tolerance: float = 0.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge each pair the negative log-probability of its order.

    .. math:: \ell = \frac{1}{|P|} \sum_{(i, j) \in P} \log\left(1 + e^{-\sigma (s_i - s_j)}\right),
        \qquad P = \{(i, j): r_i > r_j\}

    Args:
        scores: Unbounded scores, shape ``(..., n)``: the items of a list on the last axis.
        relevance: How relevant each item is, any numbers, the same shape; equal ones are no pair.
        sigma: Steepness, above 0.  Towards 0 every order costs log 2; large values are sigma times
            the pairwise hinge without margin.
        tolerance: The largest error allowed in the slope of a pair, in units of sigma.  At 0 the
            sum is exact, in O(n^2) time and O(n) memory; above, near-linear time, and the charge of
            a pair errs by at most ten times the tolerance.
        weight: How much each list counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an item counts, the shape of the scores: False marks padding.
        reduction: ``"mean"`` over the lists that have a pair, ``"sum"`` or ``"none"``.

    Returns:
        Nats a pair, in [0, inf): a scalar, or one value a list, 0 for lists without a pair.  Half
        precision comes back as float32; other dtypes are kept.

    Gradient:
        Each pair pulls its items apart with :math:`\sigma / (1 + e^{\sigma (s_i - s_j)}) / |P|`.

    Numerics:
        softplus of each difference, by tiles with the closed-form slope; with a tolerance, an
        expansion in Chebyshev nodes whose bound is derived in ``lossedu.losses._fast.expansion``.
        Lists of up to 64 items, second derivatives, ``torch.func`` and ``torch.compile``: all
        pairs.

    Special cases:
        Two items of unequal relevance: binary cross-entropy of the difference of their scores.

    Raises:
        TypeError: If scores are not floating point, or mask is not boolean.
        ValueError: If shapes differ, relevance holds NaN, or an option is out of range.

    Example:
        >>> import torch
        >>> scores, relevance = torch.tensor([1.0, 0.0]), torch.tensor([3, 0])
        >>> round(pairwise_logistic_loss(scores, relevance).item(), 6)
        0.313262

    References:
        C. Burges et al., Learning to rank using gradient descent, ICML 2005; L. Greengard, V.
        Rokhlin, A fast algorithm for particle simulations, J. Comput. Phys. 73, 1987 (the
        expansion).
    """
    check_positive("sigma", sigma)
    check_number("tolerance", tolerance, low=0.0)
    lists = as_lists(scores, relevance, mask)
    scaled = sigma * lists.scores

    def prepared(flat: Tensor) -> Meet:
        boxes = boxed(flat, nodes_for(tolerance))
        return lambda meeting: expanded_logistic(boxes, meeting)

    if not _pays(lists):
        totals = every_pair(lists, scaled, surprise_of_one)
    elif tolerance > 0:
        totals = pairs_by_meeting(lists, scaled, surprise_of_one, surprise_and_slope, prepared)
    else:
        totals = pairs_by_tiles(lists, scaled, surprise_of_one, surprise_and_slope)
    return _mean_over_pairs(totals, lists, weight, reduction)


def _pays(lists: Lists, *options: object) -> bool:
    """Whether lists are long enough, and the graph plain enough, for a better algorithm."""
    return lists.scores.shape[-1] > _FEW and fast_path_applies(*options)


def _mean_over_pairs(
    totals: Tensor, lists: Lists, weight: Tensor | None, reduction: Reduction
) -> Tensor:
    counts = pair_counts(lists.relevance, lists.shown)
    means = totals / counts.clamp(min=1).to(totals.dtype)
    return reduced(lists.back(means), weight, lists.back(counts > 0), reduction)


SPEC = LossSpec(
    function=pairwise_hinge_loss,
    title="Pairwise hinge loss",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula=(
        "Sum(Sum(above(y[i], y[j])*Max(0, margin - s[i] + s[j])**k, (j, 1, C)), (i, 1, C))"
        "/Sum(Sum(above(y[i], y[j]), (j, 1, C)), (i, 1, C))"
    ),
    domain="how relevant each item is",
    noise_model="none",
    estimand="an order in which few pairs are wrong",
    parameters=(
        Parameter(
            name="margin",
            low=0.0,
            high=float("inf"),
            at_low="only wrong orders cost",
            at_high="every pair counts, in proportion to its lead",
            binds={"margin": "margin"},
            off={"margin": "1"},
            samples=(0.0, 1.0, 2.0),
        ),
        Parameter(
            name="power",
            low=1.0,
            high=2.0,
            at_low="what is missing",
            at_high="its square",
            binds={"k": "power"},
            off={"k": "1"},
            samples=(1, 2),
            shown=False,
        ),
    ),
    kinks=("margin",),
    references=("herbrich2000", "joachims2005"),
)

LOGISTIC_SPEC = LossSpec(
    function=pairwise_logistic_loss,
    title="Pairwise logistic loss",
    family="ranking",
    chapter="ranking/pairwise",
    inputs="score",
    unit="list",
    targets="grade",
    argument="s",
    formula=(
        "Sum(Sum(above(y[i], y[j])*log(1 + exp(sigma*(s[j] - s[i]))), (j, 1, C)), (i, 1, C))"
        "/Sum(Sum(above(y[i], y[j]), (j, 1, C)), (i, 1, C))"
    ),
    domain="how relevant each item is",
    noise_model="Bradley-Terry, pair by pair",
    estimand="the log-odds that one item is preferred to another",
    parameters=(
        Parameter(
            name="sigma",
            low=0.0,
            high=float("inf"),
            at_low="every order costs log 2",
            at_high="sigma times the hinge without margin",
            binds={"sigma": "sigma"},
            off={"sigma": "1"},
            samples=(0.5, 1.0, 3.0),
        ),
    ),
    references=("burges2005", "greengard1987"),
)
