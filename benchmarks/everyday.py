"""Losses at the sizes of everyday batches, beside torch's own or the formula that people write."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks import peers
from benchmarks.measure import Measured, Row, compare, step
from lossedu import losses

Loss = Callable[..., Tensor]
Pair = tuple[Loss, Loss, str]
ROUNDING = 1e-4  # float32, summed in another order
SMALL, SPARE = 8192, 0.03  # entries, for which calls cost more than arithmetic; milliseconds
BINARY = functional.binary_cross_entropy_with_logits
EXACT, STABLE = (partial(losses.listmle_loss, ties=ties) for ties in ("exact", "stable"))
REGION = (-2, -1)

ENTRIES: tuple[Pair, ...] = (
    (losses.mse_loss, functional.mse_loss, "torch"),
    (losses.l1_loss, functional.l1_loss, "torch"),
    (losses.huber_loss, functional.huber_loss, "torch"),
    (losses.log_cosh_loss, peers.log_cosh, "its formula"),
)
EVENTS: Pair = (losses.binary_cross_entropy_with_logits, BINARY, "torch")
HINGE: Pair = (losses.hinge_loss, peers.hinge, "its formula")
HARD: Pair = (losses.cross_entropy, functional.cross_entropy, "torch")
KL: Pair = (losses.kl_divergence, peers.kl_divergence, "torch")


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _cases(*, quick: bool) -> Iterator[tuple[str, str, Pair, Tensor, Tensor]]:
    """What is asked, on how much, of whom, and the inputs."""
    for shape in ((32, 10), (1000,)) if quick else ((32, 10), (100_000,), (1_000_000,)):
        size, z, y = _size(*shape), _drawn(*shape), _drawn(*shape, seed=1)
        for pair in ENTRIES:
            yield pair[0].__name__, size, pair, z, y
        events = (y < -0.5).float()
        yield EVENTS[0].__name__, size, EVENTS, z, events
        yield f"{EVENTS[0].__name__}, shares", size, EVENTS, z, y.sigmoid()
        yield HINGE[0].__name__, size, HINGE, z, 2 * events - 1
    for shape in ((32, 10), (64, 100)) if quick else ((32, 10), (256, 1000), (10_000, 100)):
        size, z, shares = _size(*shape), _drawn(*shape), _drawn(*shape, seed=1).softmax(-1)
        numbers = shares.argmax(-1)
        sure = z.scatter(-1, numbers.unsqueeze(-1), math.log(shape[1]) + 4.5)
        yield "cross_entropy", size, HARD, z, numbers
        yield "cross_entropy, rows that are sure", size, HARD, sure, numbers
        yield "cross_entropy, shares", size, HARD, z, shares
        yield "kl_divergence", size, KL, z, shares
    side = 16 if quick else 256
    region, true = _drawn(8, side, side), (_drawn(8, side, side, seed=1) < 0).float()
    dice = partial(losses.dice_loss, dim=REGION), peers.dice, "its formula"
    yield "dice_loss", _size(8, side, side), dice, region, true
    lists, grades = _drawn(32, 200), (2 * _drawn(32, 200, seed=1).abs()).round()
    listnet = losses.listnet_loss, peers.listnet, "torch"
    yield "listnet_loss", "32 lists of 200", listnet, lists, grades


def _contrasts(*, quick: bool) -> Iterator[tuple[str, str, Pair, Tensor, Tensor]]:
    for pairs in (16, 64) if quick else (256, 1024, 4096):
        size, first, second = f"{pairs:_} pairs, d = 128", *_drawn(2, pairs, 128)
        for loss, peer in (
            (losses.info_nce_loss, peers.full_matrix_info_nce),
            (losses.nt_xent_loss, peers.full_matrix_nt_xent),
        ):
            yield loss.__name__, size, (loss, peer, "the full matrix"), first, second


def _size(*shape: int) -> str:
    return " x ".join(f"{side:_}" for side in shape)


@contextmanager
def _threads(many: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(many)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Each case with all threads, and on a processor with one as well."""
    every = torch.get_num_threads()
    numbers = sorted({1, every}, reverse=True) if device == "cpu" else [every]
    for many in numbers:
        with _threads(many):
            note = "" if many == every else ", one thread"
            for case in (*_cases(quick=quick), *_contrasts(quick=quick)):
                yield _row(case, note, device)
    inputs = (_drawn(32, 200), (2 * _drawn(32, 200, seed=1).abs()).round())
    leaf, grades = inputs[0].to(device).requires_grad_(), inputs[1].to(device)
    pair = compare(step(EXACT, leaf, grades), step(STABLE, leaf, grades), device, same=None)
    yield Row('listmle_loss(ties="exact")', "32 lists of 200", 'ties="stable"', *pair)


def _row(case: tuple[str, str, Pair, Tensor, Tensor], note: str, device: str) -> Row:
    name, size, (ours, peer, by), z, y = case
    leaf, targets = z.to(device).requires_grad_(), y.to(device)
    pair = compare(step(ours, leaf, targets), step(peer, leaf, targets), device, same=ROUNDING)
    row = partial(Row, name, size + note, by, *pair)
    if leaf.numel() > SMALL:
        return row(target=1.15)
    return row(limit=("≤ 1.5 time or 30 µs more", _near(*pair)))


def _near(ours: Measured, peer: Measured) -> bool:
    if ours.ms is None or peer.ms is None:
        return False
    return ours.ms <= max(1.5 * peer.ms, peer.ms + SPARE)
