"""Symmetric linear maps that are known by their products with vectors alone."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lossedu.arguments.checks import check_floating

_ASYMMETRY = 1e-5  # relative to the largest entry


class Operator(Protocol):
    """A symmetric map of vectors with ``size`` entries, applied by ``@``."""

    @property
    def size(self) -> int:
        """How many entries a vector has."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of vectors and products."""
        ...

    @property
    def device(self) -> torch.device:
        """Where vectors and products live."""
        ...

    def __matmul__(self, vector: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Matrix:
    """A symmetric matrix that is at hand.

    Attributes:
        entries: Shape ``(size, size)``, floating-point.

    Raises:
        ValueError: If it is not square or not symmetric, up to rounding, or has no entries.
    """

    entries: Tensor

    def __post_init__(self) -> None:
        """Refuse what is no symmetric matrix."""
        check_floating("entries", self.entries)
        shape = tuple(self.entries.shape)
        if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
            raise ValueError(f"entries must be a square matrix, but have shape {shape}.")
        entries = self.entries.detach()
        differs = float((entries - entries.T).abs().max())
        # By the largest entry: so large is the rounding that a computed Hessian has everywhere.
        relative = max(_ASYMMETRY, 10 * torch.finfo(self.dtype).eps)
        if differs > relative * float(entries.abs().max()):
            raise ValueError(
                f"entries must be symmetric, but differ from their transpose by up to {differs:g}."
            )

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.entries)

    @property
    def dtype(self) -> torch.dtype:
        """That of the entries."""
        return self.entries.dtype

    @property
    def device(self) -> torch.device:
        """Where the entries are."""
        return self.entries.device

    def __matmul__(self, vector: Tensor) -> Tensor:
        return self.entries.detach() @ vector


@dataclass
class Counted:
    """Another operator, with its products counted and looked at.

    Attributes:
        operator: What multiplies.
        products: How often it did.

    Raises:
        ValueError: From a product that is not finite.
    """

    operator: Operator
    products: int = 0

    @property
    def size(self) -> int:
        """That of the operator."""
        return self.operator.size

    @property
    def dtype(self) -> torch.dtype:
        """That of the operator."""
        return self.operator.dtype

    @property
    def precision(self) -> torch.dtype:
        """What a product is computed in: the dtype, unless the operator states a coarser one."""
        precision: torch.dtype = getattr(self.operator, "precision", self.operator.dtype)
        return precision

    @property
    def device(self) -> torch.device:
        """That of the operator."""
        return self.operator.device

    def __matmul__(self, vector: Tensor) -> Tensor:
        self.products += 1
        product = self.operator @ vector
        # The sum is finite only if every entry is: one pass and one number to wait for.
        if not math.isfinite(product.sum()) and not torch.isfinite(product).all():
            raise ValueError(
                "target must have finite products with vectors, but one is not finite. Hint: look "
                "at the loss there; its curvature has no spectrum where it is infinite or NaN."
            )
        return product


def random_vector(operator: Operator, generator: torch.Generator) -> Tensor:
    """Independent standard normal entries, the same on every device."""
    drawn = torch.randn(operator.size, generator=generator, dtype=torch.float64, device="cpu")
    return drawn.to(operator.device, operator.dtype)


def random_signs(operator: Operator, generator: torch.Generator) -> Tensor:
    """Entries that are -1 or +1 with equal chances, the same on every device."""
    drawn = torch.randint(2, (operator.size,), generator=generator, device="cpu")
    return (2 * drawn - 1).to(operator.device, operator.dtype)


def quadratic_form(operator: Operator, vector: Tensor) -> float:
    """The product of a vector with its image, which in half precision would overflow."""
    wide = torch.promote_types(vector.dtype, torch.float32)
    return float(torch.dot(vector.to(wide), (operator @ vector).to(wide)))
