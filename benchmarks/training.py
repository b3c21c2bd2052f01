"""The training loop beside a bare one written by hand, and beside Lightning's Trainer.

Each figure is milliseconds a step: a long run less a short one, by the difference of their steps,
so that what happens once (an accelerator is made, a first batch is slow) does not count.
"""

import io
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import two_processes
from benchmarks.measure import Measured, Row
from lossedu.losses import cross_entropy
from lossedu.training import fit

Train = Callable[[nn.Module, int], object]
OPTIMIZER = partial(torch.optim.AdamW, lr=1e-3)
PEAK_TFLOPS = {"NVIDIA H200": 989.0, "NVIDIA H100": 989.0, "NVIDIA A100": 312.0}
"""Dense bfloat16 on tensor cores, as the makers state it."""


@dataclass(frozen=True)
class Case:
    """A model and what it trains on.

    Attributes:
        name: What it is called.
        make: A fresh model.
        data: Inputs and classes, on the device.
        batch: Examples a step.
        steps: Of the short run and of the long one.
        flops: Floating-point operations of a step.
    """

    name: str
    make: Callable[[], nn.Module]
    data: tuple[Tensor, Tensor]
    batch: int
    steps: tuple[int, int]
    flops: float


def digits_cnn(device: str, steps: tuple[int, int]) -> Case:
    """Two convolutions on images of 8 by 8."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    images = torch.tensor(bundle.images, dtype=torch.float32, device=device)[:, None] / 16
    classes = torch.tensor(bundle.target, device=device)

    def make() -> nn.Module:
        first, second = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        convolutions = first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        head = nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10)
        return nn.Sequential(*convolutions, *head).to(device)

    flops = 6 * 64 * (64 * 16 * 9 + 64 * 32 * 16 * 9 + 512 * 64 + 640)
    return Case("digits CNN, 39 k parameters", make, (images, classes), 64, steps, flops)


def perceptron(device: str, batch: int, width: int, steps: tuple[int, int]) -> Case:
    """Linear layers: almost all time is in matrix products."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(8 * batch, width // 2, generator=generator).to(device)
    classes = torch.randint(10, (8 * batch,), generator=generator).to(device)
    widths = (width // 2, width, width, 3 * width // 4, width // 8, 10)

    def make() -> nn.Module:
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        return nn.Sequential(*layers[:-1]).to(device)

    size = sum(p.numel() for p in make().parameters())
    name = f"MLP, {size / 1e6:.0f} M parameters"
    return Case(name, make, (inputs, classes), batch, steps, 6.0 * size * batch)


def bare(case: Case, model: nn.Module, steps: int, *, bf16: bool = False) -> None:
    """The loop that everybody writes, without looking at anything."""
    optimizer = OPTIMIZER(model.parameters())
    inputs, classes = case.data
    model.train()
    done = 0
    while done < steps:
        order = torch.randperm(len(inputs), device=inputs.device)
        for chosen in order.split(case.batch)[: steps - done]:
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
                outputs = model(inputs[chosen])
            cross_entropy(outputs.float(), classes[chosen]).backward()
            optimizer.step()
            done += 1


def ours(
    case: Case,
    model: nn.Module,
    steps: int,
    *,
    precision: str = "fp32",
    optimizer: Callable[..., torch.optim.Optimizer] = OPTIMIZER,
) -> None:
    """`fit` with all of its telemetry."""
    fit(
        model,
        cross_entropy,
        case.data,
        optimizer=optimizer,
        steps=steps,
        batch_size=case.batch,
        precision=precision,  # type: ignore[arg-type]
        progress=False,
    )


def lightning(case: Case, model: nn.Module, steps: int) -> None:
    """Lightning's Trainer at its defaults: a bar, a log and a checkpoint among them."""
    import tempfile

    import lightning as pl

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            loss = cross_entropy(self.inner(batch[0]), batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return OPTIMIZER(self.parameters())

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    loader = DataLoader(TensorDataset(*case.data), case.batch, shuffle=True)
    aside = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        redirect_stdout(aside),
        redirect_stderr(aside),
    ):
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(max_steps=steps, default_root_dir=folder)
        trainer.fit(Module(), loader)


def ours_from_loader(case: Case, model: nn.Module, steps: int) -> None:
    """`fit` with the loader that Lightning gets."""
    loader = DataLoader(TensorDataset(*case.data), case.batch, shuffle=True)
    fit(model, cross_entropy, loader, optimizer=OPTIMIZER, steps=steps, progress=False)


def _seconds(train: Train, model: nn.Module, steps: int, device: str) -> float:
    start = time.perf_counter()
    train(model, steps)
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _a_step(train: Train, case: Case, device: str) -> float:
    """Milliseconds of one step."""
    model, (short, long) = case.make(), case.steps
    least = _seconds(train, model, short, device)
    return 1e3 * (_seconds(train, model, long, device) - least) / (long - short)


def _peak_mb(train: Train, case: Case, device: str) -> float:
    """The most memory that a few steps hold beyond model and data."""
    from benchmarks.measure import peak_mb

    model = case.make()

    def step() -> Tensor:
        train(model, 3)
        return case.data[0]

    return peak_mb(step, device)


def side_by_side(
    mine: Train, other: Train, case: Case, device: str, rounds: int
) -> tuple[Measured, Measured]:
    """Medians of both, measured in turn."""
    for train in (mine, other):
        train(case.make(), 2)
    times = [(_a_step(mine, case, device), _a_step(other, case, device)) for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    peaks = (_peak_mb(train, case, device) for train in (mine, other))
    first, second = (Measured(ms, mb) for ms, mb in zip(medians, peaks, strict=True))
    return first, second


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured."""
    rounds = 1 if quick else 9
    small = digits_cnn(device, (4, 12) if quick else (30, 290))
    large = perceptron(device, 16, 128, (2, 6)) if quick else perceptron(device, 256, 2048, (4, 20))
    same = partial(OPTIMIZER, fused=False)  # as the bare loop has it
    for case, aim in ((small, 1.10), (large, 1.03)):
        for what, optimizer, target in (
            ("fit, a step, same kernel", same, aim),
            ("fit, a step", OPTIMIZER, None),
        ):
            mine = partial(ours, case, optimizer=optimizer)
            pair = side_by_side(mine, partial(bare, case), case, device, rounds)
            yield Row(what, case.name, "a bare loop", *pair, target=target)
    peer = partial(lightning, small)
    pair = side_by_side(partial(ours_from_loader, small), peer, small, device, min(rounds, 5))
    aim = round(1 / 1.5, 2)
    yield Row("fit, a step, DataLoader", small.name, "Lightning's Trainer", *pair, target=aim)
    if device == "cuda":
        yield from _tensor_cores(quick=quick)
    else:
        yield two_processes.row(quick=quick)


def _tensor_cores(*, quick: bool) -> Iterator[Row]:
    """bfloat16 and compiled, and how much of what the device can do that is."""
    case = (
        perceptron("cuda", 64, 256, (2, 6)) if quick else perceptron("cuda", 8192, 8192, (20, 120))
    )
    compiled = Case(
        case.name, lambda: torch.compile(case.make()), case.data, case.batch, case.steps, case.flops
    )
    mine = partial(ours, compiled, precision="bf16")
    pair = side_by_side(mine, partial(bare, compiled, bf16=True), compiled, "cuda", 5)
    peak = next((v for k, v in PEAK_TFLOPS.items() if k in torch.cuda.get_device_name()), None)
    reached = case.flops / (pair[0].ms or 1) / 1e9
    use = f", {reached:.0f} TFLOP/s" + (f", MFU {reached / peak:.0%}" if peak else "")
    yield Row("fit, bf16, compiled", f"{case.name}{use}", "a bare loop", *pair, target=1.03)
