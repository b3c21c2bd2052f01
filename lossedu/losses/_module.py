"""Any loss function as an ``nn.Module``, for code that wants to hold one."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn


class LossModule(nn.Module):
    """A loss function with its settings; made by `as_module`."""

    def __init__(self, function: Callable[..., Tensor], settings: dict[str, Any]) -> None:
        super().__init__()
        self.function = function
        self.settings = {k: v for k, v in settings.items() if not isinstance(v, Tensor)}
        # Part of the module, so that they follow it to its device and into its state.
        for name, value in settings.items():
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            elif isinstance(value, Tensor):
                self.register_buffer(name, value)

    def forward(self, *args: Tensor, **kwargs: Any) -> Tensor:
        """Call the function; what is passed here wins over the settings."""
        return self.function(*args, **{**self.settings, **self._tensors(), **kwargs})

    def _tensors(self) -> dict[str, Tensor]:
        """Its own: a function that is a module keeps its tensors to itself."""
        learning = dict(self.named_parameters(recurse=False))
        return {**learning, **dict(self.named_buffers(recurse=False))}

    def __repr__(self) -> str:
        """The call that this module stands for."""
        settings = {**self.settings, **{k: _brief(v) for k, v in self._tensors().items()}}
        inner = ", ".join(f"{name}={value}" for name, value in settings.items())
        return f"{_name_of(self.function)}({inner})"


def _brief(tensor: Tensor) -> str:
    kind = "Parameter" if isinstance(tensor, nn.Parameter) else "tensor"
    return f"{kind}{tuple(tensor.shape)}" if tensor.numel() > 8 else f"{kind}({tensor.tolist()})"


def _name_of(function: Callable[..., Tensor]) -> str:
    """A partial call is called what it calls, an object what its class is called."""
    if isinstance(function, partial):
        return _name_of(function.func)
    return getattr(function, "__name__", type(function).__name__)


def as_module(function: Callable[..., Tensor], **settings: Any) -> LossModule:
    """Turn a loss function into an ``nn.Module`` with a readable repr.

    Args:
        function: A loss of this package, or any callable on tensors.
        **settings: Keyword arguments for every call.  An ``nn.Parameter`` becomes a parameter of
            the module and learns; another tensor becomes a buffer.

    Returns:
        A module whose call is ``function(*args, **settings)``.

    Raises:
        TypeError: If the function has no such keyword.

    Example:
        >>> from lossedu.losses import as_module, sigmoid_focal_loss
        >>> as_module(sigmoid_focal_loss, gamma=1.5)
        sigmoid_focal_loss(gamma=1.5)
    """
    if isinstance(function, partial) and not function.args:
        return as_module(function.func, **{**function.keywords, **settings})
    accepted = inspect.signature(function).parameters
    unknown = [name for name in settings if name not in accepted]
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values())
    if unknown and not takes_any:
        known = ", ".join(
            n for n, p in accepted.items() if p.default is not inspect.Parameter.empty
        )
        raise TypeError(
            f"settings must be options of {_name_of(function)} ({known}), but has {unknown[0]!r}."
        )
    return LossModule(function, settings)
