"""Dice over classes: one softmax, a region for each class, and what the background is worth.

Chapter: ``classification/overlap``.  The trap: the mean over classes gives an absent class the same
say as any other, and the background most of the agreement; leave out what nobody asks about.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_number
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._regions import ClassCounts, class_counts, share_of, tversky_parts
from lossedu.losses._spec import LossSpec, Parameter


def softmax_dice_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    alpha: Number = 0.5,
    beta: Number = 0.5,
    smooth: Number = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    axis: int = -1,
    dim: int | tuple[int, ...] | None = None,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus the overlap of each class's region; the mean is over regions and classes.

    .. math:: \ell_c = 1 - \frac{2 T_c + \kappa}{2 T_c + 2 \alpha N_c + 2 \beta M_c + \kappa}, \quad
        T_c = \sum_i y_{ic} p_{ic}, \ M_c = \sum_i y_{ic} (1 - p_{ic}), \
        N_c = \sum_i (1 - y_{ic}) p_{ic}, \quad p_i = \mathrm{softmax}(z_i)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers, integers of the shape of the logits without the class axis; or
            probabilities, floating point of the shape of the logits, summing to 1 over classes.
        alpha: The price of a false alarm, at least 0.  At 0 they are free; for large values any
            costs 1.  One half in both is Dice, others are Tversky's weights.
        beta: The price of a miss, at least 0.  At 0 they are free; for large values any costs 1.
        smooth: Added above and below, at least 0, in entries.  At 0 a class that is absent from a
            region costs 1 whatever is predicted, with no gradient; large values make the loss
            vanish.
        include_background: Whether class 0 is a region like the others.  If not, its entries still
            count where another class is predicted.
        ignore_index: Entries with this class number do not count.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        dim: The axes of the logits over which a region extends.  None takes all but the first,
            which is then batch, and the class axis; (0, 2, 3) pools a batch of images.
        weight: How much each region of each class counts, at least 0, shape ``(..., C)`` of the
            values; None counts all alike.  A weight a class is ``w.expand(n, C)``.
        mask: True where an entry counts, the shape of the logits without the class axis; hidden
            entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region and class, classes last and without the
        background if that is left out.  Half precision comes back as float32; every other dtype is
        kept.

    Gradient:
        In a probability that of `tversky_loss`; from there through the softmax.

    Numerics:
        A sum of what differs over a sum of what is there; 1 - p is never formed by a difference, so
        a near-perfect overlap keeps its digits.

    Special cases:
        Two classes with logits (0, z), without the background: `tversky_loss` of z; with prices of
        one half `dice_loss`.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the CPU),
            dim names no axis or the class axis, or an option is out of range.

    Example:
        >>> import torch
        >>> images, classes = torch.zeros(1, 2, 2, 2), torch.tensor([[[0, 0], [1, 1]]])
        >>> round(softmax_dice_loss(images, classes, axis=1).item(), 6)
        0.4

    References:
        F. Milletari, N. Navab, S.-A. Ahmadi, V-Net, 3DV 2016, arXiv 1606.04797; S. S. M. Salehi,
        D. Erdogmus, A. Gholipour, Tversky loss function for image segmentation using 3D fully
        convolutional deep networks, MLMI 2017, arXiv 1706.05721.
    """
    for name, value in (("alpha", alpha), ("beta", beta), ("smooth", smooth)):
        check_number(name, value, low=0.0)
    found = class_counts(logits, targets, mask, dim=dim, axis=axis, ignore_index=ignore_index)
    found = found if include_background else found.without_background()
    parts = tversky_parts(found.hits, found.misses, found.alarms, alpha, beta, smooth)
    return reduced(share_of(*parts), weight, found.counts, reduction)


