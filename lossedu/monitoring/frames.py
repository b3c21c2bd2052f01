"""Frames of any library and of any size, behind one interface.

What is written once with narwhals runs unchanged on pandas, Polars, DuckDB and PySpark.  A path is
read by DuckDB, which needs no more memory than its results: Parquet and CSV, one file or many.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossedu.extras import explained

with explained("lossedu.monitoring", "monitor"):
    import narwhals as nw

Frame = nw.LazyFrame[Any]
Source = Any
"""A path, or a frame of pandas, Polars, DuckDB, PySpark or PyArrow."""

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".csv.gz": "read_csv"}


class FrameError(ValueError):
    """Rows cannot be used; the text says which argument, and what to do."""


def opened(argument: str, source: Source, *columns: str) -> Frame:
    """A frame that reads nothing yet.

    Args:
        argument: What the caller calls it: ``"predictions"``.
        source: A path, with ``*`` for many files, or a frame.
        columns: Those that it must have.

    Raises:
        FrameError: If it is no frame, a file is missing or of an unknown kind, or a column is not
            there.
    """
    native = _read(argument, source) if isinstance(source, str | Path) else source
    try:
        frame = nw.from_native(native)
    except TypeError:
        raise FrameError(
            f"{argument} must be a path or a frame of pandas, Polars, DuckDB or PySpark, "
            f"but is {type(source).__name__}."
        ) from None
    lazy: Frame = frame.lazy() if isinstance(frame, nw.DataFrame) else frame
    there = lazy.collect_schema().names()
    missing = [column for column in columns if column not in there]
    if missing:
        raise FrameError(
            f"{argument} must have the columns {', '.join(columns)}, but lacks "
            f"{', '.join(missing)}. Hint: it has {', '.join(there)}."
        )
    return lazy


def columns(frame: Frame) -> dict[str, np.ndarray[Any, Any]]:
    """All rows of a small frame, a column an array; NaN, NaT or None where there is no value.

    Times are ``datetime64[us]`` in UTC.
    """
    native = frame.to_native()
    names = frame.collect_schema().names()
    if frame.implementation.is_duckdb():
        fetched = native.fetchnumpy()
        return {name: _filled(np.asanyarray(fetched[name])) for name in names}
    if frame.implementation.is_pyspark():
        rows = native.collect()
        return {name: _array([row[name] for row in rows]) for name in names}
    table = frame.collect()
    return {name: _array(table[name].to_list()) for name in names}


def rows(frame: Frame) -> Iterator[dict[str, Any]]:
    """The rows of a small frame, one after another."""
    table = columns(frame)
    for cells in zip(*table.values(), strict=True):
        yield dict(zip(table, cells, strict=True))


def _read(argument: str, path: str | Path) -> Any:
    with explained("reading files", "monitor"):
        import duckdb
    text = str(path)
    kind = next((end for end in _READERS if text.endswith(end)), None)
    if kind is None:
        raise FrameError(f"{argument} must be Parquet or CSV by its name, but is {text}.")
    try:
        return getattr(duckdb, _READERS[kind])(text)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise FrameError(f"{argument} must be readable, but {text} is not: {first}") from None


def _filled(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Masked entries as what stands for no value."""
    if not isinstance(values, np.ma.MaskedArray):
        return _utc(values)
    if not np.ma.is_masked(values):
        return _utc(values.data)
    kind = values.dtype.kind
    if kind in "iub":
        values = values.astype(float)
    if kind in "OU":
        values = values.astype(object)
    none = {"M": np.datetime64("NaT"), "O": None, "U": None}.get(kind, np.nan)
    filled: np.ndarray[Any, Any] = np.ma.filled(values, none)
    return _utc(filled)


def _array(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if any(hasattr(value, "utcoffset") for value in values):
        zoneless = [v.replace(tzinfo=None) if v is not None else None for v in values]
        return np.array(zoneless, dtype="datetime64[us]")
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    if any(value is None for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return np.array(values)


def _utc(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values.astype("datetime64[us]") if values.dtype.kind == "M" else values
