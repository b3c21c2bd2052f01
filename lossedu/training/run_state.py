"""Everything that a run depends on, in a checkpoint and back."""

import time
from typing import Any, Literal

import torch

from lossedu.training import random_states
from lossedu.training.begun_with import (
    check_schedule,
    honoured,
    settings_of_groups,
    settings_of_schedule,
)
from lossedu.training.checkpoints import CheckpointError, Checkpoints
from lossedu.training.history import History
from lossedu.training.loop import Loop
from lossedu.training.module_states import load_by_name
from lossedu.training.outputs import plain

Moment = Literal["step", "epoch", "end"]

SAME = ("model", "parameters", "loss", "optimizer", "batch_size", "accumulate", "seed", "examples")
"""Settings in which a run must agree with the one that it goes on from."""


class Saver:
    """Decides when to write a checkpoint, and lets the main process write it."""

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self.checkpoints = checkpoints
        self._written_s = time.monotonic()
        self._newest: tuple[int, int, int] | None = None
        self._lowest = float("inf")

    def resume(self, loop: Loop) -> bool:
        """Go on from the newest checkpoint, if there is one; returns whether there was."""
        if self.checkpoints is None:
            return False
        _everywhere(loop, self.checkpoints.prepare)
        optimizer, schedule = loop.run.optimizer, loop.schedule
        loop.begun["optimizer"] = settings_of_groups(optimizer)
        loop.begun["schedule"] = settings_of_schedule(schedule)
        state = self.checkpoints.latest() if self.checkpoints.resume else None
        if state is None:
            return False
        load(loop, state)
        known = (loss for loss in loop.run.history.watched() if loss == loss)
        self._lowest = min(known, default=self._lowest)
        self._newest = _place(loop)
        return True

    def __call__(self, loop: Loop, moment: Moment) -> None:
        """A step, an epoch or the run is over: write what is due."""
        if self.checkpoints is None:
            return
        watched = loop.run.history.watched()
        if moment == "epoch" and self.checkpoints.best and watched[-1:] < [self._lowest]:
            self._lowest = watched[-1]
            self._write(loop, "best")
        at_end = moment == "end" and self._newest != _place(loop)
        if at_end or (moment == "step" and self._due(loop)):
            self._write(loop, "last")
            self._written_s, self._newest = time.monotonic(), _place(loop)

    def _due(self, loop: Loop) -> bool:
        """Whether it is time; with several processes the main one's clock counts."""
        assert self.checkpoints is not None
        every = self.checkpoints.every_steps
        by_step = every is not None and loop.run.step % every == 0
        if by_step or (loop.accelerator.num_processes > 1 and loop.telemetry.block):
            return by_step  # between two fetches nobody asks the others
        by_time = time.monotonic() - self._written_s > self.checkpoints.every_s
        if loop.accelerator.num_processes == 1:
            return by_time
        from accelerate.utils import broadcast_object_list

        answer = [by_time]
        broadcast_object_list(answer)
        return bool(answer[0])

    def _write(self, loop: Loop, kind: Literal["last", "best"]) -> None:
        state = capture(loop)
        checkpoints = self.checkpoints
        assert checkpoints is not None
        _everywhere(loop, lambda: checkpoints.write(kind, loop.run.step, state))
        loop.telemetry.resume_clock()


def _place(loop: Loop) -> tuple[int, int, int]:
    return loop.run.step, loop.run.epoch, loop.run.batch


def _everywhere(loop: Loop, action: Any) -> None:
    """Let the main process act; if it fails, all processes fail with its words."""
    message = ""
    if loop.accelerator.is_main_process:
        try:
            action()
        except CheckpointError as error:
            if loop.accelerator.num_processes == 1:
                raise
            message = str(error)
    if loop.accelerator.num_processes == 1:
        return
    from accelerate.utils import broadcast_object_list

    said = [message]
    broadcast_object_list(said)
    if said[0]:
        raise CheckpointError(said[0])


