"""Where telemetry goes besides the history: JSON lines, and whatever accelerate can log to."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lossedu.training.history import History, line

Tracker = Any
"""A path that ends in ``.jsonl``, a name that accelerate knows (``"tensorboard"``), or one of its
``GeneralTracker`` objects."""


class JsonLines:
    """A history on disk that grows with the run: each block of steps is there when it is known."""

    def __init__(self, path: Path, history: History) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What is known so far is written anew: a killed run may have written more than its
        # checkpoint remembers.
        history.write(path)
        self._path = path

    def write(self, record: str, rows: Iterable[dict[str, Any]]) -> None:
        """Append rows."""
        text = "".join(f"{line(record, row)}\n" for row in rows)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)


class Trackers:
    """Everything that wants to know of a run, on the main process alone."""

    def __init__(self, accelerator: Any, trackers: Sequence[Tracker]) -> None:
        self._paths = json_paths(trackers) if accelerator.is_main_process else []
        self._files: list[JsonLines] = []
        self._accelerator = accelerator if accelerate_trackers(trackers) else None

    def open(self, history: History) -> None:
        """Begin with what is known so far."""
        self._files = [JsonLines(path, history) for path in self._paths]
        if self._accelerator:
            self._accelerator.init_trackers("lossedu", config=_plain(history.settings))

    def steps(self, rows: list[dict[str, float]]) -> None:
        """A block of steps."""
        for file in self._files:
            file.write("step", rows)
        for row in rows if self._accelerator else ():
            self._log({f"step/{k}": v for k, v in row.items() if k != "step"}, int(row["step"]))

    def epoch(self, row: dict[str, float], step: int) -> None:
        """The end of an epoch."""
        for file in self._files:
            file.write("epoch", [row])
        self._log({f"epoch/{k}": v for k, v in row.items() if v == v}, step)

    def event(self, event: dict[str, Any]) -> None:
        """Something has happened."""
        for file in self._files:
            file.write("event", [event])

    def close(self) -> None:
        """Nothing more will come."""
        if self._accelerator:
            # Not `end_training`: that would close a group of processes that may be the caller's.
            for tracker in self._accelerator.trackers:
                tracker.finish()

    def _log(self, values: dict[str, float], step: int) -> None:
        if self._accelerator:
            self._accelerator.log(values, step=step)


def json_paths(trackers: Sequence[Tracker]) -> list[Path]:
    """The trackers that are files."""
    return [Path(t) for t in trackers if isinstance(t, (str, Path)) and str(t).endswith(".jsonl")]


def accelerate_trackers(trackers: Sequence[Tracker]) -> list[Tracker]:
    """The trackers that accelerate opens."""
    return [t for t in trackers if not str(t).endswith(".jsonl")]


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as hyperparameter tables take them."""
    kinds = (bool, int, float, str)
    return {k: v if isinstance(v, kinds) else str(v) for k, v in settings.items()}
