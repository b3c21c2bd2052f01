"""The support vector machine: hinge loss and a penalty, and the features of a Gaussian kernel.

Chapter: ``classification/margins``.  The trap: C multiplies the *loss*, so a larger C means less
regularisation, and with a sum over examples it means less with every example that is added.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from lossedu.arguments.checks import check_choice, check_count, check_floating, check_positive
from lossedu.arguments.reduction import accumulation_dtype, hide_masked, reduced
from lossedu.losses._margin import margins

Penalty = Literal["l1", "l2"]
Charge = Literal["hinge", "squared_hinge"]


class SVMObjective(nn.Module):
    r"""What a soft-margin support vector machine minimises.

    .. math:: J(w) = R(w) + C \sum_i \max(0, 1 - y_i s_i)^q,
        \qquad R = \tfrac12 \lVert w \rVert_2^2 \text{ or } \lVert w \rVert_1

    The slack :math:`\xi_i = \max(0, 1 - y_i s_i)` is what example i misses of its margin.  As C
    grows this becomes the hard-margin machine; with the mean instead of the sum, :math:`1 / (C n)`
    is the usual lambda.

    Args:
        C: Weight of the loss, above 0.
        penalty: ``"l2"``, or ``"l1"`` for sparse weights.
        charge: ``"hinge"`` (q = 1) or ``"squared_hinge"`` (q = 2).

    Raises:
        ValueError: If C is not above 0, or a choice is unknown.

    Example:
        >>> objective = SVMObjective(C=2.0)
        >>> scores, weights = torch.tensor([0.5, 3.0]), torch.tensor([1.0, 2.0])
        >>> objective(scores, torch.tensor([1, 1]), weights).item()
        3.5

    References:
        C. Cortes, V. Vapnik, Support-vector networks, Machine Learning 20, 1995.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803  the letter of every book and of scikit-learn
        penalty: Penalty = "l2",
        charge: Charge = "hinge",
    ) -> None:
        super().__init__()
        check_positive("C", C)
        check_choice("penalty", penalty, get_args(Penalty))
        check_choice("charge", charge, get_args(Charge))
        self.C, self.penalty, self.charge = C, penalty, charge

    def slack(self, scores: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """What each example misses of its margin, at least 0, the shape of the scores."""
        return hide_masked((1 - margins(scores, targets, mask)).relu(), mask)

    def forward(
        self,
        scores: Tensor,
        targets: Tensor,
        weights: Tensor,
        *,
        weight: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """The objective.

        Args:
            scores: Scores s of the examples, floating point.
            targets: -1 or +1, the same shape.
            weights: The weights w of the model that made the scores, without its bias.
            weight: How much each example counts, at least 0, the shape of the scores.
            mask: True where an example counts, the shape of the scores.

        Returns:
            A scalar.
        """
        check_floating("weights", weights)
        slack = self.slack(scores, targets, mask)
        charged = slack if self.charge == "hinge" else slack**2
        weights = weights.to(accumulation_dtype(weights))
        size = weights.abs().sum() if self.penalty == "l1" else (weights**2).sum() / 2
        return size + self.C * reduced(charged, weight, mask, "sum")

    def extra_repr(self) -> str:
        """The settings, as a call writes them."""
        return f"C={self.C}, penalty={self.penalty!r}, charge={self.charge!r}"


def random_fourier_features(
    inputs: Tensor, *, n_features: int = 256, gamma: float = 1.0, seed: int = 0
) -> Tensor:
    r"""Map inputs so that inner products approximate a Gaussian kernel.

    .. math:: \phi(x) = \sqrt{2 / D} \cos(W x + b), \qquad
        \mathbb{E}\, \phi(x)^\top \phi(x') = \exp(-\gamma \lVert x - x' \rVert^2)

    with the entries of W normal of variance :math:`2 \gamma`, b uniform on a circle.

    Args:
        inputs: Shape ``(..., d)``, floating point.
        n_features: D, at least 1; the error of a kernel value falls like :math:`1 / \sqrt D`.
        gamma: Inverse squared width of the kernel, above 0, as in scikit-learn.
        seed: The same seed gives the same W and b, so that training and test data agree.

    Returns:
        Features of shape ``(..., n_features)``, the dtype of the inputs.

    Raises:
        TypeError: If inputs are not floating point.
        ValueError: If an option is out of range.

    Example:
        >>> features = random_fourier_features(torch.zeros(3, 2), n_features=8)
        >>> features.shape
        torch.Size([3, 8])

    References:
        A. Rahimi, B. Recht, Random features for large-scale kernel machines, NeurIPS 2007.
    """
    check_floating("inputs", inputs)
    check_positive("gamma", gamma)
    if inputs.ndim == 0:
        raise ValueError("inputs must have a last axis of coordinates, but is a single number.")
    check_count("n_features", n_features)
    generator = torch.Generator().manual_seed(seed)
    frequencies = torch.randn(inputs.shape[-1], n_features, generator=generator)
    phases = 2 * math.pi * torch.rand(n_features, generator=generator)
    wide = inputs.to(accumulation_dtype(inputs))
    angles = wide @ (math.sqrt(2 * gamma) * frequencies).to(wide) + phases.to(wide)
    return (math.sqrt(2 / n_features) * torch.cos(angles)).to(inputs.dtype)
