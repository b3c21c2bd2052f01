r"""The gradient noise scale: how many examples a batch needs before noise stops to matter.

.. math:: B_{simple} = \frac{\operatorname{tr} \Sigma}{|G|^2}

(McCandlish et al. 2018): Sigma is the covariance of single examples' gradients, G their mean.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossedu.landscape.curvature.lanczos import Array
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result


@dataclass(frozen=True)
class NoiseScale(Result):
    """Noise and signal of the gradient.

    Attributes:
        value: The noise scale in examples; infinite where the signal is not above the noise.
        standard_error: Of the value, by the jackknife over batches; NaN where it is infinite.
        noise: The trace of Sigma, unbiased.
        signal: The square of the norm of G, unbiased: it can be negative.
        batches: Batches that it comes from.
    """

    value: float
    standard_error: float
    noise: float
    signal: float
    batches: int


def gradient_noise_scale(objective: Objective, theta: Tensor | None = None) -> NoiseScale:
    r"""The noise scale from the gradients of an objective's batches.

    With batches as samples, :math:`\operatorname{tr}\Sigma` comes from how far the batches'
    gradients :math:`g_b` lie from their mean :math:`\bar g`, whatever their sizes, and what noise
    adds to the mean's length is taken off:

    .. math:: S = \frac{\sum_b n_b |g_b - \bar g|^2}{K - 1}, \qquad |G|^2 = |\bar g|^2 - S/n

    The ratio of the two is nearly unbiased only.  Batches of one example each use the data best.

    Args:
        objective: The loss, over batches drawn at random: an order by class makes noise of it.
        theta: Where; by default the model's own point.

    Returns:
        The scale with its standard error.

    Raises:
        ValueError: If there are fewer than three batches, or a gradient is not finite.
    """
    centre = objective.point if theta is None else theta
    counts, own, along, mean = _inner_products(objective, centre.detach())
    noise, signal = _estimates(counts, own, along, mean)
    value = _ratio(noise, signal)
    left_out = np.array([_without(i, counts, own, along, mean) for i in range(len(counts))])
    k = len(counts)
    spread = left_out - left_out.mean() if np.isfinite(left_out).all() else np.array([math.nan])
    error = math.sqrt((k - 1) / k * float((spread**2).sum()))
    return NoiseScale(value, error if math.isfinite(value) else math.nan, noise, signal, k)


def _inner_products(objective: Objective, theta: Tensor) -> tuple[Array, Array, Array, float]:
    """Of each batch: its size, its gradient's square, its product with the mean; the mean's."""
    mean = objective.gradient(theta).double()
    rows = []
    with torch.inference_mode(False), torch.enable_grad():
        leaf = (theta.clone() if theta.is_inference() else theta).detach().requires_grad_()
        mean = mean.clone() if mean.is_inference() else mean
        for batch in objective.batches():
            loss = objective.differentiable(leaf, batch)
            (gradient,) = torch.autograd.grad(loss, leaf, materialize_grads=True)
            gradient = gradient.double()
            rows.append((batch.count, float(gradient @ gradient), float(gradient @ mean)))
    if len(rows) < 3:
        raise ValueError(
            f"objective must have at least 3 batches, but has {len(rows)}. Hint: make it with a "
            "smaller batch_size; 1 uses the data best."
        )
    counts, own, along = np.array(rows, dtype=np.float64).T
    if not np.isfinite(own).all():
        raise ValueError("objective must have finite gradients, but one is not finite.")
    return counts, own, along, float(mean @ mean)


def _estimates(counts: Array, own: Array, along: Array, mean: float) -> tuple[float, float]:
    scattered = float((counts * (own - 2 * along + mean)).sum())
    noise = scattered / (len(counts) - 1)
    return noise, mean - noise / float(counts.sum())


def _without(i: int, counts: Array, own: Array, along: Array, mean: float) -> float:
    """The scale without one batch, from the same inner products."""
    n, left = counts.sum(), np.arange(len(counts)) != i
    rest = n - counts[i]
    squared = (n**2 * mean - 2 * n * counts[i] * along[i] + counts[i] ** 2 * own[i]) / rest**2
    # Around a mean, scatter is the sum of squares less that of the mean.
    scattered = (counts[left] * own[left]).sum() - rest * squared
    noise = float(scattered) / (len(counts) - 2)
    return _ratio(noise, float(squared) - noise / float(rest))


def _ratio(noise: float, signal: float) -> float:
    if noise == 0 and signal > 0:
        return 0.0
    return noise / signal if signal > 0 else math.inf
