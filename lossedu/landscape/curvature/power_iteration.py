"""The eigenvalue of largest absolute value by repeated multiplication: the form to teach."""

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count
from lossedu.landscape.curvature.operators import Counted, Operator, random_vector
from lossedu.landscape.curvature.products import as_operator
from lossedu.landscape.objective.objective import Objective


def power_iteration(
    target: Operator | Objective | Tensor, *, steps: int = 100, seed: int = 0
) -> tuple[float, Tensor]:
    """The dominant eigenvalue, by sign whatever it is: ``diag(1, 0.5, -2)`` gives -2.

    Where two of opposite sign share the largest absolute value, the vector turns between them.

    It forgets all but its last vector, and the error shrinks by the ratio of the two largest
    absolute values squared: `lossedu.landscape.top_eigenvalues` needs fewer products and bounds
    its error.

    Args:
        target: An operator, a symmetric matrix, or an objective: its Hessian at its own point.
        steps: How many products.
        seed: Of the start.

    Returns:
        The Rayleigh quotient of the last vector, and that vector.

    Example:
        >>> value, vector = power_iteration(torch.diag(torch.tensor([1.0, 0.5, -2.0])))
        >>> round(value, 4)
        -2.0
    """
    check_count("steps", steps)
    operator = Counted(as_operator(target))
    vector = random_vector(operator, torch.Generator().manual_seed(seed))
    vector = vector / vector.norm()
    value = 0.0
    for step in range(steps):
        product = operator @ vector
        value = float(torch.dot(vector, product))
        length = product.norm()
        if length == 0:
            break
        if step < steps - 1:
            vector = product / length
    return value, vector
