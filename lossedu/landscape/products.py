r"""Products of curvature matrices with vectors, which never build the matrix.

.. math:: H = \nabla^2 L, \qquad G = \sum_b \tfrac{n_b}{n}\, J_b^\top H^{out}_b J_b

A product with H costs about one gradient and a half: the gradient is linearised once, and every
product is a backward pass through the graph that it left (Pearlmutter 1994).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.landscape.examples import Weighted
from lossedu.landscape.graphs import bytes_of_graph, room_for_graphs
from lossedu.landscape.objective import Objective
from lossedu.landscape.operators import Matrix, Operator
from lossedu.losses._checks import check_choice

Likelihood = Literal["categorical", "bernoulli", "gaussian"]
Product = Callable[[Tensor], Tensor]
Linearise = Callable[[Objective, Tensor, Weighted], "Linearised"]


@dataclass(frozen=True)
class Linearised:
    """A linear map through a graph.

    Attributes:
        product: The map; None where it is zero.
        roots: What holds the graph.
    """

    product: Product | None
    roots: tuple[Tensor, ...]


class Curvature:
    """A curvature matrix of an objective at a point, as an operator.

    The first batch's graph is kept from product to product, and more of them as long as they fit
    into ``memory``; the other batches are linearised anew in every product.

    Attributes:
        objective: Whose curvature it is.
        theta: Where, shape ``(size,)``.
        memory: How many bytes of graphs to keep beyond the first.
    """

    def __init__(
        self, objective: Objective, theta: Tensor | None, linearise: Linearise, memory: int | None
    ) -> None:
        """Nothing is computed before the first product."""
        self.objective = objective
        self.theta = (objective.point if theta is None else theta).detach()
        self.memory = room_for_graphs(objective.device) if memory is None else memory
        self._linearise = linearise
        self._kept: dict[int, Linearised] = {}
        self._room: float = self.memory

    @property
    def size(self) -> int:
        """The number of parameters that vary."""
        return self.objective.size

    @property
    def dtype(self) -> torch.dtype:
        """That of a point."""
        return self.theta.dtype

    @property
    def device(self) -> torch.device:
        """That of the objective."""
        return self.objective.device

    def __matmul__(self, vector: Tensor) -> Tensor:
        if vector.shape != (self.size,):
            raise ValueError(
                f"vector must have shape ({self.size},), one entry for each parameter, but has "
                f"shape {tuple(vector.shape)}."
            )
        total, count = torch.zeros_like(self.theta), 0
        for number, batch in enumerate(self.objective.batches()):
            map_ = self._kept.get(number) or self._linearised(number, batch)
            if map_.product is not None:
                total.add_(map_.product(vector), alpha=batch.count)
            count += batch.count
        return total / count

    def _linearised(self, number: int, batch: Weighted) -> Linearised:
        map_ = self._linearise(self.objective, self.theta, batch)
        if number == 0:  # every product holds one graph anyway
            self._kept[0] = map_
        elif self._room > 0:
            self._room -= bytes_of_graph(map_.roots)
            if self._room >= 0:
                self._kept[number] = map_
        return map_


def hessian(
    objective: Objective, theta: Tensor | None = None, *, memory: int | None = None
) -> Curvature:
    """The Hessian of the loss, by double backward.

    Args:
        objective: The loss.
        theta: Where, shape ``(size,)``; by default the model's own point.
        memory: How many bytes of graphs to keep between products, beyond the first batch's; by
            default a quarter of what is free on an accelerator, two gibibytes elsewhere.

    Returns:
        An operator: ``hessian(objective) @ vector``.

    Example:
        >>> x = torch.eye(2)
        >>> model = torch.nn.Linear(2, 1, bias=False)
        >>> objective = Objective(model, torch.nn.functional.mse_loss, (x, x[:, :1]))
        >>> hessian(objective) @ torch.tensor([1.0, 2.0])
        tensor([1., 2.])
    """
    return Curvature(objective, theta, _hessian_of, memory)


def gauss_newton(
    objective: Objective, theta: Tensor | None = None, *, memory: int | None = None
) -> Curvature:
    r"""The generalised Gauss-Newton matrix :math:`J^\top H^{out} J` (Schraudolph 2002).

    :math:`H^{out}` is the Hessian of the loss in the model's output, by autograd: any loss goes.
    It is positive semi-definite where the loss is convex in the output.

    Args:
        objective: The loss, of a model whose output is one tensor.
        theta: Where; by default the model's own point.
        memory: As for `hessian`.
    """
    return Curvature(objective, theta, _through_outputs(_loss_curvature), memory)


def fisher(
    objective: Objective,
    likelihood: Likelihood,
    theta: Tensor | None = None,
    *,
    memory: int | None = None,
) -> Curvature:
    r"""The Fisher information of the model's own predictive distribution, targets unseen.

    .. math:: F = \frac1n \sum_i \mathbb{E}_{y \sim p_\theta(\cdot|x_i)}
        [\nabla \log p_\theta(y|x_i)\, \nabla \log p_\theta(y|x_i)^\top]

    The expectation is exact, nothing is sampled.  An example's outputs are independent, and their
    information adds up.  It equals `gauss_newton` of cross-entropy (categorical), of binary
    cross-entropy summed over outputs (bernoulli), of half the squared error (gaussian).

    Args:
        objective: The model; its loss is not read.
        likelihood: "categorical" (logits over dimension 1), "bernoulli" (logits), "gaussian"
            (means, variance 1).
        theta: Where; by default the model's own point.
        memory: As for `hessian`.
    """
    check_choice("likelihood", likelihood, get_args(Likelihood))
    information = {
        "categorical": _categorical,
        "bernoulli": _bernoulli,
        "gaussian": _gaussian,
    }[likelihood]
    return Curvature(objective, theta, _through_outputs(information), memory)


def empirical_fisher(
    objective: Objective, theta: Tensor | None = None, *, memory: int | None = None
) -> Curvature:
    r"""The uncentred covariance of the examples' gradients, at the targets that the data has.

    .. math:: \frac1n \sum_i \nabla \ell_i \nabla \ell_i^\top

    It is not the Fisher information, from which it can be far (Kunstner et al. 2019).  An
    example's loss must depend on its own output alone, and that on its own input: batch norm in
    "batch" mode breaks this.

    Args:
        objective: The loss, of a model whose output is one tensor with examples first.
        theta: Where; by default the model's own point.
        memory: As for `hessian`.

    Raises:
        ValueError: If ``batch_norm`` is "batch".
    """
    if objective.batch_norm == "batch":
        raise ValueError(
            'batch_norm must be "frozen" for gradients of single examples, but is "batch".'
        )
    return Curvature(objective, theta, _through_outputs(_outer_products), memory)


def as_operator(target: Operator | Objective | Tensor) -> Operator:
    """An operator as it is, the Hessian of an objective at its own point, or a matrix."""
    if isinstance(target, Objective):
        return hessian(target)
    return Matrix(target) if isinstance(target, Tensor) else target


def _hessian_of(objective: Objective, theta: Tensor, batch: Weighted) -> Linearised:
    leaf = theta.clone().requires_grad_()
    loss = objective.differentiable(leaf, batch)
    (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True, materialize_grads=True)
    return Linearised(_backward_through(gradient, leaf), (gradient,))


def _backward_through(outputs: Tensor, inputs: Tensor) -> Product | None:
    """The transposed Jacobian of one tensor in another; None where they are not connected."""
    if not outputs.requires_grad:
        return None

    flat = outputs.reshape(-1)

    def product(vector: Tensor) -> Tensor:
        # Of a number: with a vector to start from, torch's checks would first import sympy.
        along = torch.dot(flat, vector.reshape(-1))
        (result,) = torch.autograd.grad(along, inputs, retain_graph=True, materialize_grads=True)
        return result

    return product


Middle = Callable[[Objective, Tensor, Weighted], Product | None]


def _through_outputs(middle: Middle) -> Linearise:
    """J' M J, where M acts on the outputs of one batch.

    J is applied by a second backward pass through the first one, which is linear in what it is
    given: this works wherever a Hessian does.
    """

    def linearise(objective: Objective, theta: Tensor, batch: Weighted) -> Linearised:
        leaf = theta.clone().requires_grad_()
        outputs = objective.outputs(leaf, batch)
        if not isinstance(outputs, Tensor):
            raise TypeError(
                f"model must return one tensor here, but returned {type(outputs).__name__}. Hint: "
                "wrap it in a module that returns its logits."
            )
        given = torch.zeros_like(outputs).requires_grad_()
        (pulled,) = torch.autograd.grad(
            outputs, leaf, given, create_graph=True, materialize_grads=True
        )
        pull, push = _backward_through(outputs, leaf), _backward_through(pulled, given)
        between = middle(objective, outputs.detach(), batch)
        if pull is None or push is None or between is None:
            return Linearised(None, ())
        return Linearised(lambda vector: pull(between(push(vector))), (outputs, pulled))

    return linearise


def _loss_gradient(objective: Objective, outputs: Tensor, batch: Weighted) -> tuple[Tensor, Tensor]:
    leaf = outputs.requires_grad_()
    loss = objective.loss_of(leaf, batch)
    (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True, materialize_grads=True)
    return gradient, leaf


def _loss_curvature(objective: Objective, outputs: Tensor, batch: Weighted) -> Product | None:
    return _backward_through(*_loss_gradient(objective, outputs, batch))


def _outer_products(objective: Objective, outputs: Tensor, batch: Weighted) -> Product:
    gradient, _ = _loss_gradient(objective, outputs, batch)
    # The loss is a mean: an example's own gradient is n_b times its part.
    scores = gradient.detach().flatten(1) * batch.count

    def product(change: Tensor) -> Tensor:
        along = (scores * change.flatten(1)).sum(1, keepdim=True)
        return (scores * along).view_as(change) / batch.count

    return product


def _categorical(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    p = outputs.softmax(1)
    return lambda change: p * (change - (p * change).sum(1, keepdim=True)) / batch.count


def _bernoulli(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    p = outputs.sigmoid()
    return lambda change: p * (1 - p) * change / batch.count


def _gaussian(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    return lambda change: change / batch.count
