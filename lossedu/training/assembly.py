"""What `fit` puts together before the first step, and takes apart after the last."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import signature
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from lossedu.arguments.checks import check_choice, check_count, check_positive
from lossedu.extras import explained
from lossedu.losses import LossModule
from lossedu.training.batches import Share, Source
from lossedu.training.epoch_figures import Metric, StreamingMetric
from lossedu.training.forward import Forward, Loss
from lossedu.training.interruption import signals_awaited
from lossedu.training.loop import Loop
from lossedu.training.module_states import modes_kept
from lossedu.training.process_group import ended_at_exit, several_on_cpus, warn_if_alone
from lossedu.training.random_states import scoped, stream_seed
from lossedu.training.run import Plan, Run
from lossedu.training.run_state import Saver
from lossedu.training.trackers import Tracker, accelerate_trackers

PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def check_plan(plan: Plan) -> None:
    """Refuse what makes no sense, before anything is moved to a device."""
    if (plan.epochs is None) == (plan.steps is None):
        raise ValueError(
            f"epochs or steps must be given, and not both, but epochs is {plan.epochs} and steps "
            f"is {plan.steps}."
        )
    check_count("epochs" if plan.steps is None else "steps", plan.epochs or plan.steps or 0)
    check_count("accumulate", plan.accumulate)
    if plan.clip is not None:
        check_positive("clip", plan.clip)


def named_metrics(metrics: Any) -> dict[str, Metric]:
    """Metrics by their names.

    Raises:
        TypeError: If they are no mapping, or one of them cannot be called.
    """
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(
            f"metrics must map names to functions, but is {type(metrics).__name__}. Hint: "
            '{"accuracy": accuracy}.'
        )
    for name, metric in metrics.items():
        if not callable(metric) and not isinstance(metric, StreamingMetric):
            raise TypeError(
                f"metrics[{name!r}] must be a function of outputs and targets, or have update and "
                f"compute, but is {type(metric).__name__}."
            )
    return dict(metrics)


@contextmanager
def accelerator_for(precision: str, compiled: bool, trackers: Sequence[Tracker]) -> Iterator[Any]:
    """An accelerator, and afterwards none: the next run may want another precision."""
    check_choice("precision", precision, ("auto", *PRECISIONS))
    with explained("lossedu.training", "train"):
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

    warn_if_alone()
    had_one = AcceleratorState._shared_state != {}
    with ended_at_exit():
        accelerator = Accelerator(
            cpu=several_on_cpus(),
            mixed_precision=_mixed(precision),
            dynamo_backend="inductor" if compiled else None,
            log_with=accelerate_trackers(trackers) or None,
            project_dir="runs" if accelerate_trackers(trackers) else None,
        )
    try:
        yield accelerator
    finally:
        if not had_one:
            AcceleratorState._reset_state(reset_partial_state=False)


def _mixed(precision: str) -> str | None:
    """What accelerate calls it; a launcher's choice counts where the caller leaves it open."""
    if precision != "auto":
        return PRECISIONS[precision]
    if "ACCELERATE_MIXED_PRECISION" in os.environ:
        return None
    return "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "no"


def share_of(accelerator: Any) -> Share:
    """Which process this is."""
    return Share(accelerator.process_index, accelerator.num_processes)


@contextmanager
def seeded(accelerator: Any, seed: int) -> Iterator[None]:
    """Random states of the run: each process its own, the caller's untouched."""
    rank = accelerator.process_index
    with scoped(seed if rank == 0 else stream_seed(seed, rank)):
        yield


@contextmanager
def prepared(accelerator: Any, model: nn.Module, loss: Loss | Forward) -> Iterator[nn.Module]:
    """The model as accelerate calls it; afterwards the caller's is as it was, but trained."""
    if isinstance(loss, nn.Module):
        loss.to(accelerator.device)
    with modes_kept(model):
        called = accelerator.prepare_model(model)
        try:
            yield called
        finally:
            accelerator.unwrap_model(called, keep_fp32_wrapper=False, keep_torch_compile=False)
            for mark in ("_is_accelerate_prepared", "_original_forward"):
                model.__dict__.pop(mark, None)


def trained_parameters(model: nn.Module, loss: Loss | Forward) -> dict[str, nn.Parameter]:
    """By name, those that learn: the model's, and a loss's own (the weights of tasks, say)."""
    named = dict(model.named_parameters())
    if isinstance(loss, nn.Module):
        named |= {f"loss.{name}": parameter for name, parameter in loss.named_parameters()}
    found = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
    if not found:
        raise ValueError(
            f"model must have parameters that require a gradient, but {type(model).__name__} has "
            "none."
        )
    return found


