"""Small runs that several files of tests share."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lossedu.training import History, fit

Fit = Callable[..., tuple[History, nn.Module]]


def small_model(seed: int = 0, *, dropout: float = 0.0) -> nn.Module:
    """Two layers, the same ones for each seed."""
    with torch.random.fork_rng():
        torch.random.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))


def small_data(n: int = 23, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two classes that a line tells apart; 23 examples make an uneven last batch of 8."""
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] + x[:, 1] > 0).long()


@pytest.fixture
def quick_fit() -> Fit:
    """`fit` on small data, with whatever a test wants otherwise."""

    def run(model: nn.Module | None = None, **changes: Any) -> tuple[History, nn.Module]:
        model = small_model() if model is None else model
        settings: dict[str, Any] = {
            "loss": nn.CrossEntropyLoss(),
            "train": small_data(),
            "optimizer": partial(torch.optim.AdamW, lr=1e-2),
            "batch_size": 8,
            "progress": False,
        }
        if not {"epochs", "steps"} & changes.keys():
            settings["epochs"] = 2
        return fit(model, **settings | changes), model

    return run
