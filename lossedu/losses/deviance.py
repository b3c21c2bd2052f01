"""Deviances of counts and amounts: Poisson, gamma, and Tweedie between and beyond them.

Chapter: ``regression/quantiles-counts-uncertainty``.  The trap: what is passed in is the logarithm
of the mean.  Pass the mean, and the loss trains its exponential without complaint.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_above_zero, check_not_negative, check_number
from lossedu.arguments.pairing import paired
from lossedu.arguments.reduction import Reduction, reduced
from lossedu.losses._deviances import tweedie_deviance
from lossedu.losses._spec import LossSpec, Parameter, SpecialCase


def poisson_deviance_loss(
    log_mean: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge twice what a count is less likely by than with a mean equal to it (Poisson).

    .. math:: \ell(z, y) = 2 \left(y \log \frac{y}{\mu} - y + \mu\right), \qquad \mu = e^z

    Args:
        log_mean: z, the logarithm of the expected count, any shape, floating point.
        targets: Counts, or other numbers of at least 0, the same shape.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Twice nats, in [0, inf): a scalar, or one value an entry.  Half precision comes back as
        float32; every other dtype is kept.

    Gradient:
        :math:`2 (\mu - y)`.

    Numerics:
        Never a quotient y / mu, nor a logarithm of a mean.  At a target of 0 the loss is 2 mu; near
        a perfect fit a series keeps its digits.

    Special cases:
        Twice `torch.nn.functional.poisson_nll_loss` (with ``log_input=True``), less its least
        value: the same minimiser, slopes twice as large.

    Raises:
        TypeError: If log_mean is not floating point, or mask is not boolean.
        ValueError: If shapes differ, a target is negative or not finite, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(poisson_deviance_loss(torch.tensor([0.0]), torch.tensor([3])).item(), 6)
        2.591674

    References:
        J. A. Nelder, R. W. M. Wedderburn, Generalized linear models, J. R. Statist. Soc. A 135,
        1972; C. Gourieroux, A. Monfort, A. Trognon, Econometrica 52, 1984 (other counts).
    """
    return _deviance(log_mean, targets, 1.0, weight, mask, reduction)