def generalized_dice_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    power: Number = 2.0,
    smooth: Number = 1.0,
    include_background: bool = True,
    ignore_index: int = -100,
    axis: int = -1,
    dim: int | tuple[int, ...] | None = None,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge one minus the overlap of all classes at once, a rare class's entries weighing more.

    .. math:: \ell = 1 - \frac{2 \sum_c w_c T_c + \kappa}{\sum_c w_c (2 T_c + M_c + N_c) + \kappa},
        \quad w_c = \left(\frac{n_{\min}}{n_c}\right)^{k}, \ n_c = \sum_i y_{ic}

    with T, M and N as for `softmax_dice_loss`, and the size of the rarest class that is there.

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers, integers of the shape of the logits without the class axis; or
            probabilities, floating point of the shape of the logits, summing to 1 over classes.
        power: k, at least 0.  At 0 every entry weighs alike; large values leave the rarest class
            alone.  2 as in the paper.  A class that is absent weighs as the rarest one does.
        smooth: Added above and below, at least 0, in entries of the rarest class.  At 0 a region
            without any class that counts costs 1 with no gradient; large values make the loss
            vanish.
        include_background: Whether class 0 counts like the others.
        ignore_index: Entries with this class number do not count.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        dim: The axes of the logits over which a region extends.  None takes all but the first,
            which is then batch, and the class axis; (0, 2, 3) pools a batch of images.
        weight: How much each region counts, at least 0, the shape of the logits without ``dim`` and
            the class axis; None counts all alike.
        mask: True where an entry counts, the shape of the logits without the class axis; hidden
            entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        In [0, 1]: a scalar, or one value a region.  Half precision comes back as float32; every
        other dtype is kept.

    Gradient:
        In a probability :math:`w_c (1 - 2 y_{ic} - \ell) / D`, with D the denominator; from there
        through the softmax.

    Numerics:
        Weights are relative to the largest, so none overflows and ``smooth`` keeps its meaning;
        otherwise as for `softmax_dice_loss`.

    Special cases:
        Classes of equal size: the ratio of sums over classes, for any ``power``.

    Raises:
        TypeError: If logits are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the CPU),
            dim names no axis or the class axis, or an option is out of range.

    Example:
        >>> import torch
        >>> images, classes = torch.zeros(1, 2, 2, 2), torch.tensor([[[0, 0], [1, 1]]])
        >>> round(generalized_dice_loss(images, classes, axis=1, smooth=0.0).item(), 6)
        0.5

    References:
        C. H. Sudre, W. Li, T. Vercauteren, S. Ourselin, M. J. Cardoso, Generalised Dice overlap as
        a deep learning loss function for highly unbalanced segmentations, DLMIA 2017, arXiv
        1707.03237.
    """
    check_number("power", power, low=0.0)
    check_number("smooth", smooth, low=0.0)
    found = class_counts(logits, targets, mask, dim=dim, axis=axis, ignore_index=ignore_index)
    found = found if include_background else found.without_background()
    weights = _weights(found, power)
    differs = (weights * (found.misses + found.alarms)).sum(-1)
    values = share_of(differs, 2 * (weights * found.hits).sum(-1) + differs + smooth)
    counts = None if found.counts is None else found.counts[..., 0]
    return reduced(values, weight, counts, reduction)


def _weights(found: ClassCounts, power: Number) -> Tensor:
    """A weight a class, relative to the rarest one that is there."""
    there = found.sizes > 0
    sizes = torch.where(there, found.sizes, torch.inf)
    least = torch.where(there.any(-1, keepdim=True), sizes.amin(-1, keepdim=True), 1.0)
    return torch.where(there, least / torch.where(there, found.sizes, 1.0), 1.0) ** power


def _parameter(name: str, at_low: str, at_high: str, off: str, symbol: str = "") -> Parameter:
    symbol = symbol or name
    return Parameter(
        name=name,
        low=0.0,
        high=float("inf"),
        at_low=at_low,
        at_high=at_high,
        binds={symbol: name},
        off={symbol: off},
        samples=(0.0, 0.5, 2.0),
    )


_SMOOTH = _parameter(
    "smooth", "an absent class costs 1, with no gradient", "the loss vanishes", "1"
)

SPEC = LossSpec(
    function=softmax_dice_loss,
    title="Dice loss over classes",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="tuple",
    targets="class",
    axis="logit of the truth, for one entry of two classes",
    formula="((1 - p)/(1 + p + smooth) + (1 - p)/(1 - p + smooth))/2",
    link={"p": "sigmoid(z)"},
    domain="class numbers, or a probability for each class",
    noise_model="none: it is a mean of ratios of sums",
    estimand="the regions of largest mean expected overlap",
    parameters=(_SMOOTH,),
    references=("milletari2016", "salehi2017"),
)

GENERALIZED_SPEC = LossSpec(
    function=generalized_dice_loss,
    title="Generalised Dice loss",
    family="classification",
    chapter="classification/overlap",
    inputs="logit",
    unit="tuple",
    targets="class",
    axis="logit of the truth, for the one entry of its class beside nine sure ones of the other",
    formula="(1 + u**(-k))*(1 - p)/(1 + p + u**(-k)*(2*u + 1 - p) + smooth)",
    link={"p": "sigmoid(z)"},
    given={"u": 9.0},
    domain="class numbers, or a probability for each class; u is how many entries the other has",
    noise_model="none: it is a ratio of sums",
    estimand="the regions of largest expected overlap, weighted by rarity",
    parameters=(
        _parameter("power", "every entry weighs alike", "the rarest class alone counts", "2", "k"),
        _SMOOTH,
    ),
    references=("sudre2017",),
)
