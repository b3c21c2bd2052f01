"""Where a NaN or an infinity came from: looked for once it is there, never before."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from lossedu.training.forward import Hook
from lossedu.training.module_states import buffers_kept, modes_kept

Finding = dict[str, str]


def in_forward(model: nn.Module, hook: Hook, batch: Any) -> Finding | None:
    """Run the forward pass again and name the first layer whose output is not finite.

    The parameters must still be those of the step that failed.  Buffers (running means) are left as
    they are.
    """
    if not _finite(hook.inputs(batch)):
        return {"where": "inputs", "what": "value"}
    for name, parameter in model.named_parameters():
        if not _finite(parameter):
            return {"where": _layer(name), "what": "parameter"}
    found: list[str] = []
    with ExitStack() as handles, buffers_kept(model), torch.no_grad():
        for name, module in model.named_modules():
            if not any(True for _ in module.children()):
                handle = module.register_forward_hook(_recorder(name or "model", found))
                handles.callback(handle.remove)
        outputs = hook.outputs(model, batch)
    if found:
        return {"where": found[0], "what": "output"}
    return None if _finite(outputs) else {"where": "model", "what": "output"}


def in_validation(model: nn.Module, hook: Hook, batches: Iterable[Any]) -> Finding | None:
    """The first layer whose output is not finite for some batch in evaluation mode."""
    with modes_kept(model):
        model.eval()
        found = (in_forward(model, hook, batch) for batch in batches)
        return next(filter(None, found), None)


def in_gradients(names: Sequence[str], norms: Tensor) -> Finding | None:
    """Name the layer nearest to the loss whose gradient is not finite.

    Backpropagation runs from the loss to the input and carries a NaN along: it arose in the last
    layer that has it.
    """
    bad = [name for name, fine in zip(names, norms.isfinite().tolist(), strict=True) if not fine]
    return {"where": _layer(bad[-1]), "what": "gradient"} if bad else None


def _recorder(name: str, found: list[str]) -> Any:
    def record(module: nn.Module, inputs: Any, output: Any) -> None:
        if not _finite(output):
            found.append(name)

    return record


def _finite(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not value.is_floating_point() or bool(value.isfinite().all())
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_finite, value))
    return True


def _layer(parameter: str) -> str:
    return parameter.rpartition(".")[0] or parameter
