"""Tversky loss: an overlap in which a miss and a false alarm have prices of their own.

Chapter: ``classification/overlap``.  The trap: which letter is which.  Here, as in the paper, alpha
is the price of a false alarm and beta that of a miss; raise beta where misses are worse.
"""

from torch import Tensor

from lossedu.arguments.checks import Number, check_number
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._regions import ratio, soft_counts, tversky_parts
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def tversky_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    alpha: Number = 0.5,
    beta: Number = 0.5,
    smooth: Number = 1.0,
    dim: int | tuple[int, ...] = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus an overlap, with a price for false alarms and one for misses.

    .. math:: \ell = 1 - \frac{2\, \mathrm{TP} + \kappa}{2\, \mathrm{TP} + 2 \alpha\, \mathrm{FP} +
        2 \beta\, \mathrm{FN} + \kappa}, \quad \mathrm{TP} = \sum_i y_i p_i, \
        \mathrm{FN} = \sum_i y_i (1 - p_i), \ \mathrm{FP} = \sum_i (1 - y_i) p_i

    Args:
        logits: Unbounded log-odds, any shape, floating point.
        targets: 0, 1, or the probability of 1, the same shape.
        alpha: The price of a false alarm, at least 0.  At 0 they are free and marking everything
            costs nothing; for large values any false alarm costs 1.  The paper ends with 0.3.
        beta: The price of a miss, at least 0.  At 0 misses are free and marking nothing costs
            nothing; for large values any miss costs 1.  The paper ends with 0.7.
        smooth: Added above and below, at least 0, as for `dice_loss`.  Who writes the ratio without
            the 2s adds half of it.
        dim: The axes over which a region extends, such as (-2, -1) for images; the others are
            batch.
        weight: How much each region counts, at least 0, the shape without ``dim``; None counts all
            alike.
        mask: True where an entry counts, the shape of the logits; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        With D the denominator, :math:`2 p_i (1 - p_i) / D` times :math:`-\beta - \ell (1 - \beta)`
        inside the region and :math:`\alpha (1 - \ell)` outside: it depends on the whole region.

    Numerics:
        A sum of what differs over a sum of what is there: no difference from 1, so a near-perfect
        overlap keeps its digits.

    Special cases:
        ``alpha=0.5, beta=0.5``: Dice loss.  ``alpha=1, beta=1``: Jaccard loss with half of
        ``smooth``.  Prices with a sum of 1 and ``smooth=0``: F-beta with the square root of
        beta / alpha.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, targets leave [0, 1] (checked eagerly on the CPU), an
            option is out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(tversky_loss(torch.zeros(4), torch.tensor([1.0, 1.0, 0.0, 0.0])).item(), 6)
        0.4

    References:
        S. S. M. Salehi, D. Erdogmus, A. Gholipour, Tversky loss function for image segmentation
        using 3D fully convolutional deep networks, MLMI 2017, arXiv 1706.05721; the index: A.
        Tversky, Features of similarity, Psychological Review 84, 1977.
    """
    for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
        check_number(name, value, low=0.0)
    hits, misses, alarms = soft_counts(logits, targets, mask, dim)
    values, counts = ratio(*tversky_parts(hits, misses, alarms, alpha, beta, smooth), mask, dim)
    return reduced(values, weight, counts, reduction)


_PARTS = "2*beta*y[i]*(1 - p[i]) + 2*alpha*(1 - y[i])*p[i]"

SPEC = LossSpec(
    function=tversky_loss,
    title="Tversky loss",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="list",
    targets="event",
    formula=(f"Sum({_PARTS}, (i, 1, C))/(Sum(2*y[i]*p[i] + {_PARTS}, (i, 1, C)) + smooth)"),
    link={"p[i]": "sigmoid(z[i])"},
    domain="0, 1, or the probability of 1",
    noise_model="none: it is a ratio of sums",
    estimand="the region of largest expected overlap at these prices",
    parameters=(
        Parameter(
            name="alpha",
            low=0.0,
            high=float("inf"),
            at_low="false alarms are free",
            at_high="any false alarm costs 1",
            binds={"alpha": "alpha"},
            off={"alpha": "1/2"},
            samples=(0.0, 0.5, 2.0),
        ),
        Parameter(
            name="beta",
            low=0.0,
            high=float("inf"),
            at_low="misses are free",
            at_high="any miss costs 1",
            binds={"beta": "beta"},
            off={"beta": "1/2"},
            samples=(0.0, 0.5, 2.0),
        ),
        Parameter(
            name="smooth",
            low=0.0,
            high=float("inf"),
            at_low="an empty target costs 1, with no gradient",
            at_high="the loss vanishes",
            binds={"smooth": "smooth"},
            off={"smooth": "1"},
            samples=(0.0, 2.5),
        ),
    ),
    special_cases=(
        SpecialCase(settings={"alpha": 0.5, "beta": 0.5}, equals="dice_loss"),
        SpecialCase(
            settings={"alpha": 1.0, "beta": 1.0, "smooth": 2.0},
            equals="jaccard_loss",
            other_settings={"smooth": 1.0},
        ),
    ),
    references=("salehi2017", "tversky1977"),
)
