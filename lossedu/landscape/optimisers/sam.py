"""Sharpness-aware minimisation: a step downhill by the gradient of a point uphill."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lossedu.arguments.checks import check_number


class SAM(Optimizer):
    r"""Any optimizer, stepping by the gradient at the worst point nearby.

    .. math:: g = \nabla L(\theta), \qquad
        e = \rho\, \frac{T^2 g}{\lVert T g \rVert_2}, \qquad
        \theta \leftarrow \mathrm{base}\big(\theta,\ \nabla L(\theta + e)\big)

    with :math:`T = 1`, or, if adaptive, :math:`T = |\theta| + \eta` entry by entry, which makes the
    step insensitive to a rescaling of the weights.  The norm is over all parameters.

    Each step takes two gradients.  Give the work as a closure that computes the gradient and
    returns the loss; accumulation over several batches is a loop inside of it, and mixed precision
    is ``step(closure, scaler=scaler)`` with ``scaler.scale(loss).backward()`` in the closure.  Or
    call `first_step` and `second_step` around the second gradient.  `lossedu.training.fit` does all
    of this by itself.

    Args:
        base: The optimizer that steps, by gradients alone.  Its parameter groups and state are
            shared, so schedulers work on either and a ``state_dict`` of either may be loaded;
            ``rho``, ``adaptive`` and ``eta`` may differ by group.
        rho: :math:`\rho`, how far uphill, at least 0; at 0, ``base`` itself bit for bit.
        adaptive: Whether distances are relative to the weights (ASAM).
        eta: :math:`\eta`, at least 0, keeps weights near 0 moving; used if adaptive.
        model: Its buffers (batch norm's running statistics, say) are updated by the first pass
            alone.

    Raises:
        TypeError: If base is no optimizer, or one that needs a closure.
        ValueError: If rho or eta is negative or NaN.

    Example:
        >>> weight = nn.Parameter(torch.tensor([2.0]))
        >>> optimizer = SAM(torch.optim.SGD([weight], lr=0.1), rho=1.0)
        >>> def closure():
        ...     loss = (weight**2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item(), weight.detach()  # 2 - 0.1 * 2 * (2 + 1)
        (4.0, tensor([1.4000]))

    References:
        P. Foret et al., Sharpness-aware minimization for efficiently improving generalization,
        ICLR 2021, arXiv 2010.01412; J. Kwon et al., ASAM, ICML 2021, arXiv 2102.11600.
    """

    def __init__(
        self,
        base: Optimizer,
        *,
        rho: float = 0.05,
        adaptive: bool = False,
        eta: float = 0.01,
        model: nn.Module | None = None,
    ) -> None:
        _check_base(base)
        check_number("rho", rho, low=0.0)
        check_number("eta", eta, low=0.0)
        self.base = base
        defaults = {**base.defaults, "rho": rho, "adaptive": adaptive, "eta": eta}
        super().__init__(base.param_groups, defaults)
        self._buffered = [part for part in (model.modules() if model else ()) if part._buffers]
        self._home: dict[Tensor, Tensor] = {}
        self._statistics: list[tuple[Tensor, Tensor]] = []
        self._uphill = False  # whether the gradient at hand was taken after a first step
        self._share(base)
        base.register_load_state_dict_post_hook(self._share)

    def _share(self, base: Optimizer) -> None:
        """One list of groups and one state for both, whoever loads them."""
        self.param_groups, self.state = base.param_groups, base.state

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs; torch's optimizers name what they have in common alone."""
        own = ("base", "_buffered", "_home", "_statistics", "_uphill")
        return {**super().__getstate__(), **{name: getattr(self, name) for name in own}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """From a copy, or from `load_state_dict`: then the base optimizer gets the same."""
        super().__setstate__(state)
        if "base" in state:
            self.base.register_load_state_dict_post_hook(self._share)
        self.base.param_groups, self.base.state = self.param_groups, self.state

    @torch.no_grad()
    def first_step(self, zero_grad: bool = True) -> None:
        """Go uphill from where the gradient was taken.

        A gradient that is not finite moves nothing: a loss scaler will see it again.  Nor does a
        step that fails.

        Args:
            zero_grad: Whether to clear gradients for the second pass.

        Raises:
            RuntimeError: If the last first step has not been taken back.
            ValueError: If a gradient is sparse.
        """
        if self._home:
            raise RuntimeError(
                "first_step must be followed by second_step, but was called twice. Hint: after an "
                "error in the second pass call go_back."
            )
        norm = self._norm()
        self._statistics = [
            (b, b.clone()) for part in self._buffered for b in part.buffers(recurse=False)
        ]
        try:
            for group, parameter, gradient in self._with_gradients():
                self._home[parameter] = parameter.detach().clone()
                if group["rho"] and 0 < norm < float("inf"):
                    uphill = _scaled(group, parameter, gradient, power=2)
                    parameter.add_(uphill, alpha=group["rho"] / norm)
        except BaseException:
            self.go_back()
            raise
        self._uphill = True
        # Autocast around both passes would go on with the weights that it cast in the first one.
        torch.clear_autocast_cache()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def go_back(self) -> None:
        """Return to the weights before `first_step`, exactly, and to the model's buffers."""
        for parameter, home in self._home.items():
            parameter.copy_(home)
        for buffer, kept in self._statistics:
            buffer.copy_(kept)
        self._home, self._statistics = {}, []
        torch.clear_autocast_cache()

    def second_step(self, zero_grad: bool = False) -> None:
        """Return, and let the base optimizer step by the gradient found uphill.

        Args:
            zero_grad: Whether to clear gradients afterwards.

        Raises:
            RuntimeError: If there was no first step.
        """
        self.step()
        if zero_grad:
            self.zero_grad()

    def step(self, closure: Callable[[], Any] | None = None, *, scaler: Any = None) -> Any:
        """Both passes and the step.

        Args:
            closure: Computes the gradient and returns the loss.  It is called twice, with the same
                random numbers, so that dropout hides the same units.  None: the second gradient is
                there already; finish as `second_step` does, or, after `go_back`, just step.
            scaler: A `torch.amp.GradScaler`; call its ``update`` afterwards as usual.

        Returns:
            What the first call of the closure returned: the loss at the weights themselves.
        """
        if closure is None:
            self._check_uphill()
            self.go_back()
            self._uphill = False
            return self.base.step()
        with torch.enable_grad():
            states = _random_states()
            loss = closure()
            self.first_step()
            try:
                _set_random_states(states)
                closure()
            finally:
                self.go_back()
                self._uphill = False
        if scaler is None:
            self.base.step()
        else:
            scaler.step(self.base)
        return loss

    def _check_uphill(self) -> None:
        if not self._uphill:
            raise RuntimeError(
                "step must get a closure or follow first_step, but does neither. Hint: without "
                "them it would be a step of the base optimizer alone."
            )

    def _with_gradients(self) -> list[tuple[dict[str, Any], Tensor, Tensor]]:
        for group in self.param_groups:  # one that came through the base has no rho
            for name in ("rho", "adaptive", "eta"):
                group.setdefault(name, self.defaults[name])
        groups = self.param_groups
        return [(g, p, p.grad) for g in groups for p in g["params"] if p.grad is not None]

    def _norm(self) -> float:
        r""":math:`\lVert T g \rVert_2` over all groups, in float32 or better."""
        found = self._with_gradients()
        if not found:
            return 0.0
        if any(gradient.is_sparse for _, _, gradient in found):
            raise ValueError(
                "gradients must be dense, but one is sparse. Hint: nn.Embedding(sparse=False)."
            )
        parts = [torch.linalg.vector_norm(_scaled(*one)) for one in found]
        return float(torch.linalg.vector_norm(torch.stack([p.to(parts[0].device) for p in parts])))


def _check_base(base: Any) -> None:
    if not isinstance(base, Optimizer):
        given = base.__name__ if isinstance(base, type) else type(base).__name__
        raise TypeError(
            f"base must be an optimizer, but is {given}. Hint: "
            "SAM(torch.optim.SGD(model.parameters(), lr=0.1))."
        )
    if isinstance(base, torch.optim.LBFGS):
        raise TypeError("base must step by gradients alone, but LBFGS needs a closure.")


def _scaled(
    group: dict[str, Any], parameter: Tensor, gradient: Tensor, *, power: int = 1
) -> Tensor:
    r""":math:`T^k g`; a product of half-precision numbers may be too large or small for them."""
    gradient = gradient.to(_wide(gradient))
    if not group["adaptive"]:
        return gradient
    metric: Tensor = parameter.detach().to(gradient.dtype).abs() + group["eta"]
    return gradient * metric**power


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


def _random_states() -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    return torch.get_rng_state(), cuda, random.getstate(), np.random.get_state()


def _set_random_states(states: tuple[Any, ...]) -> None:
    own, cuda, python, numpy = states
    torch.set_rng_state(own)
    if cuda:
        torch.cuda.set_rng_state_all(cuda)
    random.setstate(python)
    np.random.set_state(numpy)
