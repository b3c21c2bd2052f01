r"""The spectral density of a curvature matrix.

.. math:: \phi(t) = \frac1n \sum_i \mathcal{N}(t;\, \lambda_i, \sigma^2)
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_positive
from lossedu.landscape.curvature.lanczos import Array, Krylov
from lossedu.landscape.curvature.operators import Counted, Operator, random_vector
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.curvature.watched import BASIS_MEMORY, rows_in, watched
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table, as_text

_FEWEST_ROWS = 4
_MARGIN = 7.5  # widths of the kernel beside the outermost node: what is left outside is 3e-14


@dataclass(frozen=True, eq=False)
class SpectralDensity(Result):
    """A spectrum as a smoothed density with an error band.

    Attributes:
        grid: Where the density is given, ascending, shape ``(points,)``.
        density: The mean over the probes; its integral is 1.
        standard_error: Of the density at each point; NaN from a single probe.
        width: The standard deviation of the kernel.
        nodes: One array for each probe: where its quadrature sits.
        weights: One array for each probe: how much of the spectrum sits there, together 1.
        size: How many eigenvalues there are.
        products: Products with vectors that it took.
    """

    grid: Array
    density: Array
    standard_error: Array
    width: float
    nodes: tuple[Array, ...]
    weights: tuple[Array, ...]
    size: int
    products: int

    @cached_property
    def band(self) -> tuple[Array, Array]:
        """Two standard errors below and above, nowhere negative."""
        low = np.maximum(self.density - 2 * self.standard_error, 0.0)
        return low, self.density + 2 * self.standard_error

    def table(self) -> Table:
        """The range of the spectrum, and how much of it lies below, near and above 0."""
        low, high = min(n.min() for n in self.nodes), max(n.max() for n in self.nodes)
        near = self.width
        parts = {
            f"below −{as_text(near)}": (-np.inf, -near),
            f"within {as_text(near)} of 0": (-near, near),
            f"above {as_text(near)}": (near, np.inf),
        }
        rows: list[tuple[str | float, ...]] = [
            ("lowest node", float(low), ""),
            ("highest node", float(high), ""),
            *((f"share {name}", *self.share(*ends)) for name, ends in parts.items()),
            ("width of the kernel", self.width, ""),
            ("eigenvalues", str(self.size), ""),
            ("probes", len(self.nodes), ""),
            ("products", self.products, ""),
        ]
        return Table(["spectrum", "value", "standard error"], rows, label="a spectral density")

    def share(self, low: float, high: float) -> tuple[float, float]:
        """The part of all eigenvalues in ``[low, high]``, unsmoothed, with its standard error."""
        parts = [
            float(weights[(low <= nodes) & (nodes <= high)].sum())
            for nodes, weights in zip(self.nodes, self.weights, strict=True)
        ]
        return float(np.mean(parts)), _standard_error(np.array(parts)).item()


def spectral_density(
    target: Operator | Objective | Tensor,
    *,
    probes: int = 5,
    steps: int = 80,
    width: float | None = None,
    points: int = 1000,
    seed: int = 0,
    basis_memory: int = BASIS_MEMORY,
    progress: bool = False,
) -> SpectralDensity:
    """The density of eigenvalues, by stochastic Lanczos quadrature.

    Each probe is a Lanczos process from a random start: its Ritz values are the nodes of a Gauss
    quadrature of the spectrum, the squared first entries of their vectors are the weights (Golub
    and Welsch 1969; Ubaru et al. 2017).  Full reorthogonalisation keeps ghosts out: no eigenvalue
    gets a second node.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        probes: How many processes; two at least for a band.
        steps: Products of each; fewer where the space is exhausted.
        width: Of the Gaussian that each eigenvalue becomes; by default 1 % of the spectrum's
            range.
        points: How many points the grid has.  The density is right at each of them; steps longer
            than the width may pass over peaks.
        seed: Of the starts.
        basis_memory: How many bytes the vectors of a process may take, by default 1 GiB.  Where one
            a step would take more, the oldest are forgotten: eigenvalues may then come as several
            nodes, which share their weight (Greenbaum 1989), and the density stays right.
        progress: Whether to show a bar in a terminal.

    Raises:
        ValueError: If a product is not finite.

    Example:
        >>> density = spectral_density(torch.diag(torch.tensor([0.0, 0.0, 0.0, 1.0])))
        >>> round(density.share(-0.1, 0.1)[0] + density.share(0.9, 1.1)[0], 6)
        1.0
    """
    check_count("probes", probes)
    check_count("steps", steps)
    check_count("points", points)
    if width is not None:
        check_positive("width", width)
    check_count("basis_memory", basis_memory)
    generator = torch.Generator().manual_seed(seed)
    with watched(as_operator(target), probes * steps, shown=progress) as operator:
        room = max(rows_in(basis_memory, operator), _FEWEST_ROWS)
        pairs = [_quadrature(operator, steps, generator, room) for _ in range(probes)]
    nodes, weights = (tuple(column) for column in zip(*pairs, strict=True))
    low, high = min(n.min() for n in nodes), max(n.max() for n in nodes)
    if width is None:
        width = 0.01 * _extent(float(low), float(high))
    grid = np.linspace(low - _MARGIN * width, high + _MARGIN * width, points)
    curves = np.stack([_smoothed(grid, n, w, width) for n, w in pairs])
    mean = curves.mean(0)
    error = _standard_error(curves)
    return SpectralDensity(
        grid, mean, error, width, nodes, weights, operator.size, operator.products
    )


def _extent(low: float, high: float) -> float:
    """The range; a spectrum that is one point but for rounding needs a kernel too."""
    largest = max(abs(low), abs(high))
    return high - low if high - low > 1e-6 * largest else largest or 1.0


def _quadrature(
    operator: Counted, steps: int, generator: torch.Generator, room: int
) -> tuple[Array, Array]:
    krylov = Krylov(operator, random_vector(operator, generator), room=room)
    for _ in range(min(steps, operator.size)):
        if krylov.full:
            krylov.forget(max(1, room // 4))
        krylov.step()
        if krylov.closed:
            break
    ritz = krylov.ritz()
    return ritz.values, ritz.coordinates[0] ** 2


def _smoothed(grid: Array, nodes: Array, weights: Array, width: float) -> Array:
    distance = (grid[:, None] - nodes) / width
    kernel = np.exp(-0.5 * distance**2) / (width * np.sqrt(2 * np.pi))
    return np.asarray((kernel * weights).sum(1))


def _standard_error(rows: Array) -> Array:
    if len(rows) < 2:
        return np.full(rows.shape[1:], np.nan)
    return np.asarray(rows.std(0, ddof=1) / np.sqrt(len(rows)))
