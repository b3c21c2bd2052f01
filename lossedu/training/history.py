"""What a training run leaves behind: a table of steps, a table of epochs, and what happened.

Columns are plain lists of floats, NaN where a figure does not apply.  A history writes itself as
JSON lines, one record a line, so that a run that is killed leaves whole lines, and any tool that
reads JSON can follow a run.  JSON has no NaN: it is written as the string ``"nan"``.
"""

import html
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lossedu.arguments.checks import check_choice
from lossedu.tables import Table
from lossedu.whole_files import write_whole

STEP_COLUMNS = (
    "step",
    "epoch",
    "loss",
    "gradient_norm",
    "gradient_norm_clipped",
    "update_ratio",
    "learning_rate",
    "examples_per_second",
    "memory_mb",
)
EPOCH_COLUMNS = (
    "epoch",
    "train_loss",
    "valid_loss",
    "gap",
    "loss_p50",
    "loss_p90",
    "loss_p99",
    "hard_example_rate",
    "margin_violation_rate",
    "calibration_error",
    "embedding_spread",
)
MEASURED = ("examples_per_second", "memory_mb")
"""Columns that depend on the machine's mood: all others are the same in every run."""

Columns = dict[str, list[float]]
Kind = Literal["steps", "epochs"]


def _empty(names: Iterable[str]) -> Columns:
    return {name: [] for name in names}


@dataclass(frozen=True)
class History:
    """The telemetry of one run.

    Attributes:
        steps: One list a column, one entry an optimizer step; see `STEP_COLUMNS`.  Steps and epochs
            count from 0.
        epochs: The same for epochs; see `EPOCH_COLUMNS`, with ``class_loss_<c>`` and
            ``class_recall_<c>`` for a classifier, and the metrics by their names.
        events: What happened, in order; each says what in ``"kind"`` and when in ``"step"``.
        settings: What the run was told.

    Example:
        >>> history = History()
        >>> history.add("epochs", {"epoch": 0, "train_loss": 0.5})
        >>> history.rows("epochs")[0]["train_loss"], history.last("valid_loss")
        (0.5, nan)
    """

    steps: Columns = field(default_factory=lambda: _empty(STEP_COLUMNS))
    epochs: Columns = field(default_factory=lambda: _empty(EPOCH_COLUMNS))
    events: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def add(self, table: Kind, row: Mapping[str, float]) -> None:
        """Append a row; what it lacks is NaN, and what is new was NaN before."""
        columns = self._table(table)
        length = len(columns[next(iter(columns))])
        for name in [name for name in row if name not in columns]:  # in the row's own order
            columns[name] = [math.nan] * length
        for name, column in columns.items():
            column.append(float(row.get(name, math.nan)))

    def rows(self, table: Kind) -> list[dict[str, float]]:
        """One dictionary a step or an epoch."""
        columns = self._table(table)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def last(self, column: str) -> float:
        """The last entry of a column, NaN if there is none; epochs are asked before steps."""
        for columns in (self.epochs, self.steps):
            if columns.get(column):
                return columns[column][-1]
        return math.nan

    def watched(self) -> list[float]:
        """The loss of each epoch that tells how good it was.

        That of the validation data, NaN where it is, or without such data that of training.
        """
        values = self.epochs["valid_loss"]
        computed = any(event.get("kind") == "nonfinite_validation" for event in self.events)
        return values if computed or not all(map(math.isnan, values)) else self.epochs["train_loss"]

    def table(self, table: Kind = "epochs") -> Table:
        """What a notebook or a terminal shows: the columns that hold anything."""
        names = [n for n, c in self._table(table).items() if not all(map(math.isnan, c))]
        columns = [self._table(table)[name] for name in names]
        rows = [
            [str(int(first)), *("–" if math.isnan(cell) else cell for cell in rest)]
            for first, *rest in zip(*columns, strict=True)
        ]
        headings = [name.replace("_", " ") for name in names]
        return Table(headings, rows, label=f"{table} of the training run")

    def plot(self) -> Any:
        """Draw losses, gradient norm, learning rate and the metrics; returns the figure."""
        from lossedu.training.history_plot import plot

        return plot(self)

    def write(self, path: str | Path) -> None:
        """Write the whole history as JSON lines, in one step: settings, steps, epochs, events."""
        write_whole(path, "".join(f"{line}\n" for line in self._lines()))

    def _lines(self) -> Iterable[str]:
        yield line("settings", self.settings)
        for kind, singular in (("steps", "step"), ("epochs", "epoch")):
            for row in self.rows(kind):  # type: ignore[arg-type]
                yield line(singular, row)
        for event in self.events:
            yield line("event", event)

    @staticmethod
    def read(path: str | Path) -> "History":
        """Read what `write`, or a run with a ``.jsonl`` tracker, has written.

        A last line that a killed run left unfinished is dropped.

        Raises:
            ValueError: If another line is not JSON.
        """
        history = History()
        try:
            with Path(path).open(encoding="utf-8", newline="\n") as file:
                lines = file.readlines()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"path must be a history in JSON lines, but {path} is not text."
            ) from error
        for number, text in enumerate(lines, 1):
            try:
                history._take(json.loads(text))
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                if number == len(lines) and not text.endswith("\n"):
                    break
                raise ValueError(
                    f"path must be a history in JSON lines, but line {number} of {path} is "
                    f"{text.strip()[:60]!r}."
                ) from error
        return history

    def _take(self, record: dict[str, Any]) -> None:
        kind = record.pop("record")
        if kind == "settings":
            self.settings.update(record)
        elif kind == "event":
            self.events.append(record)
        else:
            self.add("steps" if kind == "step" else "epochs", record)

    def _table(self, table: Kind) -> Columns:
        check_choice("table", table, ("steps", "epochs"))
        return self.steps if table == "steps" else self.epochs

    def _repr_html_(self) -> str:
        events = "".join(f"<li>{html.escape(describe(event))}</li>" for event in self.events)
        listed = f"<ul>{events}</ul>" if events else ""
        return self.table()._repr_html_() + listed


def describe(event: Mapping[str, Any]) -> str:
    """An event in one line.

    Example:
        >>> describe({"kind": "nonfinite", "step": 17, "where": "layers.3", "what": "gradient"})
        'nonfinite at step 17: where layers.3, what gradient'
    """
    rest = ", ".join(f"{k} {v}" for k, v in event.items() if k not in ("kind", "step"))
    when = f" at step {event['step']}" if "step" in event else ""
    return f"{event['kind']}{when}" + (f": {rest}" if rest else "")


def line(record: str, values: Mapping[str, Any]) -> str:
    """One record as JSON; floats read back to the last bit."""
    plain = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }
    return json.dumps({"record": record} | plain, ensure_ascii=False)
