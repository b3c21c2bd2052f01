r"""Derivatives against differences of what they are derivatives of, on a few examples.

They are taken in float64 at a point nearby, where no kink lies exactly, over steps of very
different size.  A fault is one only where two steps agree with each other and none with autograd:
kinks and rounding are none.  Models that round inside, to half precision or to whole numbers, are
not judged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from lossedu.landscape.objective.examples import Weighted, few_of
from lossedu.landscape.objective.objective_error import ObjectiveError
from lossedu.landscape.objective.plain_formulas import plain_formulas

if TYPE_CHECKING:
    from lossedu.landscape.objective.objective import Objective

_ROWS = 4
_MOST_PARAMETERS = 2**26
"""Of more, the float64 copies that derivatives take would need gigabytes."""
_LEAST = 1e-15
"""What rounding of outputs of size one does to a slope in float64: a loss of 0 has no other."""
_STEPS = (1e-6, 1e-9, 1e-4, 1e-2)
"""Relative to the size of each parameter; the first is right for nearly every model."""


def check_gradient(objective: "Objective", theta: Tensor, batch: Weighted) -> ObjectiveError | None:
    """A fault if the slope along one direction is another; see `self_check`."""
    with torch.inference_mode(False), torch.enable_grad():
        near = _nearby(objective, theta, batch)
        if near is None:
            return None
        along = near.direction(1)
        slope = (near.gradient(near.point) @ along)[None]
        size = abs(near.value(near.point))

        def difference(step: float) -> Tensor | None:
            high, low = (near.value(near.point + sign * step * along) for sign in (1, -1))
            return None if high == low else slope.new_tensor([(high - low) / (2 * step)])

        wrong = _contradicted(slope, difference, floor=lambda step: 1e-12 * size / step + _LEAST)
    if wrong is None:
        return None
    return ObjectiveError(
        "gradient",
        "loss must have the gradient that autograd gives, but along one direction that is "
        f"{float(slope):.6g} and differences of the loss are {float(wrong):.6g}. Hint: detach() of "
        "what depends on the parameters (the target of a temporal difference, say), or the "
        "backward of a torch.autograd.Function.",
    )


def check_curvature(
    objective: "Objective", theta: Tensor, batch: Weighted
) -> ObjectiveError | None:
    """A fault if the Hessian is another, or not symmetric; see `self_check`."""
    with torch.inference_mode(False), torch.enable_grad():
        near = _nearby(objective, theta, batch)
        if near is None:
            return None
        leaf = near.point.clone().requires_grad_()
        gradient = _gradient(near.loss, leaf, graph=True)
        v, w = near.direction(1), near.direction(2)
        hv, hw = (_product(gradient, leaf, each) for each in (v, w))
        vhw, whv = v @ hw, w @ hv
        terms = (v * hw).abs().sum() + (w * hv).abs().sum()
        if abs(vhw - whv) > 1e-3 * terms + _LEAST:
            return _wrong_curvature(f"v'Hw is {float(vhw):.6g} and w'Hv is {float(whv):.6g}")

        def difference(step: float) -> Tensor | None:
            high, low = (near.gradient(near.point + sign * step * v) for sign in (1, -1))
            return None if high.equal(low) else (high - low) / (2 * step) * near.scale

        size = float((gradient.detach() * near.scale).norm())
        wrong = _contradicted(hv * near.scale, difference, floor=lambda _: 1e-5 * size + _LEAST)
    if wrong is None:
        return None
    share = float((wrong - hv * near.scale).norm() / wrong.norm())
    return _wrong_curvature(f"it differs from differences of the gradient by {share:.1%}")


class _Rounding(TorchFunctionMode):
    """Notes whether something in float64 is rounded: to another dtype, or to whole numbers."""

    seen = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch, and look at what goes in and comes out."""
        found = func(*args, **(kwargs or {}))
        if isinstance(found, Tensor) and found.is_floating_point():
            wide = any(isinstance(x, Tensor) and x.dtype == torch.float64 for x in args)
            named = getattr(func, "__name__", "").removesuffix("_") in _ROUNDING
            self.seen |= wide and (named or found.dtype != torch.float64)
        return found


