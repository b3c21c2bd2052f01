"""Extreme eigenvalues of a curvature matrix, with bounds on what is wrong with them."""

from typing import Any, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice, check_count, check_positive
from lossedu.landscape.curvature.eigenpairs import Eigenpairs
from lossedu.landscape.curvature.eigenvalue_search import SPARE, Search, Which
from lossedu.landscape.curvature.operators import Operator
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.curvature.watched import BASIS_MEMORY, rows_in, watched
from lossedu.landscape.objective.objective import Objective


def top_eigenvalues(
    target: Operator | Objective | Tensor,
    k: int = 5,
    *,
    tolerance: float = 1e-3,
    which: Which = "largest",
    max_products: int = 500,
    seed: int = 0,
    basis_device: torch.device | str | None = None,
    basis_memory: int = BASIS_MEMORY,
    progress: bool = False,
) -> Eigenpairs:
    """The first k eigenvalues from one end of a spectrum, by Lanczos.

    Full reorthogonalisation lets no eigenvalue come twice.  A bound says that there is an
    eigenvalue, not that none was passed over: so three pairs more than asked must nearly converge,
    and a second process, started at random and orthogonal to all that has converged, looks for
    more: copies of multiple eigenvalues above all, which one Krylov space cannot hold.  It stops
    where its start would have to hold less of them than one in a thousand random ones does, or
    after a hundred products.  What it finds is kept, and the search goes on.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        k: How many; fewer come back if there are fewer parameters.
        tolerance: The largest bound of a converged pair, relative to its value.  What rounding
            hides, about ten units in the last place of the largest, counts as converged: 1e-6 of
            the largest eigenvalue in float32, 8 % in bfloat16.
        which: "largest" and "smallest" by sign, "magnitude" by absolute value; of opposite values,
            alike up to rounding, the positive one comes first.
        max_products: Products after which the search ends, with what is there; some more measure
            the bounds where eigenvalues are multiple, one for each pair found.
        seed: Of the random starts.
        basis_device: Where the basis is kept, one vector for each product; on an accelerator that
            is short of memory, "cpu".
        basis_memory: How many bytes the basis may take, by default 1 GiB, but never less than twice
            the vectors that must converge and four more.  Where one vector a product would take
            more, the best of them stay and the process goes on (thick restart): the bounds are the
            same, at the price of more products.
        progress: Whether to show a bar in a terminal.

    Returns:
        The eigenvalues, descending ("smallest": ascending), with vectors and bounds.

    Raises:
        ValueError: If a product is not finite, or there are fewer products than pairs.

    Example:
        >>> pairs = top_eigenvalues(torch.diag(torch.tensor([3.0, 1.0, 3.0])), k=2)
        >>> pairs.values.round(4).tolist(), bool(pairs.converged.all())
        ([3.0, 3.0], True)
    """
    check_count("k", k)
    check_positive("tolerance", tolerance)
    check_choice("which", which, get_args(Which))
    check_count("max_products", max_products)
    check_count("basis_memory", basis_memory)
    operator = as_operator(target)
    if max_products < min(k, operator.size):
        raise ValueError(
            f"max_products must be at least {min(k, operator.size)}, one for each pair, but is "
            f"{max_products}."
        )
    room = max(rows_in(basis_memory, operator), 2 * (k + SPARE) + 4)
    with watched(operator, max_products, shown=progress) as counted:
        search = Search(counted, which, tolerance, max_products, seed, room, basis_device)
        return search.run(k)


def most_negative_eigenvalue(
    target: Operator | Objective | Tensor,
    *,
    tolerance: float = 1e-3,
    max_products: int = 500,
    progress: bool = False,
) -> Eigenpairs:
    """The lower end of the spectrum: negative where a minimum is none.

    Returns:
        One pair; see `top_eigenvalues`.
    """
    settings: dict[str, Any] = {"tolerance": tolerance, "max_products": max_products}
    return top_eigenvalues(target, 1, which="smallest", progress=progress, **settings)
