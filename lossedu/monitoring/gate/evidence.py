"""What two models did on the same examples, side by side."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from lossedu.monitoring.frames import FrameError, Source, columns, opened, present
from lossedu.monitoring.timeline import Values

ID, LOSS = "id", "loss"
OPTIONAL = ("label", "predicted", "margin", "confidence", "seed")


@dataclass(frozen=True, eq=False)
class Model:
    """What one model did, an entry an example and seed; what is not known of it is None.

    Attributes:
        loss: Of each example; not finite where the model gave nothing usable.
        label: The true class, as text.
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
        FrameError: If columns are missing or hold no numbers, an id is missing or there twice, or
            examples or their labels differ: a candidate that was spared the hard ones would look
            better.
    """
    tables = {
        name: _rows(name, source)
        for name, source in (("candidate", candidate), ("baseline", baseline))
    }
    seeds = ["seed" in table for table in tables.values()]
    if seeds[0] != seeds[1]:
        alone = "candidate" if seeds[0] else "baseline"
        raise FrameError(f"seed must be in both tables or in none, but is in the {alone}'s alone.")
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
    models = _model(tables["candidate"]), _model(theirs)
    _check_labels(*models)
    return Evidence(*models, example.astype(np.int64))


_BOTH_WAYS = (("candidate", "baseline"), ("baseline", "candidate"))


def _check_labels(candidate: Model, baseline: Model) -> None:
    """Refuse two truths about one example."""
    if candidate.label is None or baseline.label is None:
        return
    differ = int(np.count_nonzero(candidate.label != baseline.label))
    if differ:
        raise FrameError(
            f"label must be the same in both tables, but differs for {differ} examples."
        )


def _rows(argument: str, source: Source) -> dict[str, NDArray[Any]]:
    frame = opened(argument, source, ID, LOSS)
    kinds = frame.collect_schema()
    for name in (LOSS, "margin", "confidence"):
        if name in kinds and not kinds[name].is_numeric():
            raise FrameError(f"{name} of {argument} must be numbers, but is {kinds[name]}.")
    wanted = [ID, LOSS, *(name for name in OPTIONAL if name in kinds)]
    rows = frame.select(nw.col(wanted))
    table = columns(rows)
    missing = len(table[ID]) - len(columns(present(rows, ID).select(ID))[ID])
    if missing:
        raise FrameError(f"id of {argument} must be there in each row, but is not in {missing}.")
    return table


def _keys(argument: str, table: dict[str, NDArray[Any]]) -> list[tuple[Any, ...]]:
    parts = [table[name].tolist() for name in (ID, "seed") if name in table]
    keys = list(zip(*parts, strict=True))
    if len(set(keys)) < len(keys):
        raise FrameError(
            f"{argument} must have each id once, or once a seed, but has "
            f"{len(keys) - len(set(keys))} rows again."
        )
    return keys


def _classes(values: NDArray[Any] | None) -> NDArray[Any] | None:
    """Names of classes: 1, 1.0 and true are one class, however a file came to write it."""
    if values is None:
        return None
    if values.dtype.kind == "O":
        mixed = [one for one in values.tolist() if one is not None]
        if mixed and all(isinstance(one, bool | int | float) for one in mixed):
            values = np.array([np.nan if one is None else one for one in values], float)
    if values.dtype.kind in "bf":
        whole = values.astype(float)
        return np.array([f"{one:.0f}" if one == np.floor(one) else str(one) for one in whole], str)
    return values.astype(str)


def _model(table: dict[str, NDArray[Any]]) -> Model:
    def numbers(name: str) -> Values | None:
        return table[name].astype(float) if name in table else None

    return Model(
        loss=table[LOSS].astype(float),
        label=_classes(table.get("label")),
        predicted=_classes(table.get("predicted")),
        margin=numbers("margin"),
        confidence=numbers("confidence"),
    )
