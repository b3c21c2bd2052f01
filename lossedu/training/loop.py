"""The loop itself: batches to steps, steps to epochs, and a look at each."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from lossedu.training import nonfinite, random_states
from lossedu.training.batches import Batch, Source
from lossedu.training.epoch_figures import EpochFigures
from lossedu.training.forward import Hook
from lossedu.training.interruption import Interruption
from lossedu.training.outputs import TAIL, Outputs
from lossedu.training.passes import Passes
from lossedu.training.progress import Progress
from lossedu.training.run import Plan, Run
from lossedu.training.telemetry import StepFigures, StepTelemetry, UpdateRatio, gradient_norms
from lossedu.training.trackers import Trackers


@dataclass
class Loop:
    """Everything that a run needs, put together by `fit`."""

    accelerator: Any
    model: nn.Module  # as accelerate wants it called
    hook: Hook
    run: Run
    train: Source
    valid: Source | None
    plan: Plan
    schedule: Any
    parameters: dict[str, nn.Parameter]
    callbacks: Sequence[Any]
    trackers: Trackers
    progress: Progress
    save: Callable[["Loop", Any], None]
    interruption: Interruption = field(default_factory=Interruption)
    begun: dict[str, Any] = field(default_factory=dict)  # with what: see `begun_with`
    order: dict[str, Tensor] = field(default_factory=dict)  # of this epoch, before it began
    telemetry: StepTelemetry = field(init=False)
    tail: Outputs = field(init=False)
    _ratio: UpdateRatio = field(init=False)
    _finding: nonfinite.Finding | None = None
    _frozen: list[nn.Module] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare what watches the steps."""
        self.telemetry = StepTelemetry(self.run.history, self.accelerator.num_processes)
        self.tail = Outputs(most=TAIL)
        self._trained = list(self.parameters.values())
        tail = self.tail if self.valid is None else None
        self._passes = Passes(
            self.accelerator,
            self.model,
            self.hook,
            owners=[self.run.loss],
            trained=self._trained,
            tail=tail,
            whole=bool(self.plan.metrics),
        )
        self._on_cpu = self.accelerator.device.type == "cpu"
        # Without a scaler its optimizer does what torch's does, some 50 µs later.
        wrapped = self.accelerator.scaler is not None
        optimizer = self.run.optimizer
        self._optimizer: Any = (
            self.accelerator.prepare_optimizer(optimizer) if wrapped else optimizer
        )
        self._after_step = [c.after_step for c in self.callbacks if hasattr(c, "after_step")]

    def go(self) -> None:
        """Train until there is nothing left to do."""
        self._ratio = UpdateRatio(self._trained)
        self.order = self.order or self.train.order_state()
        self.telemetry.step = self.run.step
        self.telemetry.resume_clock()
        while not self._done():
            self._epoch()

    @property
    def failed(self) -> bool:
        """Whether the last step was lost to a value that is not finite."""
        return self._finding is not None

    def _done(self) -> bool:
        run, plan = self.run, self.plan
        if run.stopped or self._interrupted():
            return True
        between = run.batch == 0 and run.epoch > 0
        if between and plan.early_stopping and plan.early_stopping.says_stop(run.history):
            self._event({"kind": "early_stop", "step": run.step, "epoch": run.epoch - 1})
            run.stop("early stopping")
            return True
        enough = plan.epochs is not None and run.epoch >= plan.epochs
        return enough or (plan.steps is not None and run.step >= plan.steps and run.batch == 0)

    def _epoch(self) -> None:
        run, plan = self.run, self.plan
        self._into_training()
        left = None if plan.steps is None else (plan.steps - run.step) * plan.accumulate
        batches = self.train.epoch(run.epoch, run.batch, left)
        before = run.step
        for group in _groups(batches, plan.accumulate):
            self._step(group)
            if run.stopped:
                break
            run.batch += len(group)
            self.save(self, "step")
            if self._interrupted():
                break
        self.fetch()
        if self.failed or self.interruption.agreed:
            return
        if run.step == before and run.batch == 0:
            raise ValueError("train must yield at least one batch an epoch, but yields none.")
        self._end_epoch()

    def _interrupted(self) -> bool:
        """Whether a signal asks for the end; several processes agree where they have fetched."""
        asked = self.interruption.asked(self.accelerator, together=not self.telemetry.block)
        if asked:
            self.run.stop(f"signal {self.interruption.number}")
        return asked

    def _stops_alone(self) -> bool:
        """Whether to stop at once: several processes agree between steps only."""
        return self.accelerator.num_processes == 1 and self.interruption.number > 0

    def _into_training(self) -> None:
        """All but the parts that the caller keeps in evaluation mode: a frozen backbone, say."""
        model = self.run.model
        if not model.training:
            frozen = [part for part in self._frozen if not part.training]
            self.model.train()
            for part in frozen:
                part.training = False
        self._frozen = [part for part in model.modules() if not part.training]

    def _step(self, group: list[Batch]) -> None:
        run = self.run
        self._optimizer.zero_grad(set_to_none=True)
        loss, weight = self._passes.gradients(group, run.optimizer)
        if self.accelerator.scaler is not None:
            self.accelerator.unscale_gradients(self._optimizer)
        norms, norm = gradient_norms(self._trained)
        figures = StepFigures(loss, norms, norm, norm, norm, weight, self._learning_rate())
        # On a CPU looking costs nothing, and the parameters are still those that did it.
        if self._on_cpu and not math.isfinite(norm.item()):
            figures.ratio = torch.full_like(norm, math.nan)
            self._finding = self._find(group, norms)
            self.telemetry.add(figures, 0)
            self.fetch()
            return
        clip = self.plan.clip
        if clip is not None:
            nn.utils.clip_grads_with_norm_(self._trained, clip, norm)
            figures.clipped = norm * (clip / (norm + 1e-6)).clamp(max=1)
        self._update()
        figures.ratio = self._ratio()
        run.step += 1
        for after_step in self._after_step:
            after_step(run)
        if self.telemetry.add(figures, sum(batch.total for batch in group)):
            self.fetch()

    def _update(self) -> None:
        self._optimizer.step()
        skipped = self.accelerator.scaler is not None and self._optimizer.step_was_skipped
        if self.schedule and not skipped and not isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step()

    def _learning_rate(self) -> float:
        return float(self.run.optimizer.param_groups[0]["lr"])

    def _find(self, group: list[Batch], norms: Tensor) -> nonfinite.Finding:
        """Where the NaN came from, while batch and parameters are at hand."""
        found = None
        for batch in group:
            placed = self._passes.place(batch.values)
            found = found or nonfinite.in_forward(self.run.model, self.hook, placed)
        return found or nonfinite.in_gradients(list(self.parameters), norms) or _IN_LOSS

    def fetch(self) -> None:
        """Move the figures of the last steps into the history, and look at them."""
        block = list(self.telemetry.block)
        rows = self.telemetry.fetch(self.run.epoch, self.accelerator)
        if not rows:
            return
        self.trackers.steps(rows)
        self.progress(self.run.step, rows[-1])
        place = self.telemetry.first_nonfinite(rows)
        scaled = self.accelerator.scaler is not None  # which leaves out such steps itself
        if place is None or (scaled and math.isfinite(rows[place]["loss"])):
            return
        by_norms = nonfinite.in_gradients(list(self.parameters), block[place].norms)
        self._finding = self._finding or by_norms or _IN_LOSS
        self._event({"kind": "nonfinite", "step": int(rows[place]["step"]), **self._finding})
        self.run.stop("a value that is not finite")

    def _end_epoch(self) -> None:
        run = self.run
        states, seen = random_states.capture(), self._figures()
        row = {"epoch": float(run.epoch)}
        if self.valid is None:
            for outputs, rest, batch in self.tail:
                seen.add(outputs, rest, batch)
            row["train_loss"] = self.telemetry.train_loss()
        else:
            validated = self._passes.validate(self.valid, seen, self._stops_alone)
            if validated is None:  # a run that goes on from here begins with it again
                random_states.restore(states)
                return
            row["train_loss"] = self.telemetry.train_loss()
            row |= {"valid_loss": validated, "gap": validated - row["train_loss"]}
            self._check_validation(validated)
        row |= seen.row()
        self.tail.clear()
        run.history.add("epochs", row)
        self.trackers.epoch(row, run.step)
        self.progress(run.step, row)
        self._compare_workers()
        watched = row.get("valid_loss", row["train_loss"])
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(watched)
        for callback in self.callbacks:
            if hasattr(callback, "after_epoch"):
                callback.after_epoch(run)
        run.epoch, run.batch = run.epoch + 1, 0
        self.order = self.train.order_state()
        self.save(self, "epoch")
        self.telemetry.resume_clock()

    def _figures(self) -> EpochFigures:
        return EpochFigures(self.run.loss, self.plan.metrics, self.accelerator)

    def _check_validation(self, loss: float) -> None:
        """Say where the first validation loss that is not finite comes from."""
        kinds = (event["kind"] for event in self.run.history.events)
        if math.isfinite(loss) or self.valid is None or "nonfinite_validation" in kinds:
            return
        batches = (self._passes.place(batch.values) for batch in self.valid.epoch(0))
        place = nonfinite.in_validation(self.run.model, self.hook, batches) or _IN_LOSS
        event = {"kind": "nonfinite_validation", "step": self.run.step, "epoch": self.run.epoch}
        self._event(event | place)

    def _compare_workers(self) -> None:
        """Processes that average their gradients hold the same parameters; say so if not."""
        if self.accelerator.num_processes == 1:
            return
        own = torch.tensor(
            self._ratio.fingerprint(), dtype=torch.float64, device=self.accelerator.device
        )
        prints = self.accelerator.gather(own[None])
        distance = (prints - prints.median(0).values).abs().amax(1) / prints.abs().amax()
        spread, rank = distance.max(0)
        if not float(spread) <= 1e-6:
            event = {"kind": "divergence", "step": self.run.step, "epoch": self.run.epoch}
            self._event(event | {"rank": int(rank), "spread": float(spread)})

    def _event(self, event: dict[str, Any]) -> None:
        if event not in self.run.history.events:
            self.run.history.events.append(event)
            self.trackers.event(event)


_IN_LOSS: nonfinite.Finding = {"where": "loss", "what": "loss"}


def _groups(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    while group := list(islice(batches, size)):
        yield group
