"""Each loss beside what a user would write or import instead."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from pytorch_metric_learning import losses as metric_losses
from pytorch_metric_learning import miners
from pytorch_metric_learning.distances import LpDistance
from torch import Tensor
from torch.nn import functional

from benchmarks import everyday, peers
from benchmarks.measure import Measured, Row, alone, compare, copy_bandwidth, step
from lossedu import losses

Loss = Callable[..., Tensor]
ROUNDING = 1e-4  # float32, summed in another order
MARGIN = 0.2


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _events(n: int, device: str) -> tuple[Tensor, Tensor]:
    logits = torch.randn(n, generator=_generator()).to(device).requires_grad_()
    targets = (torch.rand(n, generator=_generator()) < 0.01).float().to(device)
    return logits, targets


def _classes(rows: int, classes: int, device: str) -> tuple[Tensor, Tensor]:
    logits = torch.randn(rows, classes, generator=_generator()).to(device).requires_grad_()
    return logits, torch.randint(classes, (rows,), generator=_generator()).to(device)


def classes(device: str, *, quick: bool) -> Iterator[Row]:
    """Losses of a row, where there are many classes or many rows."""
    n = 100 if quick else 10_000
    inputs = _classes(n, 100, device)
    ours, peer = losses.softmax_focal_loss, peers.power_focal
    pair = compare(step(ours, *inputs), step(peer, *inputs), device, same=ROUNDING)
    yield Row("softmax_focal_loss", f"{n:_} x 100", "power of a probability", *pair)
    shape = (64, 1024) if quick else (2048, 32_768)
    inputs = _classes(*shape, device)
    steps = (step(loss, *inputs) for loss in (losses.cross_entropy, functional.cross_entropy))
    pair = compare(*steps, device, same=ROUNDING)
    size = f"{shape[0]:_} x {shape[1]:_}"
    yield Row("cross_entropy", size, "torch", *pair, target=1.05, memory_target=1.0)


def focal(device: str, *, quick: bool) -> Iterator[Row]:
    """Binary focal loss, eager and compiled."""
    n = 100_000 if quick else 4_000_000
    inputs = _events(n, device)
    ours = partial(losses.sigmoid_focal_loss, alpha=0.25)
    peer = step(peers.torchvision_focal, *inputs)
    aims = {"target": 0.45, "memory_target": 0.6}
    name = "torchvision's formula"
    pair = compare(step(ours, *inputs), peer, device, same=ROUNDING)
    yield Row("sigmoid_focal_loss", f"{n:_}", name, *pair, **aims)
    if quick:
        return
    compiled = torch.compile(ours, fullgraph=True)
    pair = compare(step(compiled, *inputs), peer, device, same=ROUNDING)
    yield Row("sigmoid_focal_loss, compiled", f"{n:_}", f"{name}, eager", *pair, target=0.2)


def rooflines(device: str, *, quick: bool) -> Iterator[Row]:
    """Compiled losses beside a plain copy of the bytes that must move."""
    if quick:
        return
    bandwidth = copy_bandwidth(device)
    n, shape = 4_000_000, (2048, 32_768)
    for name, loss, inputs, passes in (
        ("sigmoid_focal_loss", losses.sigmoid_focal_loss, _events(n, device), 5),
        ("cross_entropy", losses.cross_entropy, _classes(*shape, device), 3),
    ):
        compiled = step(torch.compile(loss, fullgraph=True), *inputs)
        leaf = inputs[0]
        # Forward reads the inputs, backward reads them again and writes the gradient.
        moved = passes * leaf.numel() * leaf.element_size()
        floor = Measured(moved / bandwidth, 0.0)
        compiled()
        aim = 1 / 0.7 if device == "cuda" else None
        size = " x ".join(f"{side:_}" for side in leaf.shape)
        row = partial(Row, f"{name}, compiled", size, "a copy of the bytes that must move")
        yield row(alone(compiled, device), floor, target=aim)


def _list(n: int, device: str) -> tuple[Tensor, Tensor]:
    scores = torch.randn(n, generator=_generator()).to(device).requires_grad_()
    return scores, torch.randint(5, (n,), generator=_generator()).float().to(device)


def rankings(device: str, *, quick: bool) -> Iterator[Row]:
    """Losses of one long list."""
    n, huge = (300, 2000) if quick else (10_000, 1_000_000)
    size, inputs = f"one list of {n:_}", _list(n, device)
    near = partial(losses.pairwise_logistic_loss, tolerance=1e-7)
    whole = partial(peers.allrank_lambdarank, k=None)
    cut, whole_cut = (partial(f, k=10) for f in (losses.lambdarank_loss, peers.allrank_lambdarank))

    def row(name: str, ours: Loss, peer: Loss, by: str, same: float | None, aim: float) -> Row:
        pair = compare(step(ours, *inputs), step(peer, *inputs), device, same=same)
        most = {0.002: 20.0, 0.03: 50.0}.get(aim)
        limit = (f"< {most:g} MB", pair[0].mb < most) if most else None
        return Row(name, size, by, *pair, target=aim, limit=limit)

    hinge = losses.pairwise_hinge_loss
    yield row("pairwise_hinge_loss", hinge, peers.all_pairs_hinge, "all pairs", ROUNDING, 0.002)
    ranknet, by = peers.allrank_ranknet, "allRank's formula"
    yield row("pairwise_logistic_loss, near-linear", near, ranknet, by, ROUNDING, 0.001)
    exact = losses.pairwise_logistic_loss
    pair = compare(step(exact, *inputs), step(ranknet, *inputs), device, same=ROUNDING)
    yield Row("pairwise_logistic_loss, exact", size, by, *pair)
    yield row("lambdarank_loss, k = 10", cut, whole_cut, f"{by} (top 10 only)", None, 0.001)
    yield row("lambdarank_loss", losses.lambdarank_loss, whole, by, ROUNDING, 0.03)
    million = _list(huge, device)
    for name, loss in (("pairwise_logistic_loss, near-linear", near), (hinge.__name__, hinge)):
        found = alone(step(loss, *million), device)
        yield Row(name, f"one list of {huge:_}", "", found, None, limit=("< 3 s", found.ms < 3000))


def _batch(classes: int, each: int, device: str) -> tuple[Tensor, Tensor]:
    points = torch.randn(classes * each, 128, generator=_generator())
    points = functional.normalize(points, dim=-1).to(device).requires_grad_()
    return points, torch.arange(classes, device=device).repeat_interleave(each)


def triplets(device: str, *, quick: bool) -> Iterator[Row]:
    """Losses of all triplets of a batch, and of those that are mined."""
    distance = LpDistance(normalize_embeddings=False)
    margin_loss = metric_losses.TripletMarginLoss(margin=MARGIN, distance=distance)
    semihard = miners.TripletMarginMiner(MARGIN, type_of_triplets="semihard", distance=distance)
    hardest = miners.BatchHardMiner(distance=distance)
    large, small = ((8, 4), (8, 4)) if quick else ((32, 32), (256, 8))

    def mined(miner: Callable[..., object], points: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad():
            found = miner(points, labels)
        return margin_loss(points, labels, found)

    for kind, shape, peer, aims in (
        ("all", large, margin_loss, {"target": 0.1, "memory_target": 0.1}),
        ("semihard", small, partial(mined, semihard), {"target": 0.35}),
        ("batch_hard", small, partial(mined, hardest), {"target": 0.35}),
    ):
        inputs = _batch(*shape, device)
        ours = partial(losses.batch_triplet_loss, kind=kind, margin=MARGIN)
        pair = compare(step(ours, *inputs), step(peer, *inputs), device, same=1e-3)
        name = f'batch_triplet_loss(kind="{kind}")'
        size = f"{shape[0] * shape[1]:_} rows, {shape[1]} a class, d = 128"
        yield Row(name, size, "pytorch-metric-learning", *pair, **aims)


def _views(pairs: int, device: str) -> tuple[Tensor, Tensor]:
    first, second = torch.randn(2, pairs, 128, generator=_generator())
    return first.to(device).requires_grad_(), second.to(device)


def contrast(device: str, *, quick: bool) -> Iterator[Row]:
    """NT-Xent of many pairs."""
    few, many, most = (16, 64, 256) if quick else (256, 4096, 65_536)
    ours = partial(losses.nt_xent_loss, temperature=0.5)
    own = metric_losses.NTXentLoss(temperature=0.5)

    def packaged(first: Tensor, second: Tensor) -> Tensor:
        labels = torch.arange(len(first), device=first.device).repeat(2)
        return own(torch.cat([first, second]), labels)

    inputs = _views(few, device)
    pair = compare(step(ours, *inputs), step(packaged, *inputs), device, same=ROUNDING)
    yield Row("nt_xent_loss", f"{few:_} pairs, d = 128", "pytorch-metric-learning", *pair)
    for pairs in (1024, many) if not quick else ():
        # Each positive pair meets a copy of all negative pairs: one of its tensors is this large.
        needed = Measured(None, 2 * pairs * 2 * pairs * (2 * pairs - 2) * 4 / 2**20)
        found = alone(step(ours, *_views(pairs, device)), device)
        size = f"{pairs:_} pairs, d = 128"
        yield Row("nt_xent_loss", size, "pytorch-metric-learning", found, needed)
    inputs = _views(many, device)
    full = peers.full_matrix_nt_xent
    pair = compare(step(ours, *inputs), step(full, *inputs), device, same=ROUNDING)
    aims = {"target": 0.65, "memory_target": 0.05}
    yield Row("nt_xent_loss", f"{many:_} pairs, d = 128", "the full matrix", *pair, **aims)
    found = alone(step(ours, *_views(most, device)), device)
    limit = ("< 2 GB", found.mb < 2048)
    yield Row("nt_xent_loss", f"{most:_} pairs, d = 128", "", found, None, limit=limit)


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured."""
    for suite in (everyday.rows, focal, classes, rankings, triplets, contrast, rooflines):
        yield from suite(device, quick=quick)
