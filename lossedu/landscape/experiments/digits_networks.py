"""Small networks on the digits, trained from a seed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossedu.training.data import bundled
from lossedu.training.random_states import scoped, stream_seed
from lossedu.training.recipes import perceptron

Batch = tuple[Tensor, Tensor]


def digits(*, wrong_labels: float = 0.0, seed: int = 0) -> Batch:
    """The training part of the digits: 1077 images in rows of 64, and their classes.

    Args:
        wrong_labels: The share of labels that are drawn anew.
        seed: Of which, and of what.
    """
    inputs, targets = bundled("digits").train
    generator = torch.Generator().manual_seed(stream_seed(seed, 0))
    drawn = torch.randint(10, targets.shape, generator=generator)
    wrong = torch.rand(len(targets), generator=generator) < wrong_labels
    return inputs, torch.where(wrong, drawn, targets)


def network(seed: int, *widths: int) -> nn.Module:
    """A perceptron whose first weights the seed decides."""
    with scoped(seed):
        return perceptron(*widths)


def full_batch(model: nn.Module, data: Batch, steps: int, learning_rate: float) -> nn.Module:
    """Train by Adam on all examples at once, in place."""
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(data[0]), data[1]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model


def in_batches(
    model: nn.Module,
    data: Batch,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    after_epoch: Callable[[int], None] | None = None,
) -> None:
    """Train in shuffled batches, in place; the optimizer gets its work as a closure."""
    generator = torch.Generator().manual_seed(stream_seed(seed, 1))
    for epoch in range(epochs):
        order = torch.randperm(len(data[0]), generator=generator)
        for rows in torch.split(order, batch_size):
            inputs, targets = data[0][rows], data[1][rows]

            def closure(inputs: Tensor = inputs, targets: Tensor = targets) -> float:
                optimizer.zero_grad()
                loss = cross_entropy(model(inputs), targets)
                loss.backward()  # type: ignore[no-untyped-call]
                return float(loss.detach())

            optimizer.step(closure)
        if after_epoch is not None:
            after_epoch(epoch)
