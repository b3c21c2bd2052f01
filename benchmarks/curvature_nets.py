"""Nets that read digits, with all eigenvalues of their Hessians."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.products import hessian
from lossedu.training.random_states import scoped

Array = NDArray[np.float64]
K = 5
"""How many of the first eigenvalues are compared."""


@dataclass(frozen=True)
class Net:
    """A trained model and what it was trained on.

    Attributes:
        name: What it is called.
        model: In evaluation mode.
        data: Images and classes.
    """

    name: str
    model: nn.Module
    data: tuple[Tensor, Tensor]

    def objective(self, dtype: torch.dtype | None = None) -> Objective:
        """Made anew for every run, as a user would."""
        return Objective(self.model, cross_entropy, self.data, dtype=dtype)

    @cached_property
    def spectrum(self) -> Array:
        """All eigenvalues, descending."""
        operator = hessian(self.objective(torch.float64))
        unit = torch.eye(operator.size, dtype=torch.float64, device=operator.device)
        dense = torch.stack([operator @ row for row in unit])
        return np.asarray(torch.linalg.eigvalsh((dense + dense.T) / 2).flip(0).cpu())

    def error(self, values: object) -> float:
        """The largest relative error of the first eigenvalues."""
        found = np.sort(np.asarray(values, dtype=np.float64))[::-1][:K]
        return float(abs(found / self.spectrum[:K] - 1).max())


def nets(device: str, *, quick: bool) -> list[Net]:
    """Two perceptrons and a convolutional net, trained for a while."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    images = torch.tensor(bundle.images, dtype=torch.float32, device=device)[:512] / 16
    classes = torch.tensor(bundle.target, device=device)[:512]
    smooth = nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)
    hidden = nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU()
    first, second = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1)
    convolutions = first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU()
    made = {
        "tanh MLP": smooth,
        "ReLU MLP": (nn.Flatten(), *hidden, nn.Linear(24, 10)),
        "CNN": (nn.Unflatten(1, (1, 8)), *convolutions, nn.Flatten(), nn.Linear(192, 10)),
    }
    some = list(made.items())[: 1 if quick else 3]
    return [
        _trained(name, nn.Sequential(*layers).to(device), images, classes) for name, layers in some
    ]


def _trained(name: str, model: nn.Module, images: Tensor, classes: Tensor) -> Net:
    with scoped(0):
        for module in model.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                module.reset_parameters()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(300):
        optimizer.zero_grad()
        cross_entropy(model(images), classes).backward()
        optimizer.step()
    optimizer.zero_grad()
    size = sum(p.numel() for p in model.parameters())
    return Net(f"digits {name}, {size} parameters", model.eval(), (images, classes))
