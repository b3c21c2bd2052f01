"""The diagonal of a curvature matrix: the curvature along each parameter."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count
from lossedu.landscape.curvature.operators import Counted, Operator, random_signs
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.tables import Table


@dataclass(frozen=True, eq=False)
class DiagonalEstimate(Result):
    """A diagonal and how sure it is.

    Attributes:
        values: Shape ``(size,)``, float32 at least.
        standard_error: Of each entry; 0 where it is exact, NaN from a single probe.
        products: Products with vectors that it took.
    """

    values: Tensor
    standard_error: Tensor
    products: int

    def table(self) -> Table:
        """Its extremes and its sum, which is the trace."""
        worst = float(self.standard_error.max())
        rows: list[tuple[str, float | str]] = [
            ("entries", str(len(self.values))),
            ("lowest", float(self.values.min())),
            ("highest", float(self.values.max())),
            ("sum", float(self.values.double().sum())),
            ("largest standard error", worst),
            ("products", self.products),
        ]
        return Table(["diagonal", "value"], rows, label="the curvature along each parameter")


def exact_diagonal(target: Operator | Objective | Tensor) -> DiagonalEstimate:
    """Every entry by one product: for a few thousand parameters.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.

    Example:
        >>> exact_diagonal(torch.tensor([[1.0, 2.0], [2.0, 3.0]])).values
        tensor([1., 3.])
    """
    operator = Counted(as_operator(target))
    values = torch.empty(operator.size, dtype=operator.dtype, device=operator.device)
    unit = torch.zeros_like(values)
    for i in range(operator.size):
        unit[i] = 1
        values[i] = (operator @ unit)[i]
        unit[i] = 0
    return DiagonalEstimate(values, torch.zeros_like(values), operator.products)


def diagonal(
    target: Operator | Objective | Tensor, *, probes: int = 100, seed: int = 0
) -> DiagonalEstimate:
    r"""An unbiased estimate of the diagonal (Bekas, Kokiopoulou and Saad 2007).

    .. math:: \operatorname{diag} A = \mathbb{E}[z \odot A z], \qquad z_i = \pm 1

    The variance of an entry is the sum of squares of the others in its row, over ``probes``.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        probes: How many products.
        seed: Of the signs.
    """
    check_count("probes", probes)
    operator = Counted(as_operator(target))
    generator = torch.Generator().manual_seed(seed)
    # In half precision a mean of many stops to move.
    wide = torch.promote_types(operator.dtype, torch.float32)
    mean = torch.zeros(operator.size, dtype=wide, device=operator.device)
    squares = torch.zeros_like(mean)
    for count in range(1, probes + 1):
        z = random_signs(operator, generator)
        drawn = z * (operator @ z)
        change = drawn - mean
        mean = mean + change / count
        squares += change * (drawn - mean)
    error = (squares / (probes - 1) / probes).sqrt() if probes > 1 else squares * torch.nan
    return DiagonalEstimate(mean, error, operator.products)
