"""What a batch holds, and how many examples; what is no batch is refused in words."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def checked(name: str, batch: Any) -> Any:
    """The batch, if it is one: a tensor, or a tuple, list or mapping of parts."""
    if isinstance(batch, (Tensor, Mapping)):
        return batch
    if isinstance(batch, (tuple, list)) and batch:
        refuse_arrays(name, "yield", batch[:2])  # what follows the targets is the loss's own affair
        return batch
    refuse_arrays(name, "yield", batch)
    raise TypeError(
        f"{name} must yield tensors, tuples (inputs, targets, ...) or mappings, but yields "
        f"{type(batch).__name__}. Hint: give the DataLoader a collate_fn."
    )


def rows_of(name: str, values: Any) -> int:
    """How many examples a batch has."""
    rows = _rows(values)
    if rows is None:
        holds = f"begins with {type(values[0]).__name__}"
        if isinstance(values, Mapping):
            holds = "holds none"
        raise TypeError(
            f"{name} must yield batches of tensors, but one {holds}. Hint: give the DataLoader a "
            "collate_fn."
        )
    return rows


def _rows(value: Any) -> int | None:
    """The length of the first tensor; a mapping may begin with something else."""
    if isinstance(value, Tensor):
        return len(value) if value.ndim else None
    if isinstance(value, Mapping):
        return next((rows for rows in map(_rows, value.values()) if rows is not None), None)
    return _rows(value[0]) if isinstance(value, (tuple, list)) and value else None


def refuse_arrays(name: str, verb: str, data: Any) -> None:
    """Arrays are no tensors; of another dtype than the model's, too, more often than not."""
    parts = data if isinstance(data, (tuple, list)) else (data,)
    for part in parts:
        if hasattr(part, "__array__") and not isinstance(part, Tensor):
            raise TypeError(
                f"{name} must {verb} tensors, but has {type(part).__module__.split('.')[0]}'s "
                f"{type(part).__name__}. Hint: torch.from_numpy(x).float()."
            )
