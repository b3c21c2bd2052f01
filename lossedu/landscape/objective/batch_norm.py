"""Batch norm at a point of a landscape: which statistics it uses, and how they are recomputed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

_STATISTICS = ("running_mean", "running_var")


class LocalBatchNorm(_BatchNorm):
    """Batch norm of any shape over the examples of one process.

    Takes the place of `torch.nn.SyncBatchNorm`: processes that share a landscape are at different
    points, so that statistics over all of them belong to none.
    """

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002
        """`torch.nn.SyncBatchNorm` takes any shape too."""


def make_local(model: nn.Module) -> None:
    """Let no layer of batch norm talk to other processes.

    Args:
        model: Is changed.
    """
    for module in model.modules():
        if isinstance(module, nn.SyncBatchNorm):
            module.__class__ = LocalBatchNorm  # type: ignore[assignment]


def norms_of(model: nn.Module) -> list[_BatchNorm]:
    """The layers of batch norm."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def averaging(norms: Sequence[_BatchNorm]) -> Iterator[Callable[[int], None]]:
    """Let layers average their statistics over all calls, in training mode.

    Args:
        norms: Are in evaluation mode afterwards.

    Yields:
        A function to be told how many examples the next batch has: its statistics weigh as much.
    """
    count = 0
    seen: dict[_BatchNorm, int] = dict.fromkeys(norms, 0)

    def weigh(norm: nn.Module, inputs: Any) -> None:
        # By calls: two of one batch, as in a siamese network, weigh the same.
        assert isinstance(norm, _BatchNorm)
        if not seen[norm] and norm.running_mean is not None and norm.running_var is not None:
            # A first factor of 1 forgets the old statistics, unless they are NaN or infinite.
            norm.running_mean.zero_()
            norm.running_var.zero_()
        seen[norm] += count
        norm.momentum = count / seen[norm]

    def expect(examples: int) -> None:
        nonlocal count
        count = examples

    hooks = [norm.train().register_forward_pre_hook(weigh) for norm in norms]
    try:
        yield expect
    finally:
        for hook in hooks:
            hook.remove()
        for norm in norms:
            norm.eval()


def check_has_gradient(batch_norm: str, there_is_some: bool) -> None:
    """Refuse statistics that all examples have a part in, where they would need a graph.

    Raises:
        ValueError: If they are recomputed.
    """
    if batch_norm == "recomputed" and there_is_some:
        raise ValueError(
            'batch_norm must be "frozen" or "batch" where a gradient is asked for, but is '
            '"recomputed".'
        )


def check_statistics(name: str, given: object, frozen: Mapping[str, Tensor]) -> None:
    """Refuse a ``state_dict`` whose running statistics are not those that the losses are of.

    Args:
        name: What the argument is called.
        given: A ``state_dict``; anything else has no statistics.
        frozen: The statistics in use.

    Raises:
        ValueError: If they differ.
    """
    if not isinstance(given, Mapping):
        return
    for key, tensor in given.items():
        used = frozen.get(key)
        if used is None or not key.endswith(_STATISTICS):
            continue
        if not used.equal(tensor.detach().to(used)):
            raise ValueError(
                f"{name} must have the running statistics of the objective where batch_norm is "
                f"'frozen', but differs in {key!r}. Hint: make the objective with "
                'batch_norm="recomputed".'
            )
