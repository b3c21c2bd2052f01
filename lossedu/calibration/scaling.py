"""Three ways to repair probabilities after training: one number, two numbers, any rising curve.

Chapter: ``classification/calibration``.  The trap: fitting them on the data that trained the model.
There it looks calibrated already; use held-out data.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import (
    check_events,
    check_floating,
    check_no_nan,
    check_shape,
    check_values,
)
from lossedu.extras import explained
from lossedu.losses import binary_cross_entropy_with_logits, cross_entropy

_STEPS = 200
_HALVINGS = 64  # of an interval of 100: closer than doubles near 1 lie


class TemperatureScaling(nn.Module):
    r"""Divide logits by one number, chosen on held-out data.

    .. math:: p = \mathrm{softmax}(z / T), \qquad T = \arg\min_T -\sum_i \log p_{i, y_i}

    The order of the classes, and so the accuracy, does not change.  In 1 / T the problem is convex:
    its slope is bisected, so the fit needs no step size and cannot diverge.

    Attributes:
        temperature: T; 1 before `fit`.

    Example:
        >>> logits = torch.tensor([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]])
        >>> scaling = TemperatureScaling().fit(logits, torch.tensor([0, 0, 0, 1]))
        >>> round(scaling(logits).softmax(-1)[0, 0].item(), 6)
        0.75

    References:
        C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML
        2017, arXiv 1706.04599.
    """

    temperature: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.ones((), dtype=torch.float64))

    def fit(self, logits: Tensor, targets: Tensor) -> "TemperatureScaling":
        """Choose the temperature of least negative log-likelihood.

        Args:
            logits: Shape ``(n, C)`` with class numbers as targets, or ``(n,)`` with 0 and 1.
            targets: Shape ``(n,)``.

        Returns:
            Itself.

        Raises:
            TypeError: If logits are not floating point.
            ValueError: If there are no examples, if logits hold NaN, or if every temperature is
                worse than a hotter or a colder one: all predictions right, or none better than
                chance.
        """
        check_floating("logits", logits)
        check_shape("targets", targets, logits.shape[:1], "one target an example")
        if len(logits) == 0:
            raise ValueError("logits must hold at least one example, but is empty.")
        check_no_nan("logits", logits)
        # Outside inference mode a slope can be taken; a copy made there has no such mark.
        with torch.inference_mode(mode=False):
            return self._fitted(logits.detach().double().clone(), targets.clone())

    def _fitted(self, exact: Tensor, targets: Tensor) -> "TemperatureScaling":
        low, high = -50.0, 50.0  # of log(1 / T)
        if _slope(exact, targets, high) <= 0 or _slope(exact, targets, low) >= 0:
            raise ValueError(
                "logits must leave a temperature to choose, but the likelihood grows without end. "
                "Hint: all predictions are right, or none is better than chance; use more data."
            )
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if _slope(exact, targets, middle) > 0 else (middle, high)
        self.temperature = torch.tensor(
            math.exp(-(low + high) / 2), dtype=torch.float64, device=exact.device
        )
        return self

    def forward(self, logits: Tensor) -> Tensor:
        """Logits divided by the temperature, in their own dtype."""
        return (logits / self.temperature).to(logits.dtype)


def _slope(logits: Tensor, targets: Tensor, log_inverse: float) -> float:
    """The derivative of the mean negative log-likelihood in 1 / T."""
    inverse = torch.tensor(math.exp(log_inverse), dtype=torch.float64, requires_grad=True)
    # A class that is ruled out stays so at every temperature, and moves no slope: -inf times the
    # inverse would have the slope -inf times 0.
    ruled_out = logits == -torch.inf
    possible = logits.masked_fill(ruled_out, 0.0)
    with torch.enable_grad():
        scaled = (possible * inverse).masked_fill(ruled_out, -torch.inf)
        if logits.ndim == 1:
            loss = binary_cross_entropy_with_logits(scaled, targets)
        else:
            loss = cross_entropy(scaled, targets.long())
        (slope,) = torch.autograd.grad(loss, inverse)
    return slope.item()


class PlattScaling(nn.Module):
    r"""Fit a logistic curve through scores that are no log-odds, such as those of a margin loss.

    .. math:: P(y = 1 \mid s) = \sigma(a s + b)

    Targets are shrunk as Platt does, to :math:`(n_+ + 1) / (n_+ + 2)` and :math:`1 / (n_- + 2)`, so
    that separable scores have a finite fit.

    Attributes:
        slope: a; 1 before `fit`.
        offset: b; 0 before `fit`.

    Example:
        >>> scores, targets = torch.tensor([-2.0, -1.0, 1.0, 2.0]), torch.tensor([0, 0, 1, 1])
        >>> bool(PlattScaling().fit(scores, targets).slope > 0)
        True

    References:
        J. Platt, Probabilistic outputs for support vector machines, 1999; H.-T. Lin, C.-J. Lin, R.
        C. Weng, A note on Platt's probabilistic outputs, Machine Learning 68, 2007.
    """

    slope: Tensor
    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("slope", torch.ones((), dtype=torch.float64))
        self.register_buffer("offset", torch.zeros((), dtype=torch.float64))

    def fit(self, scores: Tensor, targets: Tensor) -> "PlattScaling":
        """Choose slope and offset of least cross-entropy, by Newton's method with halved steps.

        Args:
            scores: Shape ``(n,)``, floating point.
            targets: 0 or 1, shape ``(n,)``.

        Returns:
            Itself.

        Raises:
            TypeError: If scores are not floating point.
            ValueError: If shapes differ, scores hold NaN, a target is neither 0 nor 1, or there is
                no example of one of the two.
        """
        check_floating("scores", scores)
        check_shape("targets", targets, scores.shape, "one target a score")
        check_no_nan("scores", scores)
        check_events("targets", targets)
        positives = int((targets == 1).sum())
        negatives = len(targets) - positives
        if not positives or not negatives:
            raise ValueError(
                f"targets must hold both 0 and 1, but has {negatives} of 0 and {positives} of 1."
            )
        high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
        known = scores.detach().double()
        aims = torch.full_like(known, low).masked_fill(targets == 1, high)
        inputs = torch.stack([known, torch.ones_like(known)], dim=-1)
        found = _newton(inputs, aims)
        self.slope, self.offset = found[0], found[1]
        return self

    def forward(self, scores: Tensor) -> Tensor:
        """The calibrated log-odds, in the dtype of the scores."""
        return (self.slope * scores + self.offset).to(scores.dtype)


def _newton(inputs: Tensor, aims: Tensor) -> Tensor:
    """Logistic regression on two columns; convex, so every halved Newton step goes down."""
    weights = inputs.new_zeros(2)

    def loss(at: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(inputs @ at, aims)

    for _ in range(_STEPS):
        p = torch.sigmoid(inputs @ weights)
        gradient = inputs.T @ (p - aims) / len(aims)
        curvature = (inputs.T * (p * (1 - p))) @ inputs / len(aims)
        ridge = 1e-12 * (1 + curvature.diagonal().mean()) * torch.eye(2).to(inputs)
        step = torch.linalg.solve(curvature + ridge, gradient)
        length = 1.0
        while length > 1e-10 and loss(weights - length * step) > loss(weights):
            length /= 2
        weights = weights - length * step
        if gradient.abs().max() < 1e-13:
            break
    return weights


class IsotonicScaling:
    r"""Fit any rising curve from scores to probabilities (pool adjacent violators).

    .. math:: \min_f \sum_i (f(s_i) - y_i)^2 \quad \text{subject to } s_i \le s_j \Rightarrow
        f(s_i) \le f(s_j)

    The work is done by scikit-learn.  With few examples it overfits; it makes ties.

    Example:
        >>> scores, targets = torch.tensor([0.1, 0.4, 0.3, 0.9]), torch.tensor([0, 0, 1, 1])
        >>> IsotonicScaling().fit(scores, targets)(scores).tolist()
        [0.0, 0.5, 0.5, 1.0]

    References:
        B. Zadrozny, C. Elkan, Transforming classifier scores into accurate multiclass probability
        estimates, KDD 2002.
    """

    def __init__(self) -> None:
        self._curve: Any = None

    def fit(self, scores: Tensor, targets: Tensor) -> "IsotonicScaling":
        """Fit the curve.

        Args:
            scores: Shape ``(n,)``, floating point.
            targets: 0 or 1, or a probability, shape ``(n,)``.

        Returns:
            Itself.

        Raises:
            TypeError: If scores are not floating point.
            ValueError: If shapes differ, scores hold NaN, or a target is outside of 0 to 1.
        """
        with explained("IsotonicScaling", "train"):
            from sklearn.isotonic import IsotonicRegression

        check_floating("scores", scores)
        check_shape("targets", targets, scores.shape, "one target a score")
        check_no_nan("scores", scores)
        check_values("targets", targets, low=0, high=1, rule="be between 0 and 1")
        curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        self._curve = curve.fit(scores.detach().double().cpu().numpy(), targets.cpu().numpy())
        return self

    def __call__(self, scores: Tensor) -> Tensor:
        """Calibrated probabilities, in the dtype of the scores.

        Raises:
            RuntimeError: If it has not been fitted.
        """
        if self._curve is None:
            raise RuntimeError("scores must come after a fit, but there was none. Hint: call fit.")
        if scores.numel() == 0:
            return scores.detach().clone()
        predicted = self._curve.predict(scores.detach().double().cpu().numpy())
        return torch.as_tensor(predicted, dtype=scores.dtype, device=scores.device)