def capture(loop: Loop) -> dict[str, Any]:
    """The state of a run between two steps."""
    loop.fetch()
    run, telemetry = loop.run, loop.telemetry
    state: dict[str, Any] = {
        "step": run.step,
        "epoch": run.epoch,
        "batch": run.batch,
        "sums": [telemetry.loss_sum, telemetry.weight_sum],
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "order": loop.order,
        "tail": plain(list(loop.tail.parts)),
        "random": _of_all(loop, random_states.capture()),
        "callbacks": [c.state_dict() if hasattr(c, "state_dict") else {} for c in loop.callbacks],
        "history": _columns(run.history),
        "begun": loop.begun,
    }
    owners = {"schedule": loop.schedule, "scaler": loop.accelerator.scaler, "loss": run.loss}
    for name, owner in owners.items():
        if hasattr(owner, "state_dict"):
            state[name] = _plain(owner.state_dict())
    return state


def _of_all(loop: Loop, own: Any) -> list[Any]:
    from accelerate.utils import gather_object

    return gather_object([own]) if loop.accelerator.num_processes > 1 else [own]


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's state without what it derives from its class (bound methods)."""
    return {k: v for k, v in state.items() if not callable(v)}


def _columns(history: History) -> dict[str, Any]:
    def tensors(columns: dict[str, list[float]]) -> dict[str, torch.Tensor]:
        return {n: torch.tensor(c, dtype=torch.float64) for n, c in columns.items()}

    return {
        "steps": tensors(history.steps),
        "epochs": tensors(history.epochs),
        "events": history.events,
        "settings": history.settings,
    }


def load(loop: Loop, state: dict[str, Any]) -> None:
    """Bring a run to where a checkpoint was written.

    Raises:
        CheckpointError: If the checkpoint is of another run.
    """
    run = loop.run
    told, before = run.history.settings, state["history"]["settings"]
    for name in SAME:
        if told[name] != before[name]:
            raise CheckpointError(
                f"checkpoints must hold the same run, but {name} was {before[name]!r} there and "
                f"is {told[name]!r} here. Hint: one folder a run."
            )
    check_schedule(state.get("begun", loop.begun)["schedule"], loop.begun["schedule"])
    run.step, run.epoch, run.batch = (state[name] for name in ("step", "epoch", "batch"))
    loop.telemetry.loss_sum, loop.telemetry.weight_sum = state["sums"]
    load_by_name(run.model, state["model"])
    changes = _load_optimizer(loop, state)
    for name, owner in (
        ("schedule", loop.schedule),
        ("scaler", loop.accelerator.scaler),
        ("loss", run.loss),
    ):
        if name in state and hasattr(owner, "load_state_dict"):
            owner.load_state_dict(state[name])
    for callback, known in zip(loop.callbacks, state["callbacks"], strict=False):
        if known and hasattr(callback, "load_state_dict"):
            callback.load_state_dict(known)
    for kind in ("steps", "epochs"):
        columns = getattr(run.history, kind)
        columns.clear()
        columns.update({n: c.tolist() for n, c in state["history"][kind].items()})
    run.history.events[:] = state["history"]["events"] + changes
    _load_order(loop, state)


def _load_optimizer(loop: Loop, state: dict[str, Any]) -> list[dict[str, Any]]:
    """Its state, and what the caller has changed since; returns an event for each change."""
    optimizer, begun = loop.run.optimizer, state.get("begun")
    given = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    optimizer.load_state_dict(state["optimizer"])
    if begun is None:  # written before this was kept
        return []
    scheduled = bool(loop.begun["schedule"])
    before, now = begun["optimizer"], loop.begun["optimizer"]
    events = honoured(optimizer, given, before, now, scheduled=scheduled)
    return [{"step": loop.run.step, **event} for event in events]


def _load_order(loop: Loop, state: dict[str, Any]) -> None:
    """The order of the data and the random states: last, since loading may draw."""
    loop.order = state["order"]
    loop.train.load_order_state(state["order"])
    rank, states = loop.accelerator.process_index, state["random"]
    if len(states) == loop.accelerator.num_processes:
        loop.tail.load(state["tail"])
        random_states.restore(states[rank])
    else:
        # Another number of processes: what each of them held is not what each of these needs.
        from accelerate.utils import set_seed

        set_seed(random_states.stream_seed(loop.run.history.settings["seed"], state["step"], rank))
