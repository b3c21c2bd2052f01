"""The trace of a curvature matrix: the sum of all its eigenvalues, from products with vectors."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_number
from lossedu.landscape.curvature.eigenpairs import Eigenpairs
from lossedu.landscape.curvature.lanczos import Krylov
from lossedu.landscape.curvature.operators import (
    Counted,
    Operator,
    quadratic_form,
    random_signs,
    random_vector,
)
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.curvature.watched import watched
from lossedu.landscape.objective.objective import Objective
from lossedu.landscape.results.result import Result
from lossedu.training.random_states import stream_seed

Method = Literal["krylov", "hutch++", "hutchinson"]
_FEWEST = 10  # probes: the standard error of fewer is a guess
_SPACE = 20  # products for what is taken out exactly
_SMALL = 60  # parameters, as many products: all is taken out


@dataclass(frozen=True)
class TraceEstimate(Result):
    """A trace and how sure it is.

    Attributes:
        value: The estimate, unbiased for a fixed number of probes.
        standard_error: Of the value; 0 where it is exact, NaN from a single probe.
        products: Products with vectors that it took.
        converged: Whether the standard error is within the tolerance, and comes from ten probes or
            more.
    """

    value: float
    standard_error: float
    products: int
    converged: bool


def trace(
    target: Operator | Objective | Tensor,
    *,
    tolerance: float = 0.01,
    method: Method = "krylov",
    known: Eigenpairs | None = None,
    max_products: int = 500,
    seed: int = 0,
    progress: bool = False,
) -> TraceEstimate:
    r"""The trace, exact in a small space Q and by random probes in the rest.

    .. math:: \operatorname{tr} A = \operatorname{tr} QAQ^\top
        + \mathbb{E}[z^\top A z], \qquad z \perp Q

    "krylov" takes for Q the basis of a Lanczos process: it holds the extreme eigenvectors, and the
    trace in it is that of the tridiagonal matrix, at no further cost.  "hutch++" (Meyer et al.
    2021) takes the image of a random matrix.  Where sixty products span the whole space, both are
    exact.  "hutchinson" (1990) has no Q: the form to teach.  The probes in the rest have
    independent directions and a fixed length (signs for "hutchinson").

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        tolerance: The standard error at which to stop, relative to the value; 0 never stops.
        method: "krylov", "hutch++" or "hutchinson".
        known: Eigenpairs that are known already, which make Q together with what the method adds.
        max_products: Products after which it ends, with what is there.
        seed: Of the random vectors.
        progress: Whether to show a bar in a terminal.

    Returns:
        The value with its standard error; ten probes or more unless products run out.

    Raises:
        ValueError: If a product is not finite, or vectors that are known have another size.

    Example:
        >>> round(trace(torch.diag(torch.arange(4.0))).value, 4)
        6.0
    """
    check_number("tolerance", tolerance, low=0.0)
    check_choice("method", method, get_args(Method))
    check_count("max_products", max_products)
    with watched(as_operator(target), max_products, shown=progress) as operator:
        return _estimated(operator, method, known, tolerance, max_products, seed)


def _estimated(
    operator: Counted,
    method: Method,
    known: Eigenpairs | None,
    tolerance: float,
    max_products: int,
    seed: int,
) -> TraceEstimate:
    # Not the stream of `top_eigenvalues`: its start lies in what it found, in `known`.
    generator = torch.Generator().manual_seed(stream_seed(seed, 1))
    space, value = _known_part(operator, known)
    left = operator.size - len(space)
    all_of_it = left * (2 if method == "hutch++" else 1)
    few = all_of_it <= min(_SMALL, max_products)
    room = all_of_it if few else min(_SPACE, max_products // 2)
    if method != "hutchinson":
        grow = _krylov if method == "krylov" else _image
        added, more = grow(operator, space, room, generator)
        # At most once in memory: a vector is as long as the model has parameters.
        space = torch.cat([space, added]) if len(space) else added
        value += more
    left = operator.size - len(space)
    if left == 0:
        return TraceEstimate(value, 0.0, operator.products, True)

    def probe() -> float:
        return _probe(operator, space, generator, signs=method == "hutchinson")

    rest = _sampled(operator, probe, value, tolerance, max_products)
    value, error = value + rest.mean, rest.standard_error
    sure = rest.count >= _FEWEST and error <= tolerance * abs(value)
    return TraceEstimate(value, error, operator.products, sure)


@dataclass
class Running:
    """Mean and spread of numbers as they come (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, number: float) -> None:
        """Take one more in."""
        self.count += 1
        change = number - self.mean
        self.mean += change / self.count
        self.squares += change * (number - self.mean)

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN before there are two."""
        if self.count < 2:
            return math.nan
        return math.sqrt(self.squares / (self.count - 1) / self.count)


def _sampled(
    operator: Counted, probe: Callable[[], float], exact: float, tolerance: float, most: int
) -> Running:
    """Probes until their mean is sure enough beside what is exact."""
    numbers = Running()
    while True:
        numbers.add(probe())
        aim = tolerance * abs(exact + numbers.mean)
        if numbers.count >= _FEWEST and numbers.standard_error <= aim:
            return numbers
        if operator.products >= most:
            return numbers


def _known_part(operator: Operator, known: Eigenpairs | None) -> tuple[Tensor, float]:
    if known is None:
        return torch.empty(0, operator.size, dtype=operator.dtype, device=operator.device), 0.0
    if known.vectors.shape[1] != operator.size:
        raise ValueError(
            f"known must have vectors of {operator.size} entries, one for each parameter, but has "
            f"vectors of {known.vectors.shape[1]}."
        )
    # A Ritz value is the quadratic form of its vector exactly, converged or not.
    return known.vectors.to(operator.device, operator.dtype), float(known.values.sum())


def _krylov(
    operator: Operator, away_from: Tensor, steps: int, generator: torch.Generator
) -> tuple[Tensor, float]:
    """A Krylov basis and the trace in it."""
    if len(away_from) >= operator.size:
        return away_from[:0], 0.0
    krylov = Krylov(operator, random_vector(operator, generator), away_from=away_from)
    for _ in range(min(steps, krylov.free)):
        krylov.step()
        if krylov.closed and krylov.free:
            krylov.restart(random_vector(operator, generator))
    return krylov.basis, sum(krylov.diagonal)


def _image(
    operator: Operator, away_from: Tensor, products: int, generator: torch.Generator
) -> tuple[Tensor, float]:
    """A basis of the image of random vectors, and the trace in it: two products each."""
    count = min(products // 2, operator.size - len(away_from))
    if count < 1:
        return away_from[:0], 0.0
    columns = [operator @ random_signs(operator, generator) for _ in range(count)]
    # Behind what is known: Householder's vectors are orthogonal to it even where the image has
    # fewer dimensions than columns.
    both = torch.cat([away_from.T, torch.stack(columns, 1)], 1)
    wide = torch.promote_types(both.dtype, torch.float32)
    basis = torch.linalg.qr(both.to(wide))[0][:, len(away_from) :].T.to(both.dtype).contiguous()
    return basis, sum(quadratic_form(operator, row) for row in basis)


def _probe(operator: Operator, space: Tensor, generator: torch.Generator, *, signs: bool) -> float:
    """The quadratic form of one random vector orthogonal to a space, its length the dimension."""
    z = (random_signs if signs else random_vector)(operator, generator)
    if len(space):
        for _ in range(2):
            z = z - space.T @ (space @ z)
    if not signs:
        # One length for all probes: the mean of the remaining eigenvalues adds no variance.
        z = z * (math.sqrt(operator.size - len(space)) / z.norm())
    return quadratic_form(operator, z)
