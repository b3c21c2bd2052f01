"""How far predicted probabilities are from observed frequencies.

Chapter: ``classification/calibration``.  The trap: expected calibration error is 0 for a model that
always predicts the base rate, depends on the bins, and is biased upwards on small samples.  The
Brier score has none of these faults and mixes calibration with sharpness.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_floating, check_shape, check_values
from lossedu.arguments.reduction import accumulation_dtype

Binning = Literal["uniform", "quantile"]
Norm = Literal["l1", "l2", "max"]


@dataclass(frozen=True)
class ReliabilityDiagram:
    """Predictions in bins of confidence.

    Attributes:
        confidence: The mean confidence in each bin, 0 in empty ones.
        accuracy: How often the prediction was right there, 0 in empty ones.
        counts: How many predictions (or how much weight) each bin holds.
        edges: Where bins begin and end, one more than there are bins.
    """

    confidence: Tensor
    accuracy: Tensor
    counts: Tensor
    edges: Tensor

    @property
    def gaps(self) -> Tensor:
        """Accuracy less confidence in each bin: above 0 where the model is too modest."""
        return self.accuracy - self.confidence


def reliability_diagram(
    probabilities: Tensor,
    targets: Tensor,
    *,
    bins: int = 15,
    binning: Binning = "uniform",
    weight: Tensor | None = None,
) -> ReliabilityDiagram:
    r"""Compare confidence with accuracy, bin by bin.

    .. math:: \mathrm{conf}(B) = \frac{1}{|B|} \sum_{i \in B} \hat p_i, \qquad
        \mathrm{acc}(B) = \frac{1}{|B|} \sum_{i \in B} [\hat y_i = y_i]

    Args:
        probabilities: Shape ``(n,)``: the probability of 1; or ``(n, C)``, rows that sum to 1: the
            confidence is then that of the most probable class.
        targets: 0 or 1, or class numbers, shape ``(n,)``.
        bins: How many, at least 1.
        binning: ``"uniform"``: of equal width; ``"quantile"``: of equal numbers.  A confidence on
            an edge, k / bins or a quantile, belongs to the bin below.
        weight: How much each prediction counts, at least 0, shape ``(n,)``.

    Returns:
        Mean confidence, accuracy and count of each bin, in float64.

    Raises:
        TypeError: If probabilities are not floating point.
        ValueError: If shapes do not fit, or a probability leaves [0, 1].

    Example:
        >>> diagram = reliability_diagram(torch.tensor([0.2, 0.8]), torch.tensor([0, 1]), bins=2)
        >>> diagram.counts.tolist()
        [1.0, 1.0]

    References:
        M. H. DeGroot, S. E. Fienberg, The comparison and evaluation of forecasters, The
        Statistician 32, 1983; A. Niculescu-Mizil, R. Caruana, Predicting good probabilities with
        supervised learning, ICML 2005.
    """
    check_choice("binning", binning, get_args(Binning))
    if bins < 1:
        raise ValueError(f"bins must be at least 1, but is {bins}.")
    confidence, right = _confidence(probabilities, targets)
    counted = torch.ones_like(confidence) if weight is None else weight.double()
    check_shape("weight", counted, confidence.shape, "one weight a prediction")
    edges = _edges(confidence, bins, binning)
    # Bins are open below and closed above, but the first, which holds a probability of 0.
    place = torch.searchsorted(edges[1:-1].contiguous(), confidence)
    sums = [
        edges.new_zeros(bins).index_add_(0, place, values)
        for values in (counted, counted * confidence, counted * right)
    ]
    size = torch.where(sums[0] > 0, sums[0], torch.ones_like(sums[0]))
    return ReliabilityDiagram(sums[1] / size, sums[2] / size, sums[0], edges)


def expected_calibration_error(
    probabilities: Tensor,
    targets: Tensor,
    *,
    bins: int = 15,
    binning: Binning = "uniform",
    norm: Norm = "l1",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Average the distance between confidence and accuracy over bins.

    .. math:: \mathrm{ECE} = \sum_B \frac{|B|}{n} \, g_B, \quad
        \mathrm{RMSCE} = \sqrt{\sum_B \frac{|B|}{n} \, g_B^2}, \quad \mathrm{MCE} = \max_B g_B,
        \qquad g_B = |\mathrm{acc}(B) - \mathrm{conf}(B)|

    Args:
        probabilities: As for `reliability_diagram`.
        targets: As for `reliability_diagram`.
        bins: How many, at least 1.
        binning: ``"uniform"`` or ``"quantile"``.
        norm: ``"l1"``: the expected error, ECE; ``"l2"``: the root of the expected square, RMSCE,
            never below it; ``"max"``: the largest, MCE, never below that.  Empty bins have no part
            in any; a bin of one prediction can be the largest.
        weight: How much each prediction counts, at least 0, shape ``(n,)``.

    Returns:
        A scalar in [0, 1], float64; 0 for no predictions.  Not a loss: its gradient is not
        followed.

    Raises:
        TypeError: If probabilities are not floating point.
        ValueError: If shapes do not fit, or a probability leaves [0, 1].

    Example:
        >>> p = torch.tensor([0.75, 0.75, 0.75, 0.75], dtype=torch.float64)
        >>> expected_calibration_error(p, torch.tensor([1, 1, 0, 0])).item()
        0.25

    References:
        M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining well calibrated probabilities using
        Bayesian binning, AAAI 2015: ECE and MCE; C. Guo et al., ICML 2017, arXiv 1706.04599,
        equation 5; A. Kumar, P. Liang, T. Ma, Verified uncertainty calibration, NeurIPS 2019, arXiv
        1909.10155: the second norm.
    """
    check_choice("norm", norm, get_args(Norm))
    diagram = reliability_diagram(probabilities, targets, bins=bins, binning=binning, weight=weight)
    gaps = diagram.gaps.abs()
    if norm == "max":  # 0 in bins that are empty
        return gaps.max()
    total = diagram.counts.sum()
    paid = (diagram.counts * (gaps**2 if norm == "l2" else gaps)).sum()
    mean = paid / torch.where(total > 0, total, torch.ones_like(total))
    return mean.sqrt() if norm == "l2" else mean


