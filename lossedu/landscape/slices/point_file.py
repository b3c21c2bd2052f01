"""Points in a file that grows by one row a point: a step, then the parameters in float32."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lossedu.whole_files import replacing

_HEAD = 16
_MARK = b"points01"


def rows_of(file: Path) -> NDArray[np.void]:
    """The whole rows of a file, mapped; writing to them changes no file.

    Raises:
        ValueError: If it is no file of points.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(_MARK):
        raise ValueError(f"file must hold a recorded trajectory, but {file} does not.")
    row = _row(int(np.frombuffer(head[8:], "<i8")[0]))
    count = (file.stat().st_size - _HEAD) // row.itemsize
    if not count:
        return np.zeros(0, row)
    return np.memmap(file, row, "c", _HEAD, (count,))


def append(file: Path, step: int, point: Tensor) -> None:
    """One more row; a row that a dying process left half written is overwritten.

    Raises:
        ValueError: If the rows have another size.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as part:
            _write(part, len(point), [])
    rows = rows_of(file)
    if rows.dtype != _row(len(point)):
        raise ValueError(
            f"model must have as many parameters as the points of {file}, but has {len(point)}."
        )
    row = np.zeros((), rows.dtype)
    row["step"], row["theta"] = step, point.numpy()
    with file.open("r+b") as stream:
        stream.seek(_HEAD + rows.nbytes)
        stream.write(row.tobytes())


def keep_before(file: Path, step: int) -> None:
    """Drop the rows from a step on.  The file is a new one: rows that are mapped stay."""
    rows = rows_of(file)
    kept = np.flatnonzero(rows["step"] < step)
    if len(kept) == len(rows):
        return
    with replacing(file) as part:
        _write(part, rows.dtype["theta"].shape[0], (rows[k] for k in kept))
        del rows  # Windows does not replace a file that is mapped


def _row(size: int) -> np.dtype[np.void]:
    return np.dtype([("step", "<i8"), ("theta", "<f4", (size,))])


def _write(file: Path, size: int, rows: Iterable[np.void]) -> None:
    with file.open("wb") as stream:
        stream.write(_MARK + np.array(size, "<i8").tobytes())
        for row in rows:
            stream.write(row.tobytes())
