"""The landscape gate on a saved model: figures against limits, in process and as a command."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Measured, Row, peak_mb
from lossedu.landscape.reports.gate import (
    ALONE,
    BESIDE,
    HELD_OUT,
    GateResult,
    landscape_gate,
    read_limits,
)
from lossedu.training.saved_runs import read_run

AIM_MS = 3000.0
LIMITS = {name: {"most": 1e6} for name in (*ALONE, *HELD_OUT, *BESIDE)}
"""Every figure there is, so that every figure is measured."""


def _train(folder: Path, seed: int) -> Path:
    """A run of the digits recipe, as ``lossedu train`` writes it."""
    config = folder / f"{seed}.yaml"
    config.write_text(f"recipe: digits\nseed: {seed}\n", encoding="utf-8")
    run = folder / str(seed)
    command = [sys.executable, "-m", "lossedu", "train", str(config), "--out", str(run), "--quiet"]
    subprocess.run(command, check=True)
    return run


def _in_process(run: Path, reference: Path, limits: Path) -> GateResult:
    saved = read_run(run)
    earlier, task = read_run(reference).model, saved.task
    return landscape_gate(
        saved.model, task.loss, task.train, read_limits(limits), task.valid, reference=earlier
    )


def _as_command(run: Path, reference: Path, limits: Path) -> None:
    options = ["--limits", str(limits), "--reference", str(reference), "--json"]
    command = [sys.executable, "-m", "lossedu", "landscape", "gate", str(run), *options]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    if not json.loads(done.stdout)["passed"]:
        raise AssertionError(done.stdout)


def _import_torch() -> None:
    """What any command of torch takes at least: it says how fast the machine is just now."""
    subprocess.run([sys.executable, "-c", "import torch"], check=True)


def _median_ms(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def rows(*, quick: bool) -> Iterator[Row]:
    """The gate with every figure, against a reference: in process, then from an empty process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run, reference = _train(folder, 0), _train(folder, 1)
        limits = folder / "limits.json"
        limits.write_text(json.dumps(LIMITS), encoding="utf-8")
        result = _in_process(run, reference, limits)
        if not result.passed:
            raise AssertionError(result)
        top = next(c.measured for c in result.checks if c.name == "top_eigenvalue")
        size = f"digits MLP, 10 k parameters, top eigenvalue to {top.error / top.value:.0e}"
        rounds = 1 if quick else 5
        ms = _median_ms(lambda: _in_process(run, reference, limits), rounds)
        mb = peak_mb(lambda: _in_process(run, reference, limits), "cpu")
        limit = ("≤ 3 s", ms <= AIM_MS)
        yield Row("landscape gate, in process", size, "", Measured(ms, mb), None, limit=limit)
        ms = _median_ms(lambda: _as_command(run, reference, limits), rounds)
        least = Measured(_median_ms(_import_torch, rounds))
        limit = ("≤ 3 s", ms <= AIM_MS)
        yield Row(
            "landscape gate, as a command", size, "import torch", Measured(ms), least, limit=limit
        )
