"""When to stop: the figure that matters has not become better for some epochs."""

import math
from dataclasses import dataclass
from typing import Literal

from lossedu.arguments.checks import check_choice, check_count, check_number
from lossedu.names import unknown_name
from lossedu.training.history import History


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a figure of the epochs has not improved for ``patience`` of them.

    The history alone decides, so a run that is resumed stops where it would have stopped.

    Attributes:
        patience: Epochs without improvement after which to stop, at least 1.
        monitor: A column of `History.epochs`; without validation data ``"valid_loss"`` stands for
            ``"train_loss"``.  NaN is no improvement.
        mode: Whether a low or a high figure is good.
        min_delta: An improvement is more than this, at least 0.

    Example:
        >>> history = History()
        >>> for k, loss in enumerate([0.5, 0.4, 0.41, 0.42]):
        ...     history.add("epochs", {"epoch": k, "valid_loss": loss})
        >>> EarlyStopping(patience=2).says_stop(history)
        True
    """

    patience: int = 5
    monitor: str = "valid_loss"
    mode: Literal["min", "max"] = "min"
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        check_count("patience", self.patience)
        check_choice("mode", self.mode, ("min", "max"))
        check_number("min_delta", self.min_delta, low=0.0)

    def says_stop(self, history: History) -> bool:
        """Whether it is time.

        Raises:
            ValueError: If there is no such column.
        """
        values = history.epochs.get(self.monitor)
        if values is None:
            raise ValueError(
                unknown_name("monitor", self.monitor, history.epochs, listing="history.epochs")
            )
        if self.monitor == "valid_loss":
            values = history.watched()
        best, since = math.inf, 0
        for value in values:
            signed = value if self.mode == "min" else -value
            better = signed < best - self.min_delta
            best, since = (signed, 0) if better else (best, since + 1)
        return since >= self.patience
