"""Any loss function as an ``nn.Module``, for code that wants to hold one."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class LossModule(nn.Module):
    """A loss function with its settings; made by `as_module`."""

    def __init__(self, function: Callable[..., Tensor], settings: dict[str, Any]) -> None:
        super().__init__()
        self.function = function
        self.settings = {k: v for k, v in settings.items() if not isinstance(v, Tensor)}
        # Tensors are buffers, so that they follow the module to its device and into state_dict.
        for name, value in settings.items():
            if isinstance(value, Tensor):
                self.register_buffer(name, value)

    def forward(self, *args: Tensor, **kwargs: Any) -> Tensor:
        """Call the function; what is passed here wins over the settings."""
        return self.function(*args, **{**self.settings, **dict(self.named_buffers()), **kwargs})

    def __repr__(self) -> str:
        """The call that this module stands for."""
        settings = {**self.settings, **{k: _brief(v) for k, v in self.named_buffers()}}
        inner = ", ".join(f"{name}={value}" for name, value in settings.items())
        return f"{self.function.__name__}({inner})"


def _brief(tensor: Tensor) -> str:
    return f"tensor{tuple(tensor.shape)}" if tensor.numel() > 8 else f"tensor({tensor.tolist()})"


def as_module(function: Callable[..., Tensor], **settings: Any) -> LossModule:
    """Turn a loss function into an ``nn.Module`` with a readable repr.

    Args:
        function: A loss of this package, or any callable on tensors.
        **settings: Keyword arguments for every call.  Tensors become buffers.

    Returns:
        A module whose call is ``function(*args, **settings)``.

    Raises:
        TypeError: If the function has no such keyword.

    Example:
        >>> from lossedu.losses import as_module, sigmoid_focal_loss
        >>> as_module(sigmoid_focal_loss, gamma=1.5)
        sigmoid_focal_loss(gamma=1.5)
    """
    accepted = inspect.signature(function).parameters
    unknown = [name for name in settings if name not in accepted]
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values())
    if unknown and not takes_any:
        known = ", ".join(
            n for n, p in accepted.items() if p.default is not inspect.Parameter.empty
        )
        raise TypeError(
            f"settings must be options of {function.__name__} ({known}), but has {unknown[0]!r}."
        )
    return LossModule(function, settings)
