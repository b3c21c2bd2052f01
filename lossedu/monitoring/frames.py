"""Frames of any library and of any size, behind one interface.

What is written once with narwhals runs unchanged on pandas, Polars, DuckDB and PySpark.  A path is
read by DuckDB, which needs no more memory than its results: Parquet and CSV, one file or many.
"""

from collections.abc import Sequence
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
_IDS = ("id", "prediction_id")


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


def in_utc(argument: str, frame: Frame, *names: str) -> Frame:
    """The frame with times in UTC and without a zone; times without one are taken to be in UTC.

    Args:
        argument: What the caller calls the frame.
        frame: Any.
        names: The columns with times.

    Raises:
        FrameError: If a column holds no times.
    """
    kinds = frame.collect_schema()
    for name in names:
        kind = kinds[name]
        if isinstance(kind, nw.Unknown) and frame.implementation.is_pandas():
            frame = _pandas_zoneless(frame, name)
            kind = frame.collect_schema()[name]
        if isinstance(kind, nw.Date):
            frame = frame.with_columns(nw.col(name).cast(nw.Datetime("us")))
        elif not isinstance(kind, nw.Datetime):
            raise FrameError(
                f"{name} of {argument} must hold times, but is {kind}. "
                "Hint: parse texts before, such as by pandas.to_datetime(..., utc=True)."
            )
        elif kind.time_zone is not None:
            frame = _zoneless(frame, name)
    return frame


def present(frame: Frame, name: str) -> Frame:
    """The rows that have a value in a column: neither null nor NaN."""
    rows = frame.filter(~nw.col(name).is_null())
    return rows.filter(~nw.col(name).is_nan()) if _floating(frame, name) else rows


def finite(value: nw.Expr) -> nw.Expr:
    """1.0 where a float is finite, 0.0 where it is null, NaN or infinite."""
    return nw.when(value.is_finite()).then(nw.lit(1.0)).otherwise(nw.lit(0.0))


def columns(frame: Frame) -> dict[str, np.ndarray[Any, Any]]:
    """All rows of a small frame, a column an array; NaN, NaT or None where there is no value.

    Times are ``datetime64[us]`` in UTC.
    """
    native, kinds = frame.to_native(), frame.collect_schema()
    if frame.implementation.is_duckdb():
        fetched = native.fetchnumpy()
        return {name: _filled(np.asanyarray(fetched[name])) for name in kinds}
    if frame.implementation.is_pyspark():
        rows = native.collect()
        return {name: _array([row[name] for row in rows], kinds[name]) for name in kinds}
    table = frame.collect()
    return {name: _array(table[name].to_list(), kinds[name]) for name in kinds}


def _read(argument: str, path: str | Path) -> Any:
    with explained("reading files", "monitor"):
        import duckdb
    text = str(path)
    kind = next((end for end in _READERS if text.endswith(end)), None)
    if kind is None:
        raise FrameError(f"{argument} must be Parquet or CSV by its name, but is {text}.")
    try:
        table = getattr(duckdb, _READERS[kind])(text)
        # Ids of twenty digits are no numbers: as floats, several of them would be one.
        kinds = dict(zip(table.columns, table.types, strict=True))
        inexact = [name for name in _IDS if kinds.get(name) in ("HUGEINT", "DOUBLE")]
        if inexact and kind != ".parquet":
            table = duckdb.read_csv(text, dtype=dict.fromkeys(inexact, "VARCHAR"))
        return table
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
    filled: np.ndarray[Any, Any] = np.array(values.data)
    # Not by np.ma.filled, to which None is the default: a question mark.
    filled[np.ma.getmaskarray(values)] = {"M": np.datetime64("NaT"), "O": None}.get(
        filled.dtype.kind, np.nan
    )
    return _utc(filled)


def _array(values: Sequence[Any], kind: nw.dtypes.DType) -> np.ndarray[Any, Any]:
    if isinstance(kind, nw.Datetime):
        zoneless = [v.replace(tzinfo=None) if v is not None else None for v in values]
        return np.array(zoneless, dtype="datetime64[us]")
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    if any(value is None for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return np.array(values)


def _zoneless(frame: Frame, name: str) -> Frame:
    """Times of a zone in UTC; DuckDB and Spark show theirs in the zone of the session."""
    native: Any = frame.to_native()
    if frame.implementation.is_duckdb():
        quoted = '"' + name.replace('"', '""') + '"'
        native = native.project(f"* replace (timezone('UTC', {quoted}) as {quoted})")
    elif frame.implementation.is_pyspark():
        since = f"cast(unix_micros(`{name}`) as decimal(20, 0)) / 1000000"
        made = f"timestamp_ntz'1970-01-01 00:00:00' + make_dt_interval(0, 0, 0, {since})"
        others = [f"`{other}`" for other in native.columns if other != name]
        native = native.selectExpr(*others, f"{made} as `{name}`")
    else:
        moment = nw.col(name).dt.convert_time_zone("UTC")
        return frame.with_columns(moment.dt.replace_time_zone(None))
    zoneless: Frame = nw.from_native(native)
    return zoneless


def _pandas_zoneless(frame: Frame, name: str) -> Frame:
    """The same for zones that narwhals does not read, such as those with an underscore."""
    native: Any = frame.to_native()
    if not str(native[name].dtype).startswith("datetime64[") or native[name].dt.tz is None:
        return frame
    moments = native[name].dt.tz_convert("UTC").dt.tz_localize(None)
    zoneless: Frame = nw.from_native(native.assign(**{name: moments})).lazy()
    return zoneless


def _floating(frame: Frame, name: str) -> bool:
    return frame.collect_schema()[name].is_float()


def _utc(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values.astype("datetime64[us]") if values.dtype.kind == "M" else values
