r"""Products of curvature matrices with vectors, which never build the matrix.

.. math:: H = \nabla^2 L, \qquad G = \sum_b \tfrac{n_b}{n}\, J_b^\top H^{out}_b J_b

A product with H costs about one gradient and a half: the gradient is linearised once, and every
product is a backward pass through the graph that it left (Pearlmutter 1994).
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice
from lossedu.landscape.curvature.matrix import Curvature, Linearise, Linearised, Product
from lossedu.landscape.curvature.operators import Matrix, Operator
from lossedu.landscape.objective.examples import Weighted
from lossedu.landscape.objective.objective import Objective

Likelihood = Literal["categorical", "bernoulli", "gaussian"]


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
        ValueError: If the model has batch norm and ``batch_norm`` is "batch", or, from a product,
            if outputs and examples differ in number.
    """
    if objective.batch_norm == "batch" and objective.has_batch_norm:
        raise ValueError(
            'batch_norm must be "frozen" for gradients of single examples, but is "batch".'
        )
    return Curvature(objective, theta, _through_outputs(_outer_products), memory)


def as_operator(target: Operator | Objective | Tensor) -> Operator:
    """An operator as it is, the Hessian of an objective at its own point, or a matrix."""
    if isinstance(target, Objective):
        return hessian(target)
    if isinstance(target, Tensor):
        return Matrix(target)
    if not isinstance(getattr(target, "dtype", None), torch.dtype):
        raise TypeError(
            "target must be an objective, a symmetric tensor or an operator, but is "
            f"{type(target).__name__}. Hint: Objective(model, loss, data), or torch.from_numpy."
        )
    return target


def _hessian_of(objective: Objective, theta: Tensor, batch: Weighted) -> Linearised:
    leaf = theta.detach().requires_grad_()
    loss = _with_graph("loss", objective.differentiable(leaf, batch))
    (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True, materialize_grads=True)
    return Linearised(_backward_through(gradient, leaf), (gradient,))


def _with_graph(what: str, tensor: Tensor) -> Tensor:
    if not tensor.requires_grad:
        raise ValueError(
            f"{what} must depend on the parameters by a graph where curvature is asked for, but "
            "has none. Hint: argmax, detach() and no_grad() cut it off."
        )
    return tensor


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
        leaf = theta.detach().requires_grad_()
        outputs = objective.outputs(leaf, batch)
        if not isinstance(outputs, Tensor):
            raise TypeError(
                f"model must return one tensor here, but returned {type(outputs).__name__}. Hint: "
                "wrap it in a module that returns its logits."
            )
        given = torch.zeros_like(_with_graph("output", outputs)).requires_grad_()
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
    loss = _with_graph("loss", objective.loss_of(leaf, batch))
    (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True, materialize_grads=True)
    return gradient, leaf


def _loss_curvature(objective: Objective, outputs: Tensor, batch: Weighted) -> Product | None:
    return _backward_through(*_loss_gradient(objective, outputs, batch))


def _outer_products(objective: Objective, outputs: Tensor, batch: Weighted) -> Product:
    if outputs.ndim == 0 or len(outputs) != batch.count:
        raise ValueError(
            f"output must have one row for each of the {batch.count} examples of a batch, but has "
            f"shape {tuple(outputs.shape)}."
        )
    gradient, _ = _loss_gradient(objective, outputs, batch)
    # The loss is a mean: an example's own gradient is n_b times its part.
    scores = gradient.detach().reshape(batch.count, -1) * batch.count

    def product(change: Tensor) -> Tensor:
        along = (scores * change.reshape(batch.count, -1)).sum(1, keepdim=True)
        return (scores * along).view_as(change) / batch.count

    return product


def _categorical(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    if outputs.ndim < 2:
        raise ValueError(
            "output must have logits over dimension 1 for a categorical likelihood, but has shape "
            f'{tuple(outputs.shape)}. Hint: "bernoulli" is for one logit an example.'
        )
    p = outputs.softmax(1)
    return lambda change: p * (change - (p * change).sum(1, keepdim=True)) / batch.count


def _bernoulli(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    p = outputs.sigmoid()
    return lambda change: p * (1 - p) * change / batch.count


def _gaussian(_: Objective, outputs: Tensor, batch: Weighted) -> Product:
    return lambda change: change / batch.count