def gamma_deviance_loss(
    log_mean: Tensor,
    targets: Tensor,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge an amount for its ratio to the mean: as much at a thousand as at one (gamma).

    .. math:: \ell(z, y) = 2 \left(\frac{y}{\mu} - 1 - \log \frac{y}{\mu}\right), \qquad \mu = e^z

    Args:
        log_mean: z, the logarithm of the expected amount, any shape, floating point.
        targets: Amounts above 0, the same shape.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        A number without unit, in [0, inf): a scalar, or one value an entry.  Half precision comes
        back as float32; every other dtype is kept.

    Gradient:
        :math:`2 (1 - y / \mu)`, at most 2 where the mean is too large.

    Numerics:
        In the difference of the logarithms; near a perfect fit a series keeps its digits.

    Special cases:
        Twice the negative log-likelihood of gamma noise of shape 1, an exponential waiting time,
        less its least value; another shape is a factor.

    Raises:
        TypeError: If log_mean is not floating point, or mask is not boolean.
        ValueError: If shapes differ, a target is not above 0 and finite, or reduction is unknown.

    Example:
        >>> import torch
        >>> round(gamma_deviance_loss(torch.tensor([0.0]), torch.tensor([3.0])).item(), 6)
        1.802775

    References:
        J. A. Nelder, R. W. M. Wedderburn, Generalized linear models, J. R. Statist. Soc. A 135,
        1972.
    """
    return _deviance(log_mean, targets, 2.0, weight, mask, reduction)


def tweedie_deviance_loss(
    log_mean: Tensor,
    targets: Tensor,
    *,
    power: float = 1.5,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Charge by a noise whose variance is a power of the mean, as of claims, many of them 0.

    .. math:: \ell(z, y) = 2 \left(\frac{y^{2-p}}{(1-p)(2-p)} - \frac{y \mu^{1-p}}{1-p} +
        \frac{\mu^{2-p}}{2-p}\right), \qquad \mu = e^z

    Args:
        log_mean: z, the logarithm of the expected amount, any shape, floating point.
        targets: Amounts of at least 0, from power 2 on above 0, the same shape.
        power: p in [1, 3], the exponent with which the variance grows with the mean.  At 1 this is
            the Poisson deviance, between 1 and 2 that of a Poisson number of gamma amounts, at 2
            the gamma deviance, at 3 that of inverse Gaussian noise.  Deviances of two powers do not
            compare, so it cannot be learnt: choose it by the variance.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the target to the power 2 - p, in [0, inf): a scalar, or one value an entry.  Half
        precision comes back as float32; every other dtype is kept.

    Gradient:
        :math:`2 \mu^{1-p} (\mu - y)`.

    Numerics:
        As a difference of two powers that is right for powers at and near 1 and 2; near a perfect
        fit a series keeps its digits.

    Special cases:
        ``power=1``: `poisson_deviance_loss`.  ``power=2``: `gamma_deviance_loss`.  (0 would be
        `mse_loss` of the mean itself.)

    Raises:
        TypeError: If log_mean is not floating point, or mask is not boolean.
        ValueError: If shapes differ, a target has no density, power leaves [1, 3], or reduction is
            unknown.

    Example:
        >>> import torch
        >>> tweedie_deviance_loss(torch.tensor([0.0]), torch.tensor([4.0])).item()
        4.0

    References:
        B. Jorgensen, Exponential dispersion models, J. R. Statist. Soc. B 49, 1987.
    """
    check_number("power", power, low=1.0, high=3.0)
    return _deviance(log_mean, targets, float(power), weight, mask, reduction)


def _deviance(
    log_mean: Tensor,
    targets: Tensor,
    power: float,
    weight: Tensor | None,
    mask: Tensor | None,
    reduction: Reduction,
) -> Tensor:
    log_mean, targets = paired(log_mean, targets, mask, "log_mean")
    seen = targets if mask is None else torch.where(mask, targets, 1.0)
    check = check_not_negative if power < 2 else check_above_zero
    check("targets", seen)
    return reduced(tweedie_deviance(log_mean, seen, power), weight, mask, reduction)


SPEC = LossSpec(
    function=poisson_deviance_loss,
    title="Poisson deviance",
    family="regression",
    chapter="regression/quantiles-counts-uncertainty",
    inputs="log-mean",
    targets="amount",
    formula="2*(y*log(y) - y - y*z + exp(z))",
    domain="any number of at least 0, counts above all",
    noise_model="Poisson",
    estimand="the conditional mean",
    references=("nelder1972", "gourieroux1984"),
)

GAMMA_SPEC = LossSpec(
    function=gamma_deviance_loss,
    title="Gamma deviance",
    family="regression",
    chapter="regression/quantiles-counts-uncertainty",
    inputs="log-mean",
    targets="amount",
    formula="2*(y*exp(-z) - 1 - log(y) + z)",
    domain="any number above 0",
    noise_model="gamma: a spread in proportion to the mean",
    estimand="the conditional mean",
    references=("nelder1972",),
)

TWEEDIE_SPEC = LossSpec(
    function=tweedie_deviance_loss,
    title="Tweedie deviance",
    family="regression",
    chapter="regression/quantiles-counts-uncertainty",
    inputs="log-mean",
    targets="amount",
    formula=(
        "2*(y**(2 - power)/((1 - power)*(2 - power)) - y*exp((1 - power)*z)/(1 - power)"
        " + exp((2 - power)*z)/(2 - power))"
    ),
    domain="any number of at least 0, from power 2 on above 0",
    noise_model="Tweedie: a variance that grows as a power of the mean",
    estimand="the conditional mean",
    parameters=(
        Parameter(
            name="power",
            low=1.0,
            high=3.0,
            at_low="the Poisson deviance",
            at_high="the deviance of inverse Gaussian noise",
            binds={"power": "power"},
            off={"power": "3/2"},
            samples=(1.1, 1.5, 1.9, 3.0),
        ),
    ),
    special_cases=(
        SpecialCase(settings={"power": 1.0}, equals="poisson_deviance_loss"),
        SpecialCase(settings={"power": 2.0}, equals="gamma_deviance_loss"),
    ),
    references=("jorgensen1987",),
)
