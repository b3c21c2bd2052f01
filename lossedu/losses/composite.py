"""Several losses at once: sums with fixed weights, with learned ones, and penalties on weights.

Chapter: ``beyond/many-losses``.  The trap: losses in different units.  A weight of 1 for each means
that the one with the larger unit is trained, and the others ride along.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import check_choice, check_number
from lossedu.arguments.reduction import accumulation_dtype

Task = Literal["regression", "classification"]


def weighted_sum(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    r"""Add named losses with named weights.

    .. math:: \ell = \sum_k w_k \ell_k

    Args:
        losses: A scalar for each name.
        weights: A weight, at least 0, for the same names.  A loss of weight 0 is left out, so that
            a NaN in it does no harm.

    Returns:
        A scalar.

    Raises:
        ValueError: If names differ, there are none, or a weight is negative.

    Example:
        >>> losses = {"mask": torch.tensor(0.5), "box": torch.tensor(2.0)}
        >>> weighted_sum(losses, {"mask": 1.0, "box": 0.25}).item()
        1.0

    References:
        R. Caruana, Multitask learning, Machine Learning 28, 1997.
    """
    _check_names("weights", weights, losses)
    for name, weight in weights.items():
        check_number(f"weights[{name!r}]", weight, low=0.0)
    counted = [weights[name] * loss for name, loss in losses.items() if weights[name] != 0]
    return torch.stack(counted).sum() if counted else torch.zeros_like(next(iter(losses.values())))


def parameter_penalty(parameters: Iterable[Tensor], *, l1: float = 0.0, l2: float = 0.0) -> Tensor:
    r"""Charge weights for their size.

    .. math:: R = \lambda_1 \sum |w| + \tfrac12 \lambda_2 \sum w^2

    Args:
        parameters: The tensors to charge: a model's weights, usually without its biases.
        l1: lambda 1, at least 0: its gradient has one size, so it ends at exactly 0.
        l2: lambda 2, at least 0: with plain gradient descent this is weight decay, with Adam it is
            not.

    Returns:
        A scalar, 0 without parameters.

    Raises:
        ValueError: If a factor is negative.

    Example:
        >>> parameter_penalty([torch.tensor([3.0, -1.0])], l1=0.5, l2=1.0).item()
        7.0

    References:
        A. E. Hoerl, R. W. Kennard, Ridge regression, Technometrics 12, 1970; R. Tibshirani,
        Regression shrinkage and selection via the lasso, JRSS B 58, 1996.
    """
    check_number("l1", l1, low=0.0)
    check_number("l2", l2, low=0.0)
    wide = (w.to(accumulation_dtype(w)) for w in parameters)
    sizes = [l1 * w.abs().sum() + l2 / 2 * (w**2).sum() for w in wide]
    return torch.stack(sizes).sum() if sizes else torch.zeros(())


def _key(task: str) -> str:
    """A task's name in the state dict: torch refuses dots, and names of methods."""
    return "task " + task.replace(".", "/")


class UncertaintyWeighting(nn.Module):
    r"""Weigh losses by learned noise: a task that cannot be predicted well counts less.

    .. math:: \ell = \sum_k c_k e^{-s_k} \ell_k + \tfrac12 s_k,
        \qquad c_k = \tfrac12 \text{ (regression)},\ 1 \text{ (classification)}

    s is the logarithm of a noise variance, one a task, learned with the model.  For fixed losses it
    settles at :math:`e^{s_k} = 2 c_k \ell_k`.

    Args:
        tasks: For each name, ``"regression"`` (a squared error) or ``"classification"``
            (a cross-entropy).

    Raises:
        ValueError: If there is no task, or one is of an unknown kind.

    Example:
        >>> weighting = UncertaintyWeighting({"depth": "regression", "label": "classification"})
        >>> weighting({"depth": torch.tensor(4.0), "label": torch.tensor(1.0)}).item()
        3.0

    References:
        A. Kendall, Y. Gal, R. Cipolla, Multi-task learning using uncertainty to weigh losses, CVPR
        2018, arXiv 1705.07115, equations 7 and 10.
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        super().__init__()
        if not tasks:
            raise ValueError("tasks must name at least one task, but is empty.")
        for name, kind in tasks.items():
            check_choice(f"tasks[{name!r}]", kind, ("regression", "classification"))
        self.tasks = dict(tasks)
        self.log_variances = nn.ParameterDict(
            {_key(name): nn.Parameter(torch.zeros(())) for name in tasks}
        )

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of one scalar loss for each task.

        Raises:
            ValueError: If the names are not those of the tasks.
        """
        _check_names("losses", losses, self.tasks)
        total = torch.zeros((), device=next(iter(losses.values())).device)
        for name, kind in self.tasks.items():
            log_variance = self.log_variances[_key(name)]
            # exp(-s) of a small loss overflows in half precision.
            log_variance = log_variance.to(accumulation_dtype(log_variance))
            factor = 0.5 if kind == "regression" else 1.0
            total = total + factor * torch.exp(-log_variance) * losses[name] + log_variance / 2
        return total

    def extra_repr(self) -> str:
        """The tasks."""
        return ", ".join(f"{name}: {kind}" for name, kind in self.tasks.items())


def _check_names(what: str, given: Mapping[str, object], wanted: Mapping[str, object]) -> None:
    if set(given) != set(wanted) or not wanted:
        names, others = ", ".join(sorted(wanted)) or "at least one", ", ".join(sorted(given))
        raise ValueError(f"{what} must have the names {names}, but has {others or 'none'}.")
