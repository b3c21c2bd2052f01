"""What training on a new task does to the loss on an old one."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lossedu.arguments.checks import check_count
from lossedu.landscape.objective.layout import Selection
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table
from lossedu.training.batches import Data
from lossedu.training.forward import Forward, Loss

if TYPE_CHECKING:
    from lossedu.training.run import Run


@dataclass(frozen=True, eq=False)
class Forgetting(Result):
    """The old task's loss along training on a new one.

    Attributes:
        steps: After how many steps of the new training, from 0.
        losses: On the old task, float64.
        distances: How far the parameters are from where they began.
        predicted: What the old loss's gradient and curvature at the start say it would be: the
            second-order Taylor expansion, NaN if it was not asked for.
    """

    steps: NDArray[np.int64]
    losses: NDArray[np.float64]
    distances: NDArray[np.float64]
    predicted: NDArray[np.float64]

    derived: ClassVar = ("forgotten", "worst")

    @property
    def forgotten(self) -> float:
        """The last loss less the first: below 0 if the new task helped the old one."""
        return float(self.losses[-1] - self.losses[0])

    @property
    def worst(self) -> float:
        """The highest loss less the first: at least 0."""
        return float(self.losses.max() - self.losses[0])

    def table(self) -> Table:
        """One row for each look."""
        columns = zip(self.steps, self.losses, self.predicted, self.distances, strict=True)
        rows = [(str(step), float(a), float(b), float(c)) for step, a, b, c in columns]
        headings = ["step", "old loss", "predicted", "distance"]
        return Table(headings, rows, label="the loss on the old task")


class OldTask:
    """A callback for `fit` that watches the loss on data that are no longer trained on.

    Distances and the expansion are those of the parameters that require a gradient when training
    begins.  Every call of `fit` begins anew.

    Args:
        loss: Of the old task; gives the mean over a batch.
        data: Of the old task.
        forward: As for `Objective`.
        every: Steps from one look to the next; the end is seen only if a look falls on it.
        predict: Whether to expand the old loss at the start to second order; that takes one
            Hessian-vector product for each look.
        batch_size: As for `Objective`.

    Example:
        >>> import torch
        >>> from lossedu.training import fit
        >>> x = torch.eye(2)
        >>> old = OldTask(nn.functional.mse_loss, (x, x[:, :1]))
        >>> model = nn.Linear(2, 1)
        >>> history = fit(model, nn.MSELoss(), (x, x[:, 1:]), steps=3, callbacks=[old],
        ...     optimizer=torch.optim.SGD(model.parameters(), 0.1), progress=False)
        >>> old.result().steps.tolist()
        [0, 1, 2, 3]
    """

    def __init__(
        self,
        loss: Loss | None,
        data: Data,
        *,
        forward: Forward | None = None,
        every: int = 1,
        predict: bool = False,
        batch_size: int | None = None,
    ) -> None:
        check_count("every", every)
        self.loss, self.data, self.every, self.predict = loss, data, every, predict
        self.forward, self.batch_size = forward, batch_size
        self._model: nn.Module | None = None
        self._start: Objective | None = None
        self._curvature: Any = None
        self._seen: dict[int, tuple[float, float, float]] = {}

    def on_start(self, run: "Run") -> None:
        """Forget an earlier run, and look before the first step."""
        self._model = _copied(run.model)
        self._start, self._curvature = self._objective(self._model), None
        self._seen = {}
        self._look(run)

    def after_step(self, run: "Run") -> None:
        """Look, if it is time."""
        if run.step % self.every == 0:
            self._look(run)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return (
            {}
            if self._model is None
            else {"model": self._model.state_dict(), "seen": dict(self._seen)}
        )

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        if state and self._model is not None:
            self._model.load_state_dict(state["model"])
            self._start, self._curvature = self._objective(self._model), None
            self._seen = dict(state["seen"])

    def result(self) -> Forgetting:
        """What was seen so far.

        Raises:
            RuntimeError: If training has not begun.
        """
        if not self._seen:
            raise RuntimeError("result must be asked after training has begun, but it has not.")
        steps = np.array(sorted(self._seen))
        losses, distances, predicted = np.array([self._seen[s] for s in steps.tolist()]).T
        return Forgetting(steps, losses, distances, predicted)

    def _objective(self, model: nn.Module, parameters: Selection = None) -> Objective:
        options: dict[str, Any] = {"forward": self.forward, "batch_size": self.batch_size}
        return Objective(model, self.loss, self.data, parameters=parameters, **options)

    def _look(self, run: "Run") -> None:
        if self._start is None:
            raise RuntimeError("fit must call on_start before after_step, but did not.")
        # The start's: what is frozen or released on the way must not change what is compared.
        now = self._objective(run.model, self._start.names)
        moved = now.point - self._start.point
        predicted = self._taylor(self._start, moved) if self.predict else float("nan")
        self._seen[run.step] = (now.value(now.point), float(moved.norm()), predicted)

    def _taylor(self, start: Objective, moved: Any) -> float:
        from lossedu.landscape.curvature.products import hessian

        if self._curvature is None:
            self._curvature = (*start.value_and_gradient(start.point), hessian(start))
        value, gradient, curvature = self._curvature
        return float(value + gradient @ moved + 0.5 * (moved @ (curvature @ moved)))


def _copied(model: nn.Module) -> nn.Module:
    """A copy, also of a model that holds on to what it has computed last."""
    held = [value for module in model.modules() for value in vars(module).values()]
    computed = [v for v in held if isinstance(v, Tensor) and v.grad_fn is not None]
    copied: nn.Module = copy.deepcopy(model, {id(v): v.detach().clone() for v in computed})
    return copied