_ROUNDING = {"round", "floor", "ceil", "trunc", "sign", "heaviside", "fix"}


@dataclass(frozen=True)
class _Nearby:
    """The loss of a few examples in float64, at a point nearby and around it.

    Attributes:
        loss: A function of a point.
        point: Where no kink lies exactly.
        scale: How large each parameter is.
    """

    loss: Callable[[Tensor], Tensor]
    point: Tensor
    scale: Tensor

    def direction(self, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(self.point), generator=generator, dtype=torch.float64)
        return noise.to(self.point.device) * self.scale

    def value(self, theta: Tensor) -> float:
        with torch.no_grad():
            return float(self.loss(theta))

    def gradient(self, theta: Tensor) -> Tensor:
        return _gradient(self.loss, theta.detach().requires_grad_(), graph=False)


def _gradient(loss: Callable[[Tensor], Tensor], leaf: Tensor, *, graph: bool) -> Tensor:
    options: dict[str, Any] = {"create_graph": graph, "materialize_grads": True}
    (found,) = torch.autograd.grad(loss(leaf), leaf, **options)
    return found


def _nearby(objective: "Objective", theta: Tensor, batch: Weighted) -> _Nearby | None:
    """None where differences over small steps would be those of rounding."""
    if objective.size > _MOST_PARAMETERS:
        return None
    model = objective.functional().in_double()
    few = (few_of(batch, _ROWS) or batch).in_double()
    layout = objective.layout
    point = theta.double()
    parts = [part.square().mean().sqrt() for part in torch.split(point, list(layout.sizes))]
    usual = point.square().mean().sqrt()
    usual = torch.where(usual > 0, usual, torch.ones_like(usual))
    sizes = [
        torch.where(part > 0, part, usual).expand(n)
        for part, n in zip(parts, layout.sizes, strict=True)
    ]

    def loss(at: Tensor) -> Tensor:
        pieces = torch.split(at, list(layout.sizes))
        rows = zip(layout.names, pieces, layout.shapes, strict=True)
        named = {name: piece.view(shape) for name, piece, shape in rows}
        with plain_formulas():
            return model.outcome(named, few.copied()).loss

    found = _Nearby(loss, point, torch.cat(sizes))
    with _Rounding() as rounding:
        found.value(point)
    if rounding.seen:
        return None
    return _Nearby(loss, point + 1e-3 * found.direction(0), found.scale)


def _wrong_curvature(how: str) -> ObjectiveError:
    return ObjectiveError(
        "curvature",
        "model and loss must be differentiable twice by autograd where curvature is asked for, but "
        f"the Hessian is not right: {how}. Hint: a torch.autograd.Function whose backward is "
        "once_differentiable, or leaves autograd, hides a part of it; so does detach().",
    )


def _product(gradient: Tensor, leaf: Tensor, vector: Tensor) -> Tensor:
    if not gradient.requires_grad:
        return torch.zeros_like(vector)
    along = gradient @ vector
    (found,) = torch.autograd.grad(along, leaf, retain_graph=True, materialize_grads=True)
    return found


def _contradicted(
    stated: Tensor,
    difference: Callable[[float], Tensor | None],
    floor: Callable[[float], float],
) -> Tensor | None:
    """What differences over two steps agree on, if none agrees with what is stated."""
    seen: list[tuple[Tensor, float]] = []
    for step in _STEPS:
        found = difference(step)
        if found is None:
            continue  # lost in rounding
        if not bool(found.isfinite().all() & stated.isfinite().all()):
            return None
        off = float((found - stated).norm())
        if off <= max(1e-2 * float(torch.maximum(found.norm(), stated.norm())), floor(step)):
            return None
        seen.append((found, off))
    pairs = combinations(seen, 2)
    agreed = (one for (one, off), (other, _) in pairs if float((one - other).norm()) <= 0.05 * off)
    return next(agreed, None)
