"""Runs that fail, each in its own way: small, seeded, and for showing what failure looks like."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.losses import (
    binary_cross_entropy_with_logits,
    contrastive_loss,
    cross_entropy,
    mse_loss,
)
from lossedu.training.data import heavy_tails, noisy_classes, rare_events
from lossedu.training.fit import fit
from lossedu.training.history import History
from lossedu.training.random_states import scoped
from lossedu.training.recipes import Squeeze, perceptron

# Validation data are drawn from seeds that no training data use.
_APART = 1_000_000
_SGD = partial(torch.optim.SGD, lr=0.1)
_ADAM = partial(torch.optim.Adam, lr=1e-2)


def failures() -> dict[str, Callable[[int], History]]:
    """A run for each diagnosis that one process can show, by the name of the diagnosis.

    Each takes a seed and trains within seconds.

    Example:
        >>> from lossedu.training.diagnosis import diagnose
        >>> history = failures()["NaN or overflow"](0)
        >>> diagnose(history)[0].name
        'NaN or overflow'
    """
    return {
        "NaN or overflow": logarithm_of_zero,
        "exploding gradient": inputs_in_other_units,
        "vanishing gradient": squared_error_of_a_saturated_sigmoid,
        "learning rate too small": steps_too_short,
        "plateau": parity,
        "oscillation": steps_too_long,
        "overfitting": memorised_noise,
        "majority-class collapse": rare_and_hurried,
        "embedding collapse": positives_only,
        "label leakage": target_among_the_features,
    }


class Logarithm(nn.Module):
    """The natural logarithm; of 0 it is minus infinity."""

    def forward(self, values: Tensor) -> Tensor:
        """Entry by entry."""
        return values.log()


def logarithm_of_zero(seed: int) -> History:
    """A softmax and then its logarithm, in two layers; for one odd example a share rounds to 0."""
    data = noisy_classes(512, seed=seed)
    data.features[0] *= 1000
    with scoped(seed):
        layers = (nn.Linear(3, 3), nn.Softmax(-1), Logarithm())
    model = nn.Sequential(OrderedDict(zip(("scores", "softmax", "logarithm"), layers, strict=True)))
    train = data.features, data.labels
    return _fitted(model, nn.functional.nll_loss, train, seed=seed, optimizer=_SGD, epochs=2)


def inputs_in_other_units(seed: int) -> History:
    """Millimetres where metres were meant: the same step is a million times too long."""
    data = heavy_tails(512, tail=8.0, seed=seed)
    features = 10 * data.features
    return _fitted(
        _model(seed, 4, 1), mse_loss, (features, data.targets), seed=seed, optimizer=_SGD, steps=10
    )


def squared_error_of_a_saturated_sigmoid(seed: int) -> History:
    """Squared error on probabilities that are already 0 or 1, half of them wrongly."""
    data = noisy_classes(512, classes=2, seed=seed)
    with scoped(seed):
        linear = nn.Linear(2, 1)
    nn.init.constant_(linear.bias, 15.0)
    model = nn.Sequential(linear, Squeeze(), nn.Sigmoid())
    targets = data.labels.float()
    return _fitted(model, mse_loss, (data.features, targets), seed=seed, optimizer=_SGD, epochs=10)


def steps_too_short(seed: int) -> History:
    """A learning rate of a ten-thousandth where a tenth was meant."""
    train, valid = (noisy_classes(600, separation=1.5, seed=s) for s in (seed, seed + _APART))
    return _fitted(
        _model(seed, 3, 32, 3),
        cross_entropy,
        (train.features, train.labels),
        (valid.features, valid.labels),
        seed=seed,
        optimizer=partial(torch.optim.SGD, lr=1e-4),
        epochs=10,
    )


def parity(seed: int) -> History:
    """Whether an odd number of 20 bits is set: no step tells in which direction to go."""
    generator = torch.Generator().manual_seed(seed)
    bits = torch.randint(0, 2, (4000, 20), generator=generator).float()
    targets = bits.sum(-1).remainder(2)
    return _fitted(
        _model(seed, 20, 16, 1),
        binary_cross_entropy_with_logits,
        (2 * bits - 1, targets),
        seed=seed,
        optimizer=partial(torch.optim.SGD, lr=0.02),
        epochs=5,
    )


def steps_too_long(seed: int) -> History:
    """A learning rate that jumps from one side of the valley to the other."""
    train, valid = (noisy_classes(600, separation=1.5, seed=s) for s in (seed, seed + _APART))
    return _fitted(
        _model(seed, 3, 3),
        cross_entropy,
        (train.features, train.labels),
        (valid.features, valid.labels),
        seed=seed,
        optimizer=partial(torch.optim.SGD, lr=20.0),
        epochs=30,
    )


def memorised_noise(seed: int) -> History:
    """A large model, few examples, a third of the labels wrong."""
    train, valid = (
        noisy_classes(n, label_noise=0.3, seed=s) for n, s in ((150, seed), (1000, seed + _APART))
    )
    return _fitted(
        _model(seed, 3, 256, 256, 3),
        cross_entropy,
        (train.features, train.labels),
        (valid.features, valid.labels),
        seed=seed,
        optimizer=_ADAM,
        epochs=40,
    )


def rare_and_hurried(seed: int) -> History:
    """One positive in a hundred, and too little training to find any."""
    train, valid = (rare_events(4000, positive_rate=0.01, seed=s) for s in (seed, seed + _APART))
    return _fitted(
        _model(seed, 8, 32, 1),
        binary_cross_entropy_with_logits,
        (train.features, train.labels),
        (valid.features, valid.labels),
        seed=seed,
        optimizer=partial(torch.optim.SGD, lr=0.02),
        epochs=8,
    )


def positives_only(seed: int) -> History:
    """Pairs that shall be close, and none that shall not."""
    train, valid = (noisy_classes(600, classes=6, seed=s) for s in (seed, seed + _APART))
    return _fitted(
        _model(seed, 6, 32, 4),
        _neighbours_of_a_class,
        (train.features, train.labels),
        (valid.features, valid.labels),
        seed=seed,
        optimizer=_ADAM,
        epochs=20,
    )


def target_among_the_features(seed: int) -> History:
    """A feature that was made from the target."""
    train, valid = (heavy_tails(1000, tail=8.0, seed=s) for s in (seed, seed + _APART))
    leaky = ((torch.cat([d.features, d.targets[:, None]], 1), d.targets) for d in (train, valid))
    return _fitted(_model(seed, 5, 1), mse_loss, *leaky, seed=seed, optimizer=_ADAM, epochs=60)


def _neighbours_of_a_class(embedded: Tensor, labels: Tensor) -> Tensor:
    order = labels.argsort()
    first, second = order[:-1], order[1:]
    same = labels[first] == labels[second]
    return contrastive_loss(embedded[first], embedded[second], torch.ones_like(same), mask=same)


def _model(seed: int, *widths: int) -> nn.Module:
    with scoped(seed):
        return perceptron(*widths)


def _fitted(
    model: nn.Module,
    loss: Callable[..., Tensor],
    train: tuple[Tensor, ...],
    valid: tuple[Tensor, ...] | None = None,
    **settings: Any,
) -> History:
    return fit(model, loss, train, valid, batch_size=32, progress=False, **settings)
