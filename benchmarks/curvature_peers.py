"""Other packages for curvature, each as its own documentation uses it."""

import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.curvature_nets import K, Net
from lossedu.training.random_states import scoped


def peer(package: str, distribution: str) -> tuple[ModuleType, str] | None:
    """A package with its name and version, or None, said in words, where it is not at hand."""
    try:
        return import_module(package), f"{distribution} {version(distribution)}"
    except (ImportError, PackageNotFoundError) as error:
        print(f"left out: {distribution} cannot be imported ({error})")
        return None


def curvlinops_hessian(module: ModuleType, net: Net) -> object:
    """The Hessian of curvlinops."""
    parameters = [p for p in net.model.parameters() if p.requires_grad]
    return module.HessianLinearOperator(
        net.model, nn.CrossEntropyLoss(), parameters, [net.data], check_deterministic=False
    )


def pyhessian_of(module: ModuleType, net: Net) -> object:
    """PyHessian's object for everything, its graph built."""
    net.model.zero_grad()  # it adds to what is there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that create_graph with backward leaks
        cuda = net.data[0].is_cuda
        return module.hessian(net.model, nn.CrossEntropyLoss(), data=net.data, cuda=cuda)


def eigenthings_hessian(module: ModuleType, net: Net) -> object:
    """The Hessian of hessian-eigenthings."""
    loss = module.supervised_loss(cross_entropy)
    return module.HessianOperator(net.model, [net.data], loss)


def eigsh(module: ModuleType, net: Net, tolerance: float) -> Tensor:
    """ARPACK on the products of curvlinops."""
    from scipy.sparse.linalg import eigsh as arpack

    with scoped(0):
        operator = curvlinops_hessian(module, net).to_scipy()  # type: ignore[attr-defined]
        found = arpack(operator, K, which="LA", tol=tolerance, return_eigenvectors=False)
    return torch.as_tensor(found.copy())


def eigenthings(module: ModuleType, net: Net, tolerance: float) -> Tensor:
    """Lanczos of hessian-eigenthings, which takes the number of steps that it is told.

    It has no rule to stop by, so its default of 2 k is doubled until its own flags say converged.
    """
    operator, steps = eigenthings_hessian(module, net), 2 * K
    while True:
        found = module.lanczos(operator, k=K, max_iter=steps, tol=tolerance, which="LA", seed=0)
        if bool(found.converged.all()):
            return torch.as_tensor(found.eigenvalues)
        steps *= 2


def deflated_power(module: ModuleType, net: Net, tolerance: float) -> Tensor:
    """PyHessian's power iterations, one after the other."""
    with scoped(0):
        found, _ = pyhessian_of(module, net).eigenvalues(  # type: ignore[attr-defined]
            maxIter=5000, tol=tolerance, top_n=K
        )
    net.model.zero_grad()
    return torch.tensor(found, dtype=torch.float64)


def symmetric_eig(matrix: Tensor, eigenvectors: bool) -> tuple[Tensor, Tensor]:
    """What ``torch.eig`` gave for a symmetric matrix: real and imaginary parts, and vectors."""
    values, vectors = torch.linalg.eigh(matrix)
    return torch.stack([values, torch.zeros_like(values)], 1), vectors
