"""What watching costs: counting a batch where the model serves, and joining late labels at rest."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import torch
from prometheus_client import CollectorRegistry, Counter, Histogram

from benchmarks.measure import Measured, Row, Step, warm
from lossedu.monitoring.telemetry import buckets
from lossedu.monitoring.telemetry.loss_telemetry import LossTelemetry

BATCH = 1024
OBSERVE_MS, SHARE = 0.2, 0.03
LARGEST_S, LARGEST_MB = 60.0, 4096.0
_PREDICTIONS = """
SELECT i AS prediction_id,
  TIMESTAMP '2026-03-01' + to_microseconds(CAST(i * 2592000000000.0 / {n} AS BIGINT)) AS time,
  (random() * 8 - 3) * CASE WHEN i % 5 = 0 THEN 1 ELSE -1 END AS score
FROM range({n}) t(i)
"""
_LABELS = """
SELECT i AS prediction_id, CASE WHEN i % 5 = 0 THEN 1 ELSE 0 END AS label,
  TIMESTAMP '2026-03-01' + to_microseconds(CAST(i * 2592000000000.0 / {n}
    - ln(1 - random()) * CASE WHEN i % 5 = 0 THEN 518400000000.0 ELSE 86400000000.0 END AS BIGINT))
    AS arrived
FROM range({n}) t(i)
"""
_OURS = """
import narwhals as nw
from datetime import UTC, datetime, timedelta
from lossedu.monitoring.labels.cells import cells
from lossedu.monitoring.labels.estimates import means
from lossedu.monitoring.labels.lag import fit
import duckdb
duckdb.sql("SET memory_limit = '3GB'")
duckdb.sql(f"SET temp_directory = '{folder}'")
sign = 2.0 * nw.col("label") - 1.0
hinge = {"hinge": nw.max_horizontal(nw.lit(0.0), 1.0 - sign * nw.col("score"))}
small = cells(f"{folder}/predictions.parquet", f"{folder}/labels.parquet", hinge,
              as_of=datetime(2026, 3, 31, tzinfo=UTC))
mean = means(small, "hinge", fit(small), window=timedelta(days=1))[0].mean
"""
_PANDAS = """
import duckdb, numpy as np, pandas as pd
made = duckdb.read_parquet(f"{folder}/predictions.parquet").df()
come = duckdb.read_parquet(f"{folder}/labels.parquet").df()
come = come[come["arrived"] < "2026-03-31"].sort_values("arrived")
both = made.drop_duplicates("prediction_id").merge(
    come.drop_duplicates("prediction_id", keep="last"), on="prediction_id", how="left")
both["hinge"] = np.maximum(0, 1 - (2 * both["label"] - 1) * both["score"])
known = both.dropna(subset=["arrived"])
keys = [known["time"].dt.floor("h"), known["arrived"].dt.floor("h"), known["label"]]
table = known.groupby(keys)["hinge"].agg(["size", "sum"])
mean = known[known["time"] < "2026-03-02"]["hinge"].mean()
"""
_MEASURED = """
import json, resource, sys, time
folder = sys.argv[1]
start = time.perf_counter()
{program}
taken = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([taken, peak, float(mean)]))
"""


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured; nothing here needs an accelerator."""
    if device != "cpu":
        return
    yield from observing()
    for n in (20_000,) if quick else (1_000_000, 10_000_000, 100_000_000):
        yield late_labels(n)


def observing() -> Iterator[Row]:
    """A batch counted at once, beside one value after the other, and beside what serves it."""
    numbers = np.random.default_rng(0)
    scores, labels = numbers.normal(size=BATCH), numbers.integers(2, size=BATCH)
    telemetry = LossTelemetry(CollectorRegistry(), model="m", version="1")

    def ours() -> torch.Tensor:
        telemetry.observe(scores)
        telemetry.observe_labels(scores, labels)
        return torch.zeros(())

    mine, theirs = in_turn(ours, _by_value(scores, labels))
    limit = (f"< {OBSERVE_MS:g} ms", mine < OBSERVE_MS)
    what = "a batch of labelled predictions, counted"
    yield Row(what, str(BATCH), "prometheus_client", Measured(mine), Measured(theirs), limit=limit)
    model = torch.nn.Sequential(
        torch.nn.Linear(128, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256), torch.nn.ReLU(),
        torch.nn.Linear(256, 1),
    )  # fmt: skip
    features = torch.randn(BATCH, 128, generator=torch.Generator().manual_seed(0))

    def serve() -> torch.Tensor:
        with torch.inference_mode():
            return model(features)

    mine, step = in_turn(ours, serve)
    yield Row(what, str(BATCH), "two layers of 256", Measured(mine), Measured(step), target=SHARE)


def in_turn(ours: Step, theirs: Step) -> tuple[float, float]:
    """The median milliseconds of two programs that run in turn."""
    pairs = [(warm(ours, "cpu"), warm(theirs, "cpu")) for _ in range(15)]
    mine, other = map(statistics.median, zip(*pairs, strict=True))
    return mine, other


def _by_value(scores: np.ndarray, labels: np.ndarray) -> Step:
    """What the library's own metrics take for the same counts."""
    registry = CollectorRegistry()
    loss = Histogram("loss", "-", buckets=buckets.LOSS, registry=registry)
    margin = Histogram("margin", "-", buckets=buckets.MARGIN, registry=registry)
    p_true = Histogram("p_true", "-", buckets=buckets.SHARE, registry=registry)
    bad = Counter("bad", "-", ["sli"], registry=registry)

    def count() -> torch.Tensor:
        margins = np.where(labels == 1, scores, -scores)
        losses = np.logaddexp(0, -margins)
        for m, one, p in zip(margins, losses, np.exp(-losses), strict=True):
            margin.observe(m)
            loss.observe(one)
            p_true.observe(p)
            for name, is_bad in (("violation", m < 1), ("error", m <= 0), ("hard", p < 0.5)):
                if is_bad:
                    bad.labels(name).inc()
        return torch.zeros(())

    return count


def late_labels(n: int) -> Row:
    """A month of predictions and labels in Parquet, joined, summed by hour and corrected."""
    with tempfile.TemporaryDirectory() as folder:
        for name, query in (("predictions", _PREDICTIONS), ("labels", _LABELS)):
            path = Path(folder) / f"{name}.parquet"
            duckdb.sql("SELECT setseed(0.5)").fetchall()
            duckdb.sql(query.format(n=n)).write_parquet(str(path))
        ours_s, ours_mb, _ = _child(_OURS, folder)
        peer = None
        if n <= 10_000_000:  # beyond that it does not fit
            theirs_s, theirs_mb, _ = _child(_PANDAS, folder)
            peer = Measured(1e3 * theirs_s, theirs_mb)
    met = ours_s < LARGEST_S and ours_mb < LARGEST_MB
    return Row(
        "late labels joined, summed, weighted",
        f"{n:,} predictions".replace(",", " "),
        "pandas" if peer else "",
        Measured(1e3 * ours_s, ours_mb),
        peer,
        limit=(f"< {LARGEST_S:g} s, < {LARGEST_MB:g} MB", met),
    )


def _child(program: str, folder: str) -> list[float]:
    """Seconds, peak megabytes and the answer of a program in a process of its own."""
    text = _MEASURED.format(program=program)
    done = subprocess.run(
        [sys.executable, "-c", text, folder], capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout[done.stdout.rindex("[") :])  # a long query shows its progress
