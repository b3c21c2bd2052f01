"""What two models did on the same examples, side by side."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from lossedu.monitoring.frames import FrameError, Source, columns, opened
from lossedu.monitoring.timeline import Values

ID, LOSS = "id", "loss"
OPTIONAL = ("label", "predicted", "margin", "confidence", "seed")


@dataclass(frozen=True, eq=False)
class Model:
    """What one model did, an entry an example and seed; what is not known of it is None.

    Attributes:
        loss: Of each example; not finite where the model gave nothing usable.
        label: The true class.
        predicted: The predicted one.
        margin: Above 0 where the prediction is right.
        confidence: The probability that it gave to its prediction.
    """

    loss: Values
    label: NDArray[Any] | None
    predicted: NDArray[Any] | None
    margin: Values | None
    confidence: Values | None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Two models on the same examples.

    Attributes:
        candidate: What the candidate did.
        baseline: What the model in service did, in the same order.
        example: The number of each entry's example: several seeds share one.
    """

    candidate: Model
    baseline: Model
    example: NDArray[np.int64]

    @property
    def n(self) -> int:
        """How many different examples there are."""
        return int(self.example.max()) + 1 if len(self.example) else 0


def paired(candidate: Source, baseline: Source) -> Evidence:
    """Two tables of losses an example, matched.

    Args:
        candidate: Columns ``id`` and ``loss``; if they are there ``label``, ``predicted``,
            ``margin``, ``confidence``, and ``seed`` if several runs were made.
        baseline: The same examples and seeds.

    Raises:
        FrameError: If columns are missing, an id is there twice, or examples differ: a candidate
            that was spared the hard ones would look better.
    """
    tables = {
        name: _rows(name, source)
        for name, source in (("candidate", candidate), ("baseline", baseline))
    }
    keys = {name: _keys(name, table) for name, table in tables.items()}
    only = [sorted(map(str, set(keys[a]) - set(keys[b]))) for a, b in _BOTH_WAYS]
    if any(only):
        raise FrameError(
            f"candidate and baseline must hold the same examples, but {len(only[0])} are in the "
            f"candidate's alone and {len(only[1])} in the baseline's: {(only[0] or only[1])[0]}."
        )
    order = {key: row for row, key in enumerate(keys["baseline"])}
    places = np.array([order[key] for key in keys["candidate"]], dtype=np.int64)
    theirs = {name: values[places] for name, values in tables["baseline"].items()}
    _, example = np.unique(tables["candidate"][ID].astype(str), return_inverse=True)
    return Evidence(_model(tables["candidate"]), _model(theirs), example.astype(np.int64))


_BOTH_WAYS = (("candidate", "baseline"), ("baseline", "candidate"))


def _rows(argument: str, source: Source) -> dict[str, NDArray[Any]]:
    frame = opened(argument, source, ID, LOSS)
    there = frame.collect_schema().names()
    wanted = [ID, LOSS, *(name for name in OPTIONAL if name in there)]
    return columns(frame.select(nw.col(wanted)))


def _keys(argument: str, table: dict[str, NDArray[Any]]) -> list[tuple[Any, ...]]:
    parts = [table[name].tolist() for name in (ID, "seed") if name in table]
    keys = list(zip(*parts, strict=True))
    if len(set(keys)) < len(keys):
        raise FrameError(
            f"{argument} must have each id once, or once a seed, but has "
            f"{len(keys) - len(set(keys))} rows again."
        )
    return keys


def _model(table: dict[str, NDArray[Any]]) -> Model:
    def numbers(name: str) -> Values | None:
        return table[name].astype(float) if name in table else None

    return Model(
        loss=table[LOSS].astype(float),
        label=table.get("label"),
        predicted=table.get("predicted"),
        margin=numbers("margin"),
        confidence=numbers("confidence"),
    )
