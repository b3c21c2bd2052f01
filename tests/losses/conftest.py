"""Draws legal inputs for any loss of the catalog, so that its laws need not know its name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from lossedu import catalog
from lossedu.losses import LossSpec, Parameter

CLASSES = 4


def value_of(parameter: Parameter, sample: Any) -> Any:
    """A sample as the function takes it: a value a class becomes a tensor."""
    if isinstance(sample, tuple):
        return torch.tensor([sample[c % len(sample)] for c in range(CLASSES)], dtype=torch.float64)
    return sample


def option_sets(spec: LossSpec) -> list[dict[str, Any]]:
    """No options; each option at each of its samples; and all options together."""
    sets: list[dict[str, Any]] = [{}]
    for parameter in spec.parameters:
        sets += [{parameter.name: value_of(parameter, sample)} for sample in parameter.samples]
    if len(spec.parameters) > 1:
        sets.append({p.name: value_of(p, p.samples[-1]) for p in spec.parameters})
    return sets


def _readable(spec: LossSpec, options: dict[str, Any]) -> str:
    given = ",".join(
        f"{k}={'per-class' if isinstance(v, Tensor) else v}" for k, v in options.items()
    )
    return f"{spec.name}({given})"


@dataclass(frozen=True)
class Case:
    """A loss with options, and how to call it."""

    spec: LossSpec
    options: dict[str, Any]

    def __call__(self, predictions: Tensor, targets: Tensor, **kwargs: Any) -> Tensor:
        return self.spec.function(predictions, targets, **{**self.options, **kwargs})

    def draw(self, n: int, seed: int = 0, scale: float = 3.0) -> tuple[Tensor, Tensor]:
        """N examples in float64, with some spread and every kind of target."""
        generator = torch.Generator().manual_seed(seed)
        if self.spec.has_class_axis:
            predictions = scale * torch.randn(n, CLASSES, generator=generator, dtype=torch.float64)
            targets = torch.arange(n) % CLASSES
        else:
            predictions = scale * torch.randn(n, generator=generator, dtype=torch.float64)
            targets = (torch.arange(n) % 2).to(torch.float64)
        if self.spec.family == "regression":
            targets = scale * torch.randn(n, generator=generator, dtype=torch.float64)
        assert n < 2 or predictions.std() > 0.1 * scale
        return predictions, targets


CASES = [Case(spec, options) for spec in catalog.specs().values() for options in option_sets(spec)]
PLAIN = [Case(spec, {}) for spec in catalog.specs().values()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, cases in (("case", CASES), ("plain", PLAIN)):
        if name in metafunc.fixturenames:
            ids = [_readable(case.spec, case.options) for case in cases]
            metafunc.parametrize(name, cases, ids=ids)


@pytest.fixture(scope="session")
def each_gradient() -> Callable[..., Tensor]:
    """The gradient of the sum of all losses with respect to the predictions."""

    def gradient(case: Case, predictions: Tensor, targets: Tensor, **kwargs: Any) -> Tensor:
        leaf = predictions.detach().clone().requires_grad_()
        case(leaf, targets, **{"reduction": "sum", **kwargs}).backward()
        assert leaf.grad is not None
        return leaf.grad

    return gradient
