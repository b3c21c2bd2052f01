"""Each loss beside what a user would write or import instead."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.measure import Row, compare
from lossedu import losses

Loss = Callable[[Tensor, Tensor], Tensor]


def power_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary focal loss as it is usually written: a power of a rounded probability."""
    p = logits.sigmoid()
    ce = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    return (ce * (1 - p_t) ** 2).mean()


def softmax_power_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """Focal loss over classes as it is usually written: from torch's cross-entropy."""
    ce = functional.cross_entropy(logits, targets, reduction="none")
    return ((1 - torch.exp(-ce)) ** 2 * ce).mean()


PAIRS: list[tuple[str, Loss, Loss, str]] = [
    ("mse_loss, torch", losses.mse_loss, functional.mse_loss, "real"),
    (
        "binary_cross_entropy_with_logits, torch",
        losses.binary_cross_entropy_with_logits,
        functional.binary_cross_entropy_with_logits,
        "event",
    ),
    ("sigmoid_focal_loss, power form", losses.sigmoid_focal_loss, power_focal, "event"),
    ("cross_entropy, torch", losses.cross_entropy, functional.cross_entropy, "class"),
    ("softmax_focal_loss, power form", losses.softmax_focal_loss, softmax_power_focal, "class"),
]


def _inputs(kind: str, n: int, classes: int, device: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    if kind == "class":
        predictions = torch.randn(n // classes, classes, generator=generator)
        targets = torch.randint(classes, (n // classes,), generator=generator)
    else:
        predictions = torch.randn(n, generator=generator)
        targets = torch.rand(n, generator=generator)
        targets = (targets < 0.01).float() if kind == "event" else targets
    return predictions.to(device).requires_grad_(), targets.to(device)


def _step(loss: Loss, predictions: Tensor, targets: Tensor) -> Callable[[], None]:
    def step() -> None:
        predictions.grad = None
        loss(predictions, targets).backward()

    return step


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """A row for each loss, eager and, on an accelerator, compiled."""
    n, classes = (10_000, 10) if quick else (1_000_000, 100)
    for name, ours, peer, kind in PAIRS:
        inputs = _inputs(kind, n, classes, device)
        size = " x ".join(map(str, inputs[0].shape))
        yield compare(name, size, _step(ours, *inputs), _step(peer, *inputs), device)
        if device == "cuda":
            compiled = torch.compile(ours, fullgraph=True), torch.compile(peer, fullgraph=True)
            steps = [_step(loss, *inputs) for loss in compiled]
            yield compare(f"{name}, both compiled", size, *steps, device)