def brier_score(probabilities: Tensor, targets: Tensor, *, weight: Tensor | None = None) -> Tensor:
    r"""Average the squared distance between probabilities and what happened.

    .. math:: \mathrm{BS} = \frac{1}{n} \sum_i (p_i - y_i)^2 \quad \text{or} \quad
        \frac{1}{n} \sum_i \sum_{c=1}^{C} (p_{ic} - [y_i = c])^2

    Args:
        probabilities: Shape ``(n,)``: the probability of 1; or ``(n, C)``, rows that sum to 1.
        targets: 0 or 1, or class numbers, shape ``(n,)``.
        weight: How much each prediction counts, at least 0, shape ``(n,)``.

    Returns:
        A scalar in [0, 1] for one probability, in [0, 2] for rows (Brier's own form, twice the
        other for two classes); 0 for no predictions.  A proper score, with a gradient.

    Raises:
        TypeError: If probabilities are not floating point.
        ValueError: If shapes do not fit, or a probability leaves [0, 1].

    Example:
        >>> brier_score(torch.tensor([0.5, 1.0]), torch.tensor([1, 1])).item()
        0.125

    References:
        G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather
        Review 78, 1950.
    """
    _check_probabilities(probabilities, targets)
    probabilities = probabilities.to(accumulation_dtype(probabilities))
    truth = targets.to(probabilities.dtype)
    if probabilities.ndim == 2:
        truth = torch.nn.functional.one_hot(targets.long(), probabilities.shape[1])
    errors = (probabilities - truth) ** 2
    errors = errors.sum(-1) if probabilities.ndim == 2 else errors
    counted = torch.ones_like(errors) if weight is None else weight.to(errors.dtype)
    check_shape("weight", counted, errors.shape, "one weight a prediction")
    total = counted.sum()
    return (errors * counted).sum() / torch.where(total > 0, total, torch.ones_like(total))


def _edges(confidence: Tensor, bins: int, binning: Binning) -> Tensor:
    """Where bins begin and end: quotients, since a multiple of a rounded step may miss k / bins."""
    place = torch.arange(bins + 1, device=confidence.device)
    edges = place.double() / bins
    if binning == "uniform" or not len(confidence):
        return edges
    # Ranks in whole numbers: a rounded one would put an edge beside the value that it stands on.
    known, rank = confidence.sort().values, place[1:-1] * (len(confidence) - 1)
    below = known[rank // bins]
    above = known[(rank // bins + 1).clamp(max=len(known) - 1)]
    inner = below + (rank % bins).double() / bins * (above - below)
    return torch.cat([edges[:1], inner, edges[-1:]])


def _confidence(probabilities: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """What was predicted with what confidence, and whether it came true, in float64.

    For one probability the prediction is 1 at every confidence: a diagram over [0, 1].
    """
    _check_probabilities(probabilities, targets)
    known = probabilities.detach().double().contiguous()  # searchsorted warns of a column
    if known.ndim == 1:
        return known, targets.double()
    confidence, predicted = known.max(dim=-1)
    return confidence, (predicted == targets).double()


def _check_probabilities(probabilities: Tensor, targets: Tensor) -> None:
    check_floating("probabilities", probabilities)
    if probabilities.ndim not in (1, 2):
        raise ValueError(
            "probabilities must have the shape (n,) or (n, C), "
            f"but has shape {tuple(probabilities.shape)}."
        )
    check_shape("targets", targets, probabilities.shape[:1], "one target a prediction")
    check_values("probabilities", probabilities, low=0.0, high=1.0, rule="lie in [0, 1]")
    highest = probabilities.shape[1] - 1 if probabilities.ndim == 2 else 1
    check_values("targets", targets, low=0, high=highest, rule=f"lie in 0 to {highest}")
