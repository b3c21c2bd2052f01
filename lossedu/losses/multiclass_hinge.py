"""Three ways to ask for a margin between classes: from the best rival, from each, from zero.

Chapter: ``classification/margins``.  The trap: where no class has more than half of the
probability, none of the three need score the most probable class highest, however much data.
"""

from typing import Literal, get_args

from torch import Tensor

from lossedu.arguments.checks import Number, check_choice, check_number
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._classes import checked_class_numbers, classes_last
from lossedu.losses._spec import LossSpec, Parameter

Kind = Literal["crammer_singer", "weston_watkins", "one_vs_rest"]


def multiclass_hinge_loss(
    logits: Tensor,
    targets: Tensor,
    *,
    kind: Kind = "crammer_singer",
    margin: Number = 1.0,
    axis: int = -1,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge what is missing to a margin between the true class and the others.

    .. math:: \ell_\text{CS} = \max\left(0,\ m + \max_{j \neq t} z_j - z_t\right), \quad
        \ell_\text{WW} = \sum_{j \neq t} \max(0,\ m + z_j - z_t), \quad
        \ell_\text{OVR} = \max(0, m - z_t) + \sum_{j \neq t} \max(0, m + z_j)

    Args:
        logits: Unbounded scores, shape ``(..., C)``, or with the class axis where ``axis`` says.
        targets: Class numbers t, integers of shape ``(...)``.
        kind: ``"crammer_singer"``: the best rival must stay a margin below; ``"weston_watkins"``:
            each rival must, and their charges add up; ``"one_vs_rest"``: a hinge loss for each
            class against zero.
        margin: The margin asked for, at least 0.  At 0 only wrong orders (or signs) cost.
        axis: Which axis of the logits is the class axis; 1 for images of shape (N, C, H, W).
        weight: How much each example counts, at least 0, shape ``(...)``; None counts all alike.
        mask: True where an example counts, shape ``(...)``; hidden rows may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the score, in [0, inf): a scalar, or one value an example, shape ``(...)``.  Half
        precision comes back as float32; every other dtype is kept.

    Gradient:
        For each pair (or class) that misses the margin, 1 for the rival and -1 for the true class;
        0 on the margin itself.

    Numerics:
        Exact differences.  Of tied best rivals each takes an equal share of the gradient.

    Special cases:
        Two classes: the first two are the hinge loss of the difference of the logits.
        Weston-Watkins over the number of classes is torch's ``multi_margin_loss``.

    Raises:
        TypeError: If logits are not floating point, or targets are not integers, or mask is not
            boolean.
        ValueError: If shapes do not fit, class numbers leave [0, C) (checked eagerly on the CPU),
            an option is unknown or out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 2.0, 1.5]])
        >>> multiclass_hinge_loss(z, torch.tensor([0])).item()
        2.0
        >>> multiclass_hinge_loss(z, torch.tensor([0]), kind="weston_watkins").item()
        3.5

    References:
        K. Crammer, Y. Singer, On the algorithmic implementation of multiclass kernel-based vector
        machines, JMLR 2, 2001; J. Weston, C. Watkins, Support vector machines for multi-class
        pattern recognition, ESANN 1999; R. Rifkin, A. Klautau, In defense of one-vs-all
        classification, JMLR 5, 2004.
    """
    logits = classes_last(logits, axis)
    check_choice("kind", kind, get_args(Kind))
    check_number("margin", margin, low=0.0)
    check_mask(mask, logits.shape[:-1])
    index = checked_class_numbers(targets, logits, mask).unsqueeze(-1)
    logits = hide_masked(logits, mask).to(accumulation_dtype(logits))
    true = logits.gather(-1, index)
    if kind == "one_vs_rest":
        missing = (margin + logits).relu().scatter(-1, index, (margin - true).relu())
        return reduced(missing.sum(-1), weight, mask, reduction)
    missing = (margin + logits - true).relu().scatter(-1, index, 0.0)
    values = missing.sum(-1) if kind == "weston_watkins" else missing.amax(-1)
    return reduced(values, weight, mask, reduction)


_MARGIN = Parameter(
    name="margin",
    low=0.0,
    high=float("inf"),
    at_low="only wrong orders cost",
    at_high="every class counts, in proportion to its margin",
    binds={"margin": "margin"},
    off={"margin": "1"},
    samples=(0.5, 1.0, 2.0),
)

SPEC = LossSpec(
    function=multiclass_hinge_loss,
    title="Crammer-Singer hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    unit="row",
    targets="class",
    formula="Largest(z[j] + margin*(1 - y[j]), (j, 1, C)) - Sum(y[i]*z[i], (i, 1, C))",
    domain="class numbers",
    noise_model="none",
    estimand="the most probable class, if it has more than half of the probability",
    parameters=(_MARGIN,),
    kinks=("margin",),
    references=("crammer2001",),
)

WESTON_WATKINS_SPEC = LossSpec(
    function=multiclass_hinge_loss,
    variant={"kind": "weston_watkins"},
    title="Weston-Watkins hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    unit="row",
    targets="class",
    formula="Sum(Sum(y[i]*(1 - y[j])*Max(0, margin + z[j] - z[i]), (j, 1, C)), (i, 1, C))",
    domain="class numbers",
    noise_model="none",
    estimand="not always the most probable class",
    parameters=(_MARGIN,),
    kinks=("margin",),
    references=("weston1999", "liu2007"),
)

ONE_VS_REST_SPEC = LossSpec(
    function=multiclass_hinge_loss,
    variant={"kind": "one_vs_rest"},
    title="One-vs-rest hinge loss",
    family="classification",
    chapter="classification/margins",
    inputs="score",
    unit="row",
    targets="class",
    formula="Sum(Max(0, margin + (1 - 2*y[i])*z[i]), (i, 1, C))",
    domain="class numbers",
    noise_model="none",
    estimand="which classes have more than half of the probability",
    parameters=(_MARGIN,),
    kinks=("margin",),
    references=("rifkin2004",),
)
