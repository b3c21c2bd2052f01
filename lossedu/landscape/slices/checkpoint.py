"""An objective at the weights of a file: those of another moment, another run."""

import copy
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lossedu.landscape.objective.objective import Objective
from lossedu.training.module_states import plain_names


def read_state(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a ``state_dict`` that was saved, by their names in the plain model.

    Args:
        path: A safetensors file, or one of ``torch.save``, from which tensors alone are taken.

    Raises:
        ValueError: If it holds no ``state_dict``.
        OSError: If it cannot be read.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        state = _safetensors(content) if path.suffix == ".safetensors" else _saved_by_torch(path)
    except Exception as error:  # whatever the two readers raise for what they cannot read
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"checkpoint must be a safetensors file or a state_dict of torch.save, but {path} is "
            f"not: {reason}."
        ) from error
    for name in ("state_dict", "model_state_dict", "model"):  # beside an optimizer's, for example
        if isinstance(state, Mapping) and isinstance(state.get(name), Mapping):
            state = state[name]
    if not isinstance(state, Mapping) or not state:
        raise ValueError(f"checkpoint must hold a state_dict, but {path} does not.")
    pairs = zip(plain_names(map(str, state)), state.values(), strict=True)
    return {name: value for name, value in pairs if isinstance(value, Tensor)}


def _safetensors(content: bytes) -> object:
    from safetensors.torch import load

    return load(content)


def _saved_by_torch(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)


def moved(objective: Objective, state: Mapping[str, Tensor]) -> Objective:
    """The same objective of a model with the weights and buffers of a ``state_dict``.

    Args:
        objective: The loss; it stays as it is.
        state: A tensor for each parameter that varies; of the others, and of buffers, what is there
            is taken.

    Raises:
        ValueError: If one is missing, or has another shape.
    """
    other = copy.copy(objective)
    other.point = objective.flatten(state)
    for kept in ("fixed", "buffers"):
        before: dict[str, Tensor] = getattr(objective, kept)
        after = {}
        for name, tensor in before.items():
            value = state.get(name, tensor)
            if value.shape != tensor.shape:
                raise ValueError(
                    f"state[{name!r}] must have shape {tuple(tensor.shape)}, but has shape "
                    f"{tuple(value.shape)}."
                )
            after[name] = value.detach().to(tensor, copy=True)
        setattr(other, kept, after)
    return other


def state_of(objective: Objective) -> dict[str, Tensor]:
    """All tensors of an objective's model, by name: what varies, what is fixed, buffers."""
    return {**objective.unflatten(objective.point), **objective.fixed, **objective.buffers}
