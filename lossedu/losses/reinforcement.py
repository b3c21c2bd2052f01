"""Two losses of reinforcement learning: of a policy, and of a value.

Chapter: ``beyond/reinforcement``.  The trap: neither is a loss that should reach 0.  Their values
say little; their gradients are what was derived.
"""

import torch
from torch import Tensor

from lossedu.arguments.checks import (
    Number,
    check_floating,
    check_number,
    check_positive,
    check_same_shape,
)
from lossedu.arguments.reduction import (
    Reduction,
    accumulation_dtype,
    check_mask,
    hide_masked,
    reduced,
)
from lossedu.losses._errors import huber
from lossedu.losses._spec import LossSpec


def policy_gradient_loss(
    log_probs: Tensor,
    returns: Tensor,
    *,
    baseline: Tensor | None = None,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Make actions that did better than expected more probable.

    .. math:: \ell = -(R - b) \log \pi(a \mid s)

    Args:
        log_probs: Log-probability of each action taken, any shape, floating point.
        returns: What followed from it, the same shape; a constant to the gradient.
        baseline: What was to be expected, the same shape, subtracted from the returns; a constant
            too.  It changes the variance of the gradient, not its mean.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Units of the return times nats, any sign: a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`-(R - b)` in the log-probability: the score-function estimate of minus the gradient
        of the expected return.

    Numerics:
        One product in float32 or better.

    Raises:
        TypeError: If log_probs are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, or reduction is unknown.

    Example:
        >>> import torch
        >>> log_probs = torch.tensor([-0.5, -2.0])
        >>> policy_gradient_loss(log_probs, torch.tensor([1.0, 3.0]), baseline=torch.ones(2)).item()
        2.0

    References:
        R. J. Williams, Simple statistical gradient-following algorithms for connectionist
        reinforcement learning, Machine Learning 8, 1992.
    """
    check_floating("log_probs", log_probs)
    check_same_shape("returns", returns, "log_probs", log_probs)
    check_mask(mask, log_probs.shape)
    dtype = accumulation_dtype(log_probs)
    advantage = hide_masked(returns.detach(), mask).to(dtype)
    if baseline is not None:
        check_same_shape("baseline", baseline, "log_probs", log_probs)
        advantage = advantage - hide_masked(baseline.detach(), mask).to(dtype)
    values = -advantage * hide_masked(log_probs, mask).to(dtype)
    return reduced(values, weight, mask, reduction)


def td_loss(
    values: Tensor,
    rewards: Tensor,
    next_values: Tensor,
    *,
    discount: Number = 0.99,
    done: Tensor | None = None,
    delta: Number | None = None,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Square the difference between a value and what one step says it should be.

    .. math:: \ell = (V(s) - (r + \gamma V(s')))^2 \quad \text{(or its Huber form, halved as in
        \texttt{huber\_loss})}

    Args:
        values: Estimated value of each state, any shape, floating point.
        rewards: What the step brought, the same shape.
        next_values: Estimated value of the state after it, the same shape; a constant to the
            gradient.
        discount: gamma in [0, 1], what a unit of value is worth a step later.
        done: True where the episode ended, so that nothing follows; the same shape, boolean.
        delta: Where the square turns into a line (Huber), above 0; None squares all errors.
        weight: How much each entry counts, at least 0, the same shape; None counts all alike.
        mask: True where an entry counts, the same shape; hidden entries may hold anything.
        reduction: ``"mean"`` (over the weight that counts), ``"sum"`` or ``"none"``.

    Returns:
        Squared units of the reward, in [0, inf): a scalar, or one value an entry.  Half precision
        comes back as float32; every other dtype is kept.

    Gradient:
        :math:`2 (V(s) - r - \gamma V(s'))` in V(s) alone: a semi-gradient, for the target is held
        fixed.

    Numerics:
        Differences in float32 or better.  Where an episode is done, the next value may hold
        anything.

    Raises:
        TypeError: If values are not floating point, or mask is not boolean.
        ValueError: If shapes do not fit, an option is out of range, or reduction is unknown.

    Example:
        >>> import torch
        >>> v, r, after = torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([2.0])
        >>> td_loss(v, r, after, discount=0.5).item()
        0.25

    References:
        R. S. Sutton, Learning to predict by the methods of temporal differences, Machine Learning
        3, 1988; V. Mnih et al., Human-level control through deep reinforcement learning, Nature
        518, 2015.
    """
    check_floating("values", values)
    check_number("discount", discount, low=0.0, high=1.0)
    check_mask(mask, values.shape)
    dtype = accumulation_dtype(values)
    for name, tensor in (("rewards", rewards), ("next_values", next_values)):
        check_same_shape(name, tensor, "values", values)
    after = hide_masked(next_values.detach(), mask).to(dtype)
    if done is not None:
        check_same_shape("done", done, "values", values)
        after = torch.where(done.bool(), torch.zeros_like(after), after)
    target = hide_masked(rewards.detach(), mask).to(dtype) + discount * after
    error = hide_masked(values, mask).to(dtype) - target
    if delta is None:
        return reduced(error**2, weight, mask, reduction)
    check_positive("delta", delta)
    return reduced(huber(error, delta), weight, mask, reduction)


SPEC = LossSpec(
    function=policy_gradient_loss,
    title="Policy-gradient loss",
    family="beyond",
    chapter="beyond/reinforcement",
    inputs="score",
    unit="tuple",
    targets="none",
    argument="s",
    axis="log-probability of the action, for an advantage of 1",
    formula="-u*s",
    given={"u": 1.0},
    domain="returns, less a baseline",
    noise_model="none: its gradient is an estimate, its value is not",
    estimand="the policy of largest expected return",
    references=("williams1992",),
)

TD_SPEC = LossSpec(
    function=td_loss,
    title="Temporal-difference loss",
    family="beyond",
    chapter="beyond/reinforcement",
    inputs="value",
    unit="tuple",
    targets="none",
    argument="x",
    axis="value less its one-step target",
    formula="x**2",
    domain="rewards, and the values of the states that followed",
    noise_model="Gaussian, with a target that moves",
    estimand="the expected discounted return",
    references=("sutton1988", "mnih2015"),
)
