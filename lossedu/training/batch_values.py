"""What a batch holds, and how many examples; what is no batch is refused in words."""

from typing import Any

from torch import Tensor


def as_values(name: str, batch: Any) -> tuple[Any, ...]:
    """A batch as a tuple: the model's input, then what the loss gets besides."""
    if isinstance(batch, Tensor):
        return (batch,)
    if isinstance(batch, (tuple, list)) and batch:
        refuse_arrays(name, "yield", batch[:2])  # what follows the targets is the loss's own affair
        return tuple(batch)
    refuse_arrays(name, "yield", batch)
    raise TypeError(
        f"{name} must yield tensors or tuples (inputs, targets, ...), but yields "
        f"{type(batch).__name__}. Hint: give the DataLoader a collate_fn."
    )


def rows_of(name: str, values: tuple[Any, ...]) -> int:
    """How many examples a batch has."""
    from accelerate.utils import find_batch_size

    try:
        return find_batch_size(values) or 0
    except TypeError as error:
        raise TypeError(
            f"{name} must yield batches of tensors, but one begins with "
            f"{type(values[0]).__name__}. Hint: give the DataLoader a collate_fn."
        ) from error


def refuse_arrays(name: str, verb: str, data: Any) -> None:
    """Arrays are no tensors; of another dtype than the model's, too, more often than not."""
    parts = data if isinstance(data, (tuple, list)) else (data,)
    for part in parts:
        if hasattr(part, "__array__") and not isinstance(part, Tensor):
            raise TypeError(
                f"{name} must {verb} tensors, but has {type(part).__module__.split('.')[0]}'s "
                f"{type(part).__name__}. Hint: torch.from_numpy(x).float()."
            )
