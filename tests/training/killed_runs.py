"""Kill a run at random moments with SIGKILL, go on, and compare its end with an undisturbed one.

``python -m tests.training.killed_runs FOLDER KILLS SEED`` prints a line of JSON a kill.  Each run
is a fork, so that torch, and what a first run imports, is imported once.
"""

import json
import os
import random
import signal
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from lossedu.training import Checkpoints, WeightAverage, fit
from lossedu.training.history import MEASURED

STEPS = 24  # 8 an epoch
FIRST_RUN_IMPORTS = ("accelerate", "torch._dynamo", "torch.distributed.tensor")


class Noisy(Dataset):
    """Examples that are never twice the same: they draw from the surrounding random states."""

    def __len__(self):
        return 31

    def __getitem__(self, place):
        x = torch.randn(3, generator=torch.Generator().manual_seed(place))
        return x + 0.1 * torch.randn(3) + 0.1 * random.random(), int(x.sum() > 0)


class KillAtStep:
    def __init__(self, step):
        self.step = step

    def after_step(self, run):
        if run.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_at_write(number):
    """Die in the middle of the file operation with this number."""
    replace, left = Path.replace, [number]

    def replacing(self, target):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = replacing


def run(folder: Path, workers: int, callbacks: tuple = ()) -> str:
    """One run with everything that has a state; returns all that it leads to, as text."""
    with torch.random.fork_rng():
        torch.random.manual_seed(5)
        layers = nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2)
        model = nn.Sequential(*layers)
    average = WeightAverage(0.9)
    loader = DataLoader(
        Noisy(), 4, shuffle=True, num_workers=workers, generator=torch.Generator().manual_seed(1)
    )
    history = fit(
        model,
        nn.CrossEntropyLoss(),
        loader,
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        schedule=partial(torch.optim.lr_scheduler.OneCycleLR, max_lr=0.05, total_steps=STEPS + 1),
        epochs=3,
        clip=0.5,
        checkpoints=Checkpoints(folder, every_steps=1 if workers == 0 else 3),
        callbacks=[average, *callbacks],
        progress=False,
        trackers=[folder / "log.jsonl"],
    )
    same = {n: c for n, c in history.steps.items() if n not in MEASURED}
    tensors = [*model.state_dict().values(), *average.model.state_dict().values()]
    parameters = [tensor.double().tolist() for tensor in tensors]
    lines = (folder / "log.jsonl").read_text().count("\n")
    return json.dumps([same, history.epochs, history.events, parameters, lines])


def forked(task) -> int:
    """Run a task in a process of its own; returns how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            task()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, kills: int, seed: int) -> None:
    for module in FIRST_RUN_IMPORTS:
        import_module(module)
    draw = random.Random(seed)

    def to_end(place, workers):
        (place / "end").write_text(run(place, workers))

    wholes = {}
    for workers in (0, 2):
        whole = folder / f"undisturbed-{workers}"
        whole.mkdir()
        assert forked(partial(to_end, whole, workers)) == 0
        wholes[workers] = (whole / "end").read_text()
    for number in range(kills):
        place, workers = folder / str(number), 2 if number % 7 == 6 else 0
        place.mkdir()
        deaths, codes = [], []
        for _ in range(draw.randint(1, 3)):
            if draw.random() < 0.5:
                moment = draw.randint(1, STEPS)
                dying = partial(run, place, workers, (KillAtStep(moment),))
                deaths.append(f"step {moment}")
            else:
                moment = draw.randint(1, 40)
                deaths.append(f"write {moment}")

                def dying(moment=moment, place=place, workers=workers):
                    kill_at_write(moment)
                    run(place, workers)

            codes.append(forked(dying))
        codes.append(forked(partial(to_end, place, workers)))
        same = codes[-1] == 0 and (place / "end").read_text() == wholes[workers]
        report = {"deaths": deaths, "codes": codes, "same": same}
        sys.stdout.write(f"{json.dumps(report)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
