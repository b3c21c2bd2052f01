"""Curvature beside curvlinops, hessian-eigenthings and PyHessian, on nets that read digits.

Accuracy stands beside time.  Where a peer has a setting for it, it gets the cheapest one that is as
accurate as the row asks for; the exact spectrum comes from the dense Hessian in float64.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import pairwise
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.curvature_nets import Array, K, Net, nets
from benchmarks.curvature_peers import (
    curvlinops_hessian,
    deflated_power,
    eigenthings,
    eigsh,
    peer,
    pyhessian_of,
    symmetric_eig,
)
from benchmarks.measure import Row, alone, compare
from lossedu.landscape.curvature.density import spectral_density
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.products import hessian
from lossedu.landscape.curvature.trace import trace
from lossedu.training.random_states import scoped

ACCURACY = 1e-5
DECADES = (
    1e-1,
    1e-2,
    1e-3,
    1e-4,
    1e-5,
    1e-6,
)  # of tolerances, of which the first that does is taken
STEPS = 100  # of each Lanczos process behind a density


def ours_top(net: Net, tolerance: float) -> Tensor:
    """Ours, with the search for missed ones."""
    return torch.from_numpy(top_eigenvalues(net.objective(), K, tolerance=tolerance).values.copy())


def cheapest(run: Callable[[float], Tensor], net: Net, settings: tuple[float, ...]) -> float:
    """The first setting that is accurate enough, or the last."""
    for setting in settings:
        if net.error(run(setting).numpy()) <= ACCURACY:
            return setting
    return settings[-1]


def products(net: Net, device: str) -> Row:
    """One Hessian-vector product beside one gradient of the same objective."""
    objective = net.objective()
    operator, vector = hessian(objective), torch.ones_like(objective.point)
    pair = compare(
        lambda: (operator @ vector).sum(),
        lambda: objective.gradient(objective.point).sum(),
        device,
        same=None,
    )
    return Row("Hessian-vector product", net.name, "one gradient", *pair, target=2.0)


def top(net: Net, device: str) -> Iterator[Row]:
    """The first five eigenvalues, as accurate as ACCURACY or as the peer gets."""
    peers: tuple[tuple[str, str, Callable[..., Tensor], tuple[float, ...], float], ...] = (
        ("curvlinops", "curvlinops-for-pytorch", eigsh, DECADES, 2.5),
        ("hessian_eigenthings", "hessian-eigenthings", eigenthings, DECADES, 2.5),
        ("pyhessian", "pyhessian", deflated_power, (1e-6,), 6.0),
    )
    mine = partial(ours_top, net)
    tolerance = cheapest(mine, net, DECADES)
    own = net.error(mine(tolerance).numpy())
    for package, distribution, solve, settings, factor in peers:
        found = peer(package, distribution)
        if found is None:
            continue
        run = partial(solve, found[0], net)
        setting = cheapest(run, net, settings)
        theirs = net.error(run(setting).numpy())
        pair = compare(
            lambda: mine(tolerance).sum(), lambda r=run, s=setting: r(s).sum(), device, same=None
        )
        yield Row(
            f"top {K} eigenvalues, relative error {own:.0e} (theirs {theirs:.0e})",
            net.name,
            f"{found[1]}, tolerance {setting:g}",
            *pair,
            target=round(1 / factor, 3),
            limit=(f"error ≤ {ACCURACY:g}", own <= ACCURACY),
        )


def traces(net: Net, device: str) -> Iterator[Row]:
    """The trace to 1 %, and what Hutch++ of curvlinops and PyHessian take for as much."""
    exact, seeds = float(net.spectrum.sum()), range(10)

    def rms(values: list[float]) -> float:
        return float(np.sqrt(np.mean(np.square(np.array(values) / exact - 1))))

    estimates = [trace(net.objective(), tolerance=0.01, seed=seed) for seed in seeds]
    own = rms([e.value for e in estimates])
    most = int(np.median([e.products for e in estimates]))
    limit = (f"{most} products ≤ 60", most <= 60)

    def ours() -> Tensor:
        return torch.tensor(trace(net.objective(), tolerance=0.01).value)

    if found := peer("curvlinops", "curvlinops-for-pytorch"):
        module, name = found

        def theirs(count: int, seed: int = 0) -> Tensor:
            with scoped(seed):
                estimate: Tensor = module.hutchpp_trace(curvlinops_hessian(module, net), count)
            return estimate.detach()

        for count in range(15, 301, 15):
            reached = rms([float(theirs(count, seed)) for seed in seeds])
            if reached <= own:
                break
        pair = compare(ours, lambda: theirs(count), device, same=None)
        what = f"trace, RMS error {own:.1%} (theirs {reached:.1%})"
        peer_name = f"{name}, hutch++ of {count} products"
        yield Row(what, net.name, peer_name, *pair, target=round(1 / 3, 3), limit=limit)
    if found := peer("pyhessian", "pyhessian"):
        module, name = found

        def their_trace(seed: int = 0) -> Tensor:
            with scoped(seed):
                drawn = pyhessian_of(module, net).trace()  # type: ignore[attr-defined]
            net.model.zero_grad()
            return torch.tensor(np.mean(drawn))

        reached = rms([float(their_trace(seed)) for seed in seeds])
        pair = compare(ours, their_trace, device, same=None)
        what = f"trace, RMS error {own:.1%} (theirs {reached:.1%})"
        yield Row(what, net.name, f"{name}, tol 1e-3", *pair, limit=limit)


def ghosts(nodes: Array, spectrum: Array) -> int:
    """Nodes beside the first eigenvalue beyond the one that belongs there, or beyond it."""
    near = abs(nodes - spectrum[0]) <= 0.5 * (spectrum[0] - spectrum[1])
    beyond = nodes > spectrum[0] * 1.5 - 0.5 * spectrum[1]
    return int(near.sum()) - 1 + int(beyond.sum())


def densities(net: Net, device: str) -> Iterator[Row]:
    """The spectral density from one process of a hundred steps."""

    def ours() -> Tensor:
        density = spectral_density(net.objective(), probes=1, steps=STEPS)
        return torch.from_numpy(density.density)

    own = spectral_density(net.objective(), probes=1, steps=STEPS)
    more = ghosts(own.nodes[0], net.spectrum)
    limit = ("no ghosts", more == 0)
    if found := peer("pyhessian", "pyhessian"):
        module, name = found

        def theirs() -> list[Tensor]:
            # It calls torch.eig, which torch has dropped.
            with scoped(0), mock.patch("torch.eig", symmetric_eig):
                nodes, weights = pyhessian_of(module, net).density(  # type: ignore[attr-defined]
                    iter=STEPS, n_v=1
                )
            net.model.zero_grad()
            return [torch.tensor(nodes[0]), torch.tensor(weights[0])]

        seen = ghosts(theirs()[0].numpy(), net.spectrum)
        pair = compare(lambda: ours().sum(), lambda: theirs()[0].sum(), device, same=None)
        what = f"spectral density, {more} ghosts (theirs {seen})"
        yield Row(what, net.name, name, *pair, target=round(1 / 1.5, 3), limit=limit)
    if found := peer("curvlinops.papyan2020traces.spectrum", "curvlinops-for-pytorch"):
        module, name = found

        def process() -> Tensor:
            operator = curvlinops_hessian(import_module("curvlinops"), net)
            with scoped(0):
                _, density = module.lanczos_approximate_spectrum(operator, STEPS, num_points=1000)
            return torch.as_tensor(density)

        with scoped(0):
            operator = curvlinops_hessian(import_module("curvlinops"), net)
            nodes = np.asarray(torch.as_tensor(module.fast_lanczos(operator, STEPS)[0]))
        seen = ghosts(nodes, net.spectrum)
        pair = compare(lambda: ours().sum(), lambda: process().sum(), device, same=None)
        what = f"spectral density, {more} ghosts (theirs {seen})"
        yield Row(what, net.name, name, *pair, target=round(1 / 3.5, 3), limit=limit)


def large(*, quick: bool) -> Iterator[Row]:
    """Ten million parameters on an accelerator: time beside PyHessian, and memory."""
    width, rows = (256, 256) if quick else (1800, 4096)
    widths = 512, width, width, width, 10
    with scoped(0):
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.Tanh()]
        inputs = torch.randn(rows, 512).cuda()
        classes = torch.randint(10, (rows,)).cuda()
        model = nn.Sequential(*layers[:-1]).cuda()
    size = sum(p.numel() for p in model.parameters())
    net = Net(f"MLP, {size / 1e6:.0f} M parameters", model.eval(), (inputs, classes))

    def ours() -> Tensor:
        pairs = top_eigenvalues(net.objective(), K, tolerance=1e-2, basis_device="cpu")
        return torch.from_numpy(pairs.values.copy()).sum()

    graph = _graph_mb(net)
    most = 4 * size * 4 / 2**20 + graph
    mine = alone(ours, "cuda")
    limit = (f"≤ 4 x parameters + one graph = {most:.0f} MB", mine.mb <= most)
    if found := peer("pyhessian", "pyhessian"):
        run = partial(deflated_power, found[0], net, 1e-6)
        pair = compare(ours, lambda: run().sum(), "cuda", same=None)
        name = f"top {K} eigenvalues"
        yield Row(name, net.name, found[1], *pair, target=round(1 / 3, 3), limit=limit)
    else:
        yield Row(f"top {K} eigenvalues", net.name, "", mine, None, limit=limit)


def _graph_mb(net: Net) -> float:
    """What one graph of the gradient takes on the accelerator."""
    objective = net.objective()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    operator = hessian(objective)
    operator @ torch.ones_like(objective.point)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def rows(device: str, *, quick: bool) -> Iterator[Row]:
    """Every row, as soon as it is measured."""
    for net in nets(device, quick=quick):
        yield products(net, device)
        yield from top(net, device)
        yield from traces(net, device)
        yield from densities(net, device)
    if device == "cuda":
        yield from large(quick=quick)
