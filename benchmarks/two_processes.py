"""One run that ``accelerate launch`` starts in one process or in two; it says how long a step took.

``python -m benchmarks.two_processes FOLDER QUICK`` leaves ``found.json`` there.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelerate import PartialState

from benchmarks.measure import Measured, Row

ROOT = Path(__file__).parents[1]
AGREE = 1e-5


def row(*, quick: bool) -> Row:
    """Two processes of one thread beside one: the same batches, so the same curve."""
    one, two = (_launched(processes, quick=quick) for processes in (1, 2))
    apart = max(
        abs(a - b) / max(abs(b), 1) for a, b in zip(two["losses"], one["losses"], strict=True)
    )
    limit = (f"curves agree to {AGREE:g} (found {apart:.1g})", apart <= AGREE)
    measured = [Measured(found["ms"], found["mb"]) for found in (two, one)]
    name = f"{two['name']}, batches of {two['batch']}"
    return Row("fit, a step, 2 processes (gloo)", name, "1 process", *measured, limit=limit)


def _launched(processes: int, *, quick: bool) -> dict[str, Any]:
    # What accelerate calls its launcher for several devices serves CPUs too, if told so.
    kind = "--multi_gpu" if processes > 1 else "--cpu"
    options = [f"--num_processes={processes}", kind, "--num_machines=1", "--mixed_precision=no"]
    options += ["--dynamo_backend=no", "--num_cpu_threads_per_process=1", "--main_process_port=0"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"}
    with TemporaryDirectory() as folder:
        launch = [sys.executable, "-m", "accelerate.commands.launch", *options]
        command = [*launch, "-m", "benchmarks.two_processes", folder, str(int(quick))]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, env=environment
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        found: dict[str, Any] = json.loads(
            (Path(folder) / "found.json").read_text(encoding="utf-8")
        )
    return found


def main(folder: Path, *, quick: bool) -> None:
    """Train in this process's part, and let the first process say what it saw."""
    import resource

    from benchmarks.training import OPTIMIZER, perceptron
    from lossedu.losses import cross_entropy
    from lossedu.training import fit
    from lossedu.training.random_states import scoped

    case = perceptron("cpu", 16, 128, (2, 6)) if quick else perceptron("cpu", 256, 2048, (2, 20))
    with scoped(0):
        model = case.make()
    history = fit(
        model,
        cross_entropy,
        case.data,
        optimizer=OPTIMIZER,
        steps=case.steps[1],
        batch_size=case.batch,
        progress=False,
    )
    if PartialState().is_main_process:
        rates = history.steps["examples_per_second"][case.steps[0] :]
        found = {
            "name": case.name,
            "batch": case.batch,
            "ms": 1e3 * statistics.median(case.batch / rate for rate in rates),
            "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "losses": list(history.steps["loss"]),
        }
        (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), quick=sys.argv[2] == "1")
