"""Logs are joined by the time of the prediction, on every engine alike."""

import math
import re
from datetime import UTC, datetime, timedelta

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from lossedu.monitoring.frames import FrameError, columns, opened
from lossedu.monitoring.labels.cells import cells
from lossedu.monitoring.labels.joining import faults, joined
from tests.monitoring.labels.late import AS_OF, logs

SCORE = {"score": nw.col("score")}
ENGINES = ("pandas", "polars", "lazy polars", "duckdb", "parquet", "csv", "many files")
NOON = datetime(2026, 3, 1, 12)
DAY = timedelta(days=1)


def small(**changed):
    """Three predictions; the first has a corrected label, the last none yet."""
    predictions = {
        "prediction_id": ["a", "b", "c"],
        "time": [NOON + timedelta(hours=row) for row in range(3)],
        "score": [0.5, -0.5, 1.5],
    }
    labels = {
        "prediction_id": ["a", "a", "b", "c"],
        "label": [0, 1, 0, 1],
        "arrived": [NOON + timedelta(hours=hour) for hour in (1, 5, 6, 60)],
    }
    return pd.DataFrame(predictions | changed), pd.DataFrame(labels)


def on(engine, frame, folder, name):
    """A frame as an engine has it."""
    match engine:
        case "pandas":
            return frame
        case "polars":
            return in_polars(frame)
        case "lazy polars":
            return in_polars(frame).lazy()
        case "duckdb":
            return duckdb.from_df(frame)
        case "parquet":
            return as_parquet(frame, folder / f"{name}.parquet")
        case "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
            return str(folder / f"{name}.csv")
        case "many files":
            half = len(frame) // 2
            for part, rows in enumerate([frame[:half], frame[half:]]):
                as_parquet(rows, folder / f"{name}-{part}.parquet")
            return folder / f"{name}-*.parquet"


def in_polars(frame):
    table = pl.DataFrame({name: frame[name].to_list() for name in frame})
    return table.with_columns(pl.col(pl.Datetime).cast(pl.Datetime("us")))


def as_parquet(frame, path):
    duckdb.from_df(frame).write_parquet(str(path))
    return path


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_cells(engine, tmp_path):
    predictions, labels = logs(a_day=60)
    expected = cells(predictions, labels, SCORE, as_of=AS_OF)

    sources = [
        on(engine, frame, tmp_path, name)
        for name, frame in (("predictions", predictions), ("labels", labels))
    ]
    ours = cells(*sources, SCORE, as_of=AS_OF)

    assert (ours.start, ours.as_of) == (expected.start, expected.as_of)
    np.testing.assert_array_equal(ours.predicted, expected.predicted)
    assert table(ours).keys() == table(expected).keys()
    for key, row in table(expected).items():
        np.testing.assert_allclose(table(ours)[key], row, rtol=1e-9, atol=1e-12)


def table(small):
    keys = zip(small.made.tolist(), small.lag.tolist(), small.label.tolist(), strict=True)
    amounts = (small.count, small.sums["score"], small.squares["score"])
    return dict(zip(keys, zip(*amounts, strict=True), strict=True))


def seen(frame, name):
    rows = columns(frame.select("prediction_id", name))
    return dict(zip(rows["prediction_id"].tolist(), rows[name].tolist(), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_label_that_has_arrived_counts(engine, tmp_path):
    predictions, labels = small()
    sources = [on(engine, predictions, tmp_path, "p"), on(engine, labels, tmp_path, "l")]

    early = seen(joined(*sources, as_of=(NOON + timedelta(hours=2)).replace(tzinfo=UTC)), "label")
    late = seen(joined(*sources, as_of=(NOON + timedelta(hours=9)).replace(tzinfo=UTC)), "label")

    assert early["a"] == 0
    assert np.isnan([early["b"], early["c"], late["c"]]).all()
    assert (late["a"], late["b"]) == (1, 0)


def test_a_moment_in_another_zone_is_the_same_moment():
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 3, 1, 18, 30, tzinfo=ZoneInfo("Europe/Berlin"))  # 17:30 UTC

    assert seen(joined(*small(), as_of=moment), "label")["a"] == 1
    assert np.isnan(seen(joined(*small(), as_of=moment), "label")["b"])


def test_a_prediction_that_was_logged_twice_is_there_once_as_it_was_first():
    predictions, labels = small()
    again = predictions.assign(score=9.0, time=predictions["time"] + timedelta(minutes=1))

    both = pd.concat([again, predictions], ignore_index=True)

    assert seen(joined(both, labels, as_of=AS_OF), "score") == {"a": 0.5, "b": -0.5, "c": 1.5}


def test_what_is_wrong_with_the_logs_is_counted():
    predictions, labels = small()
    predictions = pd.concat([predictions, predictions[:1]])
    early = {"prediction_id": ["b", "z"], "label": [1, 1], "arrived": [NOON, NOON]}

    found = faults(predictions, pd.concat([labels, pd.DataFrame(early)]))

    assert found.repeated_predictions == 1
    assert found.corrected_labels == 2
    assert found.labels_of_nothing == 1
    assert found.labels_before_predictions == 1


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (3, "predictions must be a path or a frame of pandas, Polars, DuckDB or PySpark, but is"),
        ("log.json", "predictions must be Parquet or CSV by its name, but is log.json"),
        ("nowhere.parquet", "predictions must be readable, but nowhere.parquet is not"),
        (pd.DataFrame({"id": [1]}), "predictions must have the columns prediction_id, time, but"),
    ],
)
def test_what_cannot_be_read_is_named(source, complaint):
    with pytest.raises(FrameError, match=re.escape(complaint)):
        opened("predictions", source, "prediction_id", "time")


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(FrameError, match=re.escape("as_of must have a time zone")):
        joined(*small(), as_of=NOON)


