"""Huber loss and its two smooth relatives: a square near the target, a line far from it.

Chapter: ``regression/squared-absolute-huber``.  The trap: delta has the unit of the target.
Rescale the target, and yesterday's delta makes it squared error, or absolute error.
"""

from functools import partial

import torch
from torch import Tensor

from lossedu.arguments.checks import Number, check_positive
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, by_kernel, reduced
from lossedu.losses._errors import huber, log_cosh
from lossedu.losses._spec import LossSpec, Parameter


def huber_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    delta: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Square small errors, charge large ones in proportion.

    .. math:: \ell(x, y) = \begin{cases} \tfrac12 (x - y)^2 & |x - y| \le \delta \\
        \delta (|x - y| - \tfrac12 \delta) & \text{otherwise} \end{cases}

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        delta: Where the square turns into a line, above 0, in units of the target.  Towards 0 the
            loss vanishes like delta times the absolute error; for large values it is half of the
            squared error.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the target, in [0, inf): a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        The error clipped to :math:`[-\delta, \delta]`.

    Numerics:
        With c the clipped error e, the loss is c (e - c / 2): one formula for both branches, which
        cannot overflow before the answer does.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, delta is not above 0, or reduction is unknown.

    Example:
        >>> import torch
        >>> huber_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none").tolist()
        [0.125, 2.5]

    References:
        P. J. Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35, 1964.
    """
    check_positive("delta", delta)
    predictions, targets = paired(predictions, targets, mask)
    if isinstance(delta, Tensor):  # which may want a gradient
        return reduced(huber(predictions - targets, delta), weight, mask, reduction)
    kernel = partial(torch.nn.functional.huber_loss, delta=delta)
    return by_kernel(kernel, predictions, targets, weight, mask, reduction)


def pseudo_huber_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    delta: Number = 1.0,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Pass smoothly from a square to a line, as a hyperbola does.

    .. math:: \ell(x, y) = \delta^2 \left(\sqrt{1 + ((x - y) / \delta)^2} - 1\right)

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        delta: Where the square turns into a line, above 0, in units of the target.  Towards 0 the
            loss vanishes like delta times the absolute error; for large values it is half of the
            squared error.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the target, in [0, inf): a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`(x - y) / \sqrt{1 + ((x - y) / \delta)^2}`, at most delta in size.

    Numerics:
        Computed as :math:`e^2 \delta / (\delta + \sqrt{\delta^2 + e^2})` for an error e: no square
        overflows, and small errors keep their digits, which the difference of 1 would lose.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, delta is not above 0, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(pseudo_huber_loss(torch.tensor([1.0]), torch.zeros(1)).item(), 6)
        0.414214

    References:
        P. Charbonnier, L. Blanc-Feraud, G. Aubert, M. Barlaud, Deterministic edge-preserving
        regularization in computed imaging, IEEE Trans. Image Process. 6, 1997.
    """
    check_positive("delta", delta)
    predictions, targets = paired(predictions, targets, mask)
    error = predictions - targets
    limits = torch.finfo(error.dtype)
    width = torch.as_tensor(delta, dtype=error.dtype, device=error.device)
    width = width.clamp(limits.tiny, limits.max / 4)
    values = error * (width * (error / (width + torch.hypot(width, error))))
    return reduced(values, weight, mask, reduction)


def log_cosh_loss(
    predictions: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Take the logarithm of the hyperbolic cosine of the error.

    .. math:: \ell(x, y) = \log \cosh (x - y)

    Args:
        predictions: Predicted values, any shape, floating point.
        targets: Observed values, the same shape.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the target have no meaning here (scale first), in [0, inf): a scalar, or one value
        an entry.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`\tanh(x - y)`, bounded by 1.

    Numerics:
        Computed as :math:`\log(1 + 2 \sinh^2(e / 2))`, beyond 40 as the line that it is there:
        small errors keep their digits, and nothing overflows.

    Raises:
        TypeError: If predictions are not floating point, or mask is not boolean.
        ValueError: If shapes differ, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(log_cosh_loss(torch.tensor([1.0]), torch.zeros(1)).item(), 6)
        0.433781

    References:
        R. A. Saleh, A. K. M. E. Saleh, Statistical properties of the log-cosh loss function used in
        machine learning, 2022, arXiv 2208.04564.
    """
    predictions, targets = paired(predictions, targets, mask)
    return reduced(log_cosh(predictions - targets), weight, mask, reduction)


_DELTA = Parameter(
    name="delta",
    low=0.0,
    high=float("inf"),
    at_low="delta times the absolute error",
    at_high="half of the squared error",
    binds={"delta": "delta"},
    off={"delta": "1"},
    samples=(0.1, 1.0, 5.0),
)

SPEC = LossSpec(
    function=huber_loss,
    title="Huber loss",
    family="regression",
    chapter="regression/squared-absolute-huber",
    inputs="value",
    targets="real",
    formula="Piecewise(((x - y)**2/2, Abs(x - y) <= delta), (delta*(Abs(x - y) - delta/2), True))",
    argument="x",
    domain="any real number",
    noise_model="Gaussian in the middle, Laplace in the tails",
    estimand="a location between mean and median",
    parameters=(_DELTA,),
    references=("huber1964",),
)

PSEUDO_SPEC = LossSpec(
    function=pseudo_huber_loss,
    title="Pseudo-Huber loss",
    family="regression",
    chapter="regression/squared-absolute-huber",
    inputs="value",
    targets="real",
    formula="delta**2*(sqrt(1 + ((x - y)/delta)**2) - 1)",
    argument="x",
    domain="any real number",
    noise_model="hyperbolic",
    estimand="a location between mean and median",
    parameters=(_DELTA,),
    references=("charbonnier1997", "huber1964"),
)

LOG_COSH_SPEC = LossSpec(
    function=log_cosh_loss,
    title="Log-cosh loss",
    family="regression",
    chapter="regression/squared-absolute-huber",
    inputs="value",
    targets="real",
    formula="log(cosh(x - y))",
    argument="x",
    domain="any real number",
    noise_model="hyperbolic secant",
    estimand="a location between mean and median",
    references=("saleh2022",),
)
