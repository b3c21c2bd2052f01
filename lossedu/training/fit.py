"""`fit`: one training loop for a laptop, a GPU, and many of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from torch import nn
from torch.optim import Optimizer

from lossedu.training.assembly import (
    accelerator_for,
    check_plan,
    facts,
    go,
    named_metrics,
    optimizer_of,
    prepared,
    seeded,
    share_of,
    total_steps,
    trained_parameters,
)
from lossedu.training.batches import Data, batches_of
from lossedu.training.checkpoints import Checkpoints
from lossedu.training.early_stopping import EarlyStopping
from lossedu.training.epoch_figures import Metric
from lossedu.training.forward import Forward, Loss, hook_of
from lossedu.training.history import History
from lossedu.training.loop import Loop
from lossedu.training.module_states import unwrapped
from lossedu.training.progress import progress_bar
from lossedu.training.run import Plan, Run
from lossedu.training.run_state import Saver
from lossedu.training.trackers import Tracker, Trackers

Precision = Literal["auto", "fp32", "bf16", "fp16"]


def fit(
    model: nn.Module,
    loss: Loss | None,
    train: Data,
    valid: Data | None = None,
    *,
    forward: Forward | None = None,
    optimizer: Optimizer | Callable[..., Optimizer],
    schedule: Any = None,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int = 64,
    precision: Precision = "auto",
    accumulate: int = 1,
    clip: float | None = None,
    compile: bool = False,  # noqa: A002
    metrics: Mapping[str, Metric] | None = None,
    early_stopping: EarlyStopping | None = None,
    checkpoints: Checkpoints | str | Path | None = None,
    callbacks: Sequence[Any] = (),
    seed: int = 0,
    progress: bool = True,
    trackers: Sequence[Tracker] = (),
) -> History:
    r"""Train a model, watch every step, and lose nothing.

    The same call runs on a CPU, on a GPU, and under ``accelerate launch`` on many of them (or
    ``torchrun``, and on CPUs only that: ``accelerate launch --cpu`` starts one process), with the
    same result up to rounding: a batch is shared among the processes, and each process's mean
    counts as much as it has examples,

    .. math:: \ell = \sum_r \frac{n_r}{n} \ell_r, \qquad n = \sum_r n_r.

    In one process and float32, without ``accumulate``, ``clip`` and ``compile``, a step is the
    operations of a plain loop with the same optimizer, in the same order: on one machine they agree
    in every bit.

    Args:
        model: Called with the first part of each batch.  It is trained in place and stays on the
            device.  Parts that are in evaluation mode while the model is in training mode stay so:
            ``model.backbone.eval()`` keeps the statistics of its batch norm.  A model that is in
            evaluation mode as a whole is trained as a whole.
        loss: Called with the model's output and the other parts of the batch; returns the mean, or
            the mean and what it weighs (the total weight of the entries that count) where that is
            not the number of examples.  None beside ``forward``.
        train: A tensor, a tuple of tensors or a `TensorDataset` (shuffled each epoch), a
            `DataLoader`, or any iterable of batches.
        valid: The same for validation, in its own order; None: figures of an epoch come from its
            last 2,048 examples.
        forward: In place of ``loss``, a function of the model and a batch that gives the loss, or
            (loss, weight), or (loss, weight, outputs): for batches that are dictionaries, several
            inputs, models that compute their own loss; see `lossedu.training.forward`.  A module
            learns with the model.
        optimizer: An optimizer, or a function of the parameters that makes one:
            ``partial(torch.optim.AdamW, lr=1e-3)``.  A class of `torch.optim` is made with
            ``fused=True`` where it can be, unless you choose ``fused`` or ``foreach`` yourself;
            one kernel for the update rounds elsewhere than several, so the last digit may differ.
            One that steps by the gradient of another point (`lossedu.landscape.SAM`) gets it: each
            step takes two passes then, and figures of gradients are of the second.
        schedule: A scheduler of `torch.optim.lr_scheduler`, or a function of the optimizer that
            makes one.  It moves after every step; `ReduceLROnPlateau` moves after every epoch.
        epochs: How many passes; or
        steps: how many optimizer steps.
        batch_size: Examples a batch, over all processes; for tensors only: a loader knows its own,
            and that too is shared among the processes.
        precision: ``"auto"``: bfloat16 where the GPU has it, else float32.
        accumulate: Batches a step, at least 1.
        clip: Norm that gradients are scaled down to; None: they are not.
        compile: Whether to compile the model.
        metrics: By the names of their columns, functions of outputs and targets (and the batch's
            other parts) of the whole epoch; or objects with ``update(outputs, targets, ...)`` and
            ``compute()``, those of torchmetrics for example, which read one batch after another.
            Outputs are kept only for functions.  Of a batch that is a dictionary, they get all.
        early_stopping: When to stop early.
        checkpoints: Where they go, and when; the run goes on from those it finds there.  SIGINT
            (Ctrl-C) and SIGTERM then end it after the batch at hand with a last checkpoint, and act
            as they would have; the second one is not waited for.  Several processes end together,
            within 64 steps.  What you change of the optimizer (its learning rate, say) holds from
            there on, and an event says so; another schedule is refused.
        callbacks: Objects with any of ``on_start``, ``after_step`` and ``after_epoch``, each called
            with the `Run`; ``state_dict`` and ``load_state_dict`` if they remember anything.
        seed: What order and randomness depend on; the caller's random states stay as they are.
        progress: Whether to show a bar in a terminal, or one line an epoch at most where standard
            error is a file or a pipe; a notebook shows neither.
        trackers: Paths that end in ``.jsonl``, names that accelerate knows, or its trackers.

    Returns:
        The history.  The run stops at the first loss or gradient that is not finite, and an event
        says where it arose.

    Raises:
        ValueError: If an argument is out of range.
        CheckpointError: If a checkpoint cannot be written, or all are damaged.

    Example:
        >>> import torch
        >>> x = torch.linspace(-1, 1, 32)[:, None]
        >>> history = fit(
        ...     nn.Linear(1, 1), nn.MSELoss(), (x, 2 * x), epochs=20, batch_size=8,
        ...     optimizer=partial(torch.optim.SGD, lr=0.3),
        ... )
        >>> history.last("train_loss") < 1e-3
        True
    """
    hook = hook_of(loss, forward)
    plan = Plan(epochs, steps, accumulate, clip, named_metrics(metrics), early_stopping)
    check_plan(plan)
    told = {"batch_size": batch_size, "precision": precision, "compile": compile, "seed": seed}
    with accelerator_for(precision, compile, trackers) as accelerator, seeded(accelerator, seed):
        make = partial(batches_of, batch_size=batch_size, seed=seed, share=share_of(accelerator))
        sources = (
            make("train", train, shuffle=True),
            None if valid is None else make("valid", valid, shuffle=False),
        )
        judge: Any = forward if loss is None else loss
        with prepared(accelerator, model, judge) as called:
            plain = unwrapped(model)
            parameters = trained_parameters(plain, judge)
            run = Run(plain, judge, optimizer_of(optimizer, parameters, plain), History())
            run.history.settings.update(told | facts(run, plan, sources[0], accelerator))
            if isinstance(checkpoints, (str, Path)):
                checkpoints = Checkpoints(checkpoints)
            saver = Saver(checkpoints)
            if callable(schedule):
                schedule = schedule(run.optimizer)
            wanted = progress and accelerator.is_main_process
            with progress_bar(total_steps(plan, sources[0], batch_size), shown=wanted) as shown:
                loop = Loop(
                    accelerator=accelerator,
                    model=called,
                    hook=hook,
                    run=run,
                    train=sources[0],
                    valid=sources[1],
                    plan=plan,
                    schedule=schedule,
                    parameters=parameters,
                    callbacks=callbacks,
                    trackers=Trackers(accelerator, trackers),
                    progress=shown,
                    save=saver,
                )
                go(loop, saver)
    return run.history