def test_no_predictions_before_the_moment_are_refused():
    with pytest.raises(FrameError, match="predictions must have rows before 2026-03-01"):
        cells(*small(), SCORE, as_of=NOON.replace(tzinfo=UTC))


def test_a_step_of_another_length_is_refused():
    with pytest.raises(FrameError, match="step must be a minute, an hour or a day"):
        cells(*small(), SCORE, as_of=AS_OF, step=timedelta(hours=2))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb", "parquet", "csv"])
def test_times_of_a_zone_are_the_moments_that_they_name(engine, zone, tmp_path):
    predictions, labels = small()
    expected = cells(predictions, labels, SCORE, as_of=NOON.replace(tzinfo=UTC) + DAY)
    zoned = [
        frame.assign(**{name: frame[name].dt.tz_localize("UTC").dt.tz_convert(zone)})
        for frame, name in ((predictions, "time"), (labels, "arrived"))
    ]
    if engine == "polars":
        native = [
            frame.with_columns(pl.col(name).dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
            for frame, name in (
                (in_polars(predictions), "time"),
                (in_polars(labels), "arrived"),
            )
        ]
    else:
        native = [
            on(engine, frame, tmp_path, name) for frame, name in zip(zoned, ("p", "l"), strict=True)
        ]

    seen = cells(*native, SCORE, as_of=NOON.replace(tzinfo=UTC) + DAY)

    assert (seen.start, seen.as_of) == (expected.start, expected.as_of)
    assert sorted(zip(seen.made, seen.lag, seen.label, strict=True)) == sorted(
        zip(expected.made, expected.lag, expected.label, strict=True)
    )


def test_times_that_are_texts_are_refused():
    predictions, labels = small()

    with pytest.raises(FrameError, match="time of predictions must hold times, but is String"):
        joined(predictions.astype({"time": str}), labels, as_of=AS_OF)


def test_ids_of_two_kinds_are_refused():
    predictions, labels = small(prediction_id=[1, 2, 3])

    with pytest.raises(FrameError, match="prediction_id must be numbers in both logs or in none"):
        joined(predictions, labels, as_of=AS_OF)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_no_label_at_all_is_no_fault(engine, tmp_path):
    predictions, labels = small()
    native = [on(engine, frame, tmp_path, "x") for frame in (predictions, labels[:0])]
    if engine == "polars":
        native[1] = in_polars(labels)[:0]

    seen = cells(*native, SCORE, as_of=AS_OF)

    assert (seen.predicted.sum(), len(seen.count)) == (3, 0)


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_label_without_a_value_is_no_label(engine, missing, tmp_path):
    predictions, labels = small()
    labels["label"] = [0, 1, missing, 1]
    native = [on(engine, frame, tmp_path, "x") for frame in (predictions, labels)]

    assert cells(*native, SCORE, as_of=AS_OF).count.sum() == 2


def test_a_text_that_is_null_is_none_on_duckdb():
    frame = duckdb.sql("select * from (values ('a'), (null)) as rows(label)")

    assert columns(opened("frame", frame))["label"].tolist() == ["a", None]


def test_ids_of_twenty_digits_stay_apart_in_csv(tmp_path):
    ids = [str(10**20 + row) for row in range(3)]
    predictions, labels = small(prediction_id=ids)
    labels = labels[1:].assign(prediction_id=ids)
    native = [
        on("csv", frame, tmp_path, name) for frame, name in ((predictions, "p"), (labels, "l"))
    ]

    assert sorted(columns(joined(*native, as_of=AS_OF))["prediction_id"]) == ids


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_value_that_is_not_finite_is_not_left_out_of_its_sum(engine, tmp_path):
    predictions, labels = small(score=[0.5, math.nan, 1.5])
    native = [on(engine, frame, tmp_path, "x") for frame in (predictions, labels)]

    seen = cells(*native, SCORE, as_of=AS_OF)

    sums = dict(zip(seen.made.tolist(), seen.sums["score"].tolist(), strict=True))
    assert sums == {0: 0.5, 1: pytest.approx(math.nan, nan_ok=True), 2: 1.5}
