"""Draws legal inputs for any loss of the catalog, so that its laws need not know its name."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

import pytest
import torch
from torch import Tensor

from lossedu import catalog
from lossedu.losses import LossSpec, Parameter

CLASSES = 4
COSTS = torch.tensor([[0, 1, 2, 5], [3, 0, 1, 1], [2, 2, 0, 4], [9, 1, 1, 0]]).double()
FIXED: dict[str, dict[str, Any]] = {
    "cost_sensitive_loss": {"costs": COSTS},
    "soft_f1_loss": {"dim": -1},
}
"""Arguments without which a loss has no place among the laws: a region is a row here."""


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

    @property
    def fixed(self) -> dict[str, Any]:
        """What is always passed."""
        return FIXED.get(self.spec.function.__name__, {})

    def __call__(self, predictions: Tensor, targets: Tensor, **kwargs: Any) -> Tensor:
        given = {**self.spec.variant, **self.fixed, **self.options, **kwargs}
        if isinstance(kwargs.get("mask"), Tensor):
            given["mask"] = self.over_items(kwargs["mask"], predictions)
        if self.spec.targets == "none":
            return self.spec.function(predictions, **given)
        return self.spec.function(predictions, targets, **given)

    def divisor(self, targets: Tensor) -> float:
        """What the mean divides by: torch's weights of classes count in it."""
        weights = self.options.get("class_weights")
        return len(targets) if weights is None else weights[targets].sum().item()

    def over_items(self, mask: Tensor, predictions: Tensor) -> Tensor:
        """A mask of examples as the loss takes it: losses of lists mask items."""
        if self.spec.unit != "list" or mask.shape != predictions.shape[:-1]:
            return mask
        return mask.unsqueeze(-1).expand(predictions.shape)

    def draw(self, n: int, seed: int = 0, scale: float = 3.0) -> tuple[Tensor, Tensor]:
        """N examples in float64, with some spread and every kind of target."""
        generator = torch.Generator().manual_seed(seed)
        shape = (n, CLASSES) if self.spec.indexed else (n,)
        predictions = scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
        assert n < 2 or predictions.std() > 0.1 * scale
        return predictions, self._targets(shape, generator, scale)

    def _targets(self, shape: tuple[int, ...], generator: torch.Generator, scale: float) -> Tensor:
        count = torch.arange(shape[0])
        kind = self.spec.targets
        if kind in ("class", "none"):
            return count % CLASSES
        noise = torch.randn(*shape, generator=generator, dtype=torch.float64)
        if kind == "real":
            return scale * noise
        if kind == "amount":  # which rounds to no zero
            return 0.6 + scale * noise.abs()
        if kind == "shares":
            return noise.softmax(-1)
        if kind == "grade":  # every list has items of several grades, and a tie
            return torch.tensor([2.0, 0.0, 1.0, 0.0]).double()[
                (count[:, None] + torch.arange(4)) % 4
            ]
        if self.spec.unit == "list":
            events = (count[:, None] + torch.arange(shape[-1])) % 3 == 0
        else:
            events = count % 2 == 1
        return events.double() if kind == "event" else 2 * events.double() - 1


COMMON = [spec for spec in catalog.specs().values() if spec.unit != "tuple"]
CASES = [Case(spec, options) for spec in COMMON for options in option_sets(spec)]
PLAIN = [Case(spec, {}) for spec in COMMON]
COMPARED = [case for case in PLAIN if case.spec.targets != "none"]
CLASSED = [case for case in CASES if "axis" in signature(case.spec.function).parameters]
SPECIAL = [(case, special) for case in PLAIN for special in case.spec.special_cases]
BOUNDED = [(case, parameter) for case in PLAIN for parameter in case.spec.parameters]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kinds = {"case": CASES, "plain": PLAIN, "compared": COMPARED, "classed": CLASSED}
    for name, cases in kinds.items():
        if name in metafunc.fixturenames:
            ids = [_readable(case.spec, case.options) for case in cases]
            metafunc.parametrize(name, cases, ids=ids)
    if "special" in metafunc.fixturenames:
        ids = [f"{case.spec.name}-{special.equals}" for case, special in SPECIAL]
        metafunc.parametrize(("general", "special"), SPECIAL, ids=ids)
    if "parameter" in metafunc.fixturenames:
        ids = [f"{case.spec.name}-{parameter.name}" for case, parameter in BOUNDED]
        metafunc.parametrize(("loss", "parameter"), BOUNDED, ids=ids)


@pytest.fixture(scope="session")
def each_gradient() -> Callable[..., Tensor]:
    """The gradient of the sum of all losses with respect to the predictions."""

    def gradient(case: Case, predictions: Tensor, targets: Tensor, **kwargs: Any) -> Tensor:
        leaf = predictions.detach().clone().requires_grad_()
        case(leaf, targets, **{"reduction": "sum", **kwargs}).backward()
        assert leaf.grad is not None
        return leaf.grad

    return gradient
