"""The gradient noise scale is unbiased, and its standard error is honest."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from lossedu.landscape import Objective
from lossedu.landscape.curvature.noise_scale import gradient_noise_scale


def noisy(seed, *, n=240, batch_size=1, mean=1.0, spread=2.0):
    """The gradient of each example is a normal vector: mean 1 and variance 4 in 5 entries."""
    generator = torch.Generator().manual_seed(seed)
    slopes = mean + spread * torch.randn(n, 5, generator=generator, dtype=torch.float64)

    class Slope(nn.Module):
        def __init__(self):
            super().__init__()
            self.at = nn.Parameter(torch.zeros(5, dtype=torch.float64))

        def forward(self, x):
            return x @ self.at

    return Objective(Slope(), lambda z, _: z.mean(), (slopes, slopes), batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_noise_and_signal_are_unbiased_whatever_the_sizes_of_batches(batch_size):
    found = [gradient_noise_scale(noisy(s, n=60, batch_size=batch_size)) for s in range(100)]

    noise, signal = (np.array([getattr(f, name) for f in found]) for name in ("noise", "signal"))
    assert abs(noise.mean() - 20) <= 4 * noise.std() / 10
    assert abs(signal.mean() - 5) <= 4 * signal.std() / 10


def test_the_standard_error_of_the_noise_scale_is_honest():
    found = [gradient_noise_scale(noisy(seed, batch_size=4)) for seed in range(150)]

    values = np.array([f.value for f in found])
    stated = np.array([f.standard_error for f in found])
    assert values.mean() == pytest.approx(4, rel=0.05)
    assert np.sqrt((stated**2).mean()) == pytest.approx(values.std(), rel=0.25)


def test_the_jackknife_is_that_of_recomputing_without_each_batch():
    objective = noisy(0, n=20, batch_size=3)
    batches = [batch.values for batch in objective.batches()]
    model_loss = objective.loss

    def without(i):
        class Slope(nn.Module):
            def __init__(self):
                super().__init__()
                self.at = nn.Parameter(torch.zeros(5, dtype=torch.float64))

            def forward(self, x):
                return x @ self.at

        return gradient_noise_scale(Objective(Slope(), model_loss, batches[:i] + batches[i + 1 :]))

    values = np.array([without(i).value for i in range(len(batches))])

    k = len(values)
    expected = math.sqrt((k - 1) / k * ((values - values.mean()) ** 2).sum())
    assert gradient_noise_scale(objective).standard_error == pytest.approx(expected)


def test_without_noise_the_scale_is_zero():
    found = gradient_noise_scale(noisy(0, spread=0.0))

    assert found.value == pytest.approx(0, abs=1e-12)


def test_without_signal_the_scale_may_be_infinite():
    found = [gradient_noise_scale(noisy(seed, mean=0.0)) for seed in range(10)]

    assert any(math.isinf(f.value) and math.isnan(f.standard_error) for f in found)
    assert all(f.value > 100 for f in found)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_noise_scale_does_not_ask_whether_gradients_are_on(context):
    with context():
        found = gradient_noise_scale(noisy(0), torch.zeros(5, dtype=torch.float64))

    assert found == gradient_noise_scale(noisy(0))


def test_two_batches_are_too_few():
    with pytest.raises(ValueError, match="must have at least 3 batches, but has 2"):
        gradient_noise_scale(noisy(0, batch_size=120))


def test_a_gradient_that_is_not_finite_is_reported():
    with pytest.raises(ValueError, match="must have finite gradients"):
        gradient_noise_scale(noisy(0, mean=math.inf))
