"""One run for any number of processes: `test_processes` starts it and reads what it leaves.

``python tests/training/two_processes.py FOLDER CHECKPOINTS [diverge | crash]`` is for ``accelerate
launch``.  ``... several [[PROCESSES, FOLDER, CHECKPOINTS, ...], ...]`` does one run after another,
each in forks of one process, so that torch is imported once.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from accelerate import PartialState
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lossedu.landscape import SAM
from lossedu.training import Checkpoints, fit
from lossedu.training.history import MEASURED

N = 29  # batches of 6: the last one has 5 examples, which two processes share as 3 and 2


class Drift:
    """One process goes astray."""

    def after_step(self, run):
        if run.step == 3 and PartialState().process_index == 1:
            with torch.no_grad():
                next(run.model.parameters()).add_(0.5)


class CrashError(Exception):
    """Stands for a power cut."""


class Crash:
    """All processes die at once, some steps after a checkpoint."""

    def after_step(self, run):
        if run.step == 11:
            raise CrashError


def weighted(outputs, targets):
    """Classes weigh differently, so examples are not what a mean counts."""
    weight = torch.tensor([1.0, 5.0])
    value = nn.functional.cross_entropy(outputs, targets, weight)
    return value, weight[targets].sum()


def hooked(model, batch):
    """The same of dictionaries."""
    outputs = model(batch["inputs"])
    return *weighted(outputs, batch["labels"]), outputs


class Sum:
    """A metric that reads one batch after another."""

    def __init__(self):
        self.total = 0.0

    def update(self, outputs, *rest):
        self.total += float(outputs.abs().sum())

    def compute(self):
        return self.total


def uphill(parameters):
    """An optimizer that takes two passes a step."""
    return SAM(torch.optim.SGD(parameters, lr=0.1, momentum=0.9), rho=0.1)


def main(folder: Path, checkpoints: str, callbacks: list) -> None:
    x = torch.randn(N, 3, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        layers = nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)
    # Rows by index, a shuffled loader, one example for two processes, two passes a step.
    kinds = {
        "tensors": ((x, y), nn.CrossEntropyLoss()),
        "loader": (DataLoader(TensorDataset(x, y), 7, shuffle=True), weighted),
        "stream": ([(x[:1], y[:1]), (x[1:6], y[1:6]), (x[6:], y[6:])], nn.CrossEntropyLoss()),
        "uphill": ((x, y), weighted),
        "hook": ([{"inputs": x[k::4], "labels": y[k::4]} for k in range(4)], None),
    }
    momentum = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
    found = {}
    for name, (train, loss) in kinds.items():
        model = nn.Sequential(*layers)
        start = {k: v.clone() for k, v in model.state_dict().items()}
        try:
            history = fit(
                model,
                loss,
                train,
                (x[:13], y[:13]) if loss else [{"inputs": x[:13], "labels": y[:13]}],
                forward=None if loss else hooked,
                optimizer=uphill if name == "uphill" else momentum,
                steps=18,
                batch_size=6,
                accumulate=2 if name in ("loader", "uphill") else 1,
                clip=1.0,
                metrics={"first": lambda z, y: z[0, 0], "sum": Sum()},
                checkpoints=Checkpoints(f"{checkpoints}/{name}", every_steps=7),
                callbacks=callbacks,
                progress=False,
                trackers=[folder / f"{name}.jsonl"],
            )
        except CrashError:
            model.load_state_dict(start)
            continue
        columns = {n: c for n, c in history.steps.items() if n not in MEASURED}
        found[name] = [columns, history.epochs, [p.tolist() for p in model.parameters()]]
        found[name].append(history.events)
        model.load_state_dict(start)
    if PartialState().is_main_process:
        (folder / "found.json").write_text(json.dumps(found))


def one_run(folder: str, checkpoints: str, what: str = "") -> None:
    chosen = {"diverge": [Drift()], "crash": [Crash()]}
    main(Path(folder), checkpoints, chosen.get(what, []))


def forked(processes: int, run: Callable[[], None]) -> None:
    """Run something in as many processes, which know of each other as a launcher's would."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    children = []
    for rank in range(processes):
        child = os.fork()
        if child == 0:
            if processes > 1:
                sizes = dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), str(processes))
                os.environ |= meet | sizes | dict.fromkeys(("RANK", "LOCAL_RANK"), str(rank))
            code = 1
            try:
                run()
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(codes):
        raise SystemExit(f"{processes} processes ended with {codes}")


if __name__ == "__main__":
    if sys.argv[1] == "several":
        import torch._dynamo
        import torch.distributed.tensor  # what a first run imports, once for all

        for count, *arguments in json.loads(sys.argv[2]):
            forked(count, partial(one_run, *arguments))
    else:
        one_run(*sys.argv[1:])