def optimizer_of(
    optimizer: Optimizer | Callable[..., Optimizer],
    parameters: dict[str, nn.Parameter],
    model: nn.Module,
) -> Optimizer:
    """The optimizer; `parameters` is left with those that it moves."""
    made: Any = optimizer
    if not isinstance(optimizer, Optimizer):
        # No fused kernel takes the sparse gradients of an embedding.
        sparse = any(getattr(part, "sparse", False) for part in model.modules())
        faster = {} if sparse else _fastest(optimizer, parameters.values())
        made = optimizer([*parameters.values()], **faster)
    if not isinstance(made, Optimizer):
        raise TypeError(
            "optimizer must be an optimizer of torch or a function that makes one, but is "
            f"{type(made).__name__}. Hint: partial(torch.optim.AdamW, lr=1e-3)."
        )
    if _needs_closure(made):
        raise TypeError(
            f"optimizer must step by gradients alone, but {type(made).__name__} needs a closure "
            "that computes the loss again. Hint: partial(torch.optim.AdamW, lr=1e-3)."
        )
    moved = {id(p) for group in made.param_groups for p in group["params"]}
    for name in [n for n, p in parameters.items() if id(p) not in moved]:
        del parameters[name]
    if not parameters:
        raise ValueError("optimizer must move parameters of model, but moves none of them.")
    return made


def _needs_closure(optimizer: Optimizer) -> bool:
    """Whether ``step`` cannot be called without arguments, as that of LBFGS."""
    # Of the class: a schedule puts a step of its own, with any arguments, before the instance's.
    _, *rest = signature(type(optimizer).step).parameters.values()
    return any(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in rest)


def _fastest(make: Callable[..., Optimizer], parameters: Iterable[nn.Parameter]) -> dict[str, bool]:
    """One kernel for the whole update, where an optimizer of torch has one and nobody chose."""
    made = make.func if isinstance(make, partial) else make
    chosen = make.keywords if isinstance(make, partial) else {}
    of_torch = isinstance(made, type) and made.__module__.startswith("torch.optim")
    if not of_torch or "fused" not in signature(made).parameters:
        return {}
    if chosen.keys() & {"fused", "foreach", "differentiable", "capturable"}:
        return {}
    fits = all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters)
    return {"fused": True} if fits else {}


def facts(run: Run, plan: Plan, train: Source, accelerator: Any) -> dict[str, Any]:
    """What a reader of the history wants to know of the run."""
    return {
        "model": type(run.model).__name__,
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "loss": name_of(run.loss),
        "optimizer": type(run.optimizer).__name__,
        "learning_rate": float(run.optimizer.param_groups[0]["lr"]),
        "epochs": plan.epochs,
        "steps": plan.steps,
        "accumulate": plan.accumulate,
        "clip": plan.clip,
        "examples": train.examples,
        "processes": accelerator.num_processes,
        "device": accelerator.device.type,
        "mixed_precision": accelerator.mixed_precision,
        "torch": torch.__version__,
    }


def name_of(loss: Loss | Forward) -> str:
    """A loss as a person would write it.

    Example:
        >>> from lossedu.losses import sigmoid_focal_loss
        >>> name_of(partial(sigmoid_focal_loss, gamma=1.5))
        'sigmoid_focal_loss(gamma=1.5)'
    """
    if isinstance(loss, partial):
        settings = ", ".join(f"{name}={value}" for name, value in loss.keywords.items())
        return f"{name_of(loss.func)}({settings})"
    if isinstance(loss, nn.Module):
        return repr(loss) if isinstance(loss, LossModule) else type(loss).__name__
    return str(getattr(loss, "__name__", type(loss).__name__))


def total_steps(plan: Plan, train: Source, batch_size: int) -> int | None:
    """How many steps the bar shows, where that is known."""
    if plan.steps is not None or train.examples is None:
        return plan.steps
    size = getattr(getattr(train, "loader", None), "batch_size", batch_size) or batch_size
    batches = -(-train.examples // size)
    return (plan.epochs or 0) * -(-batches // plan.accumulate)


def go(loop: Loop, saver: Saver) -> None:
    """Begin, or go on, and come to an end."""
    for callback in loop.callbacks:
        if hasattr(callback, "on_start"):
            callback.on_start(loop.run)
    saver.resume(loop)
    with signals_awaited(saver.checkpoints is not None) as loop.interruption:
        loop.trackers.open(loop.run.history)
        try:
            loop.go()
            if not loop.failed:
                saver(loop, "end")
        finally:
            loop.trackers.close()
