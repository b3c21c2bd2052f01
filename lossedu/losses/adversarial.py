"""Adversarial losses: a critic that tells real from generated, and a generator that it judges.

Chapter: ``beyond/generative``.  The trap: the minimax generator loss is flat exactly where the
generator is bad, at fakes that the critic recognises.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from torch import Tensor

from lossedu.arguments.checks import check_choice, check_floating, check_same_shape
from lossedu.arguments.reduction import Reduction, accumulation_dtype, reduced
from lossedu.losses._binary import surprise_of_one

Kind = Literal["minimax", "non_saturating", "hinge"]


class AdversarialLosses(NamedTuple):
    """The two losses of a game.

    Attributes:
        critic: ``critic(real_logits, fake_logits, reduction="mean")``: the mean over real plus the
            mean over generated examples.
        generator: ``generator(fake_logits, reduction="mean")``.
    """

    critic: Callable[..., Tensor]
    generator: Callable[..., Tensor]


def adversarial_losses(kind: Kind = "non_saturating") -> AdversarialLosses:
    r"""Make the losses of critic and generator.

    .. math:: \begin{aligned}
        \text{minimax:}\quad & L_D = -\log \sigma(z_r) - \log(1 - \sigma(z_f)), \quad
            L_G = \log(1 - \sigma(z_f)) \\
        \text{non-saturating:}\quad & L_D \text{ as above}, \quad L_G = -\log \sigma(z_f) \\
        \text{hinge:}\quad & L_D = \max(0, 1 - z_r) + \max(0, 1 + z_f), \quad L_G = -z_f
        \end{aligned}

    Args:
        kind: Which game.

    Returns:
        Two functions of logits of any shape: of the critic on real (z_r) and on generated (z_f)
        examples.  Half precision comes back as float32; every other dtype is kept.

    Gradient:
        In z_f, the generator's is :math:`-\sigma(z_f)` (minimax), :math:`-\sigma(-z_f)`
        (non-saturating) or -1 (hinge): at a fake that is recognised, :math:`z_f \ll 0`, only the
        first is 0.

    Numerics:
        softplus; finite for every finite logit.

    Raises:
        ValueError: If the kind is unknown.

    Example:
        >>> import torch
        >>> critic, generator = adversarial_losses("hinge")
        >>> critic(torch.tensor([2.0]), torch.tensor([0.5])).item()
        1.5

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014, arXiv 1406.2661; J. H. Lim,
        J. C. Ye, Geometric GAN, 2017, arXiv 1705.02894 (hinge).
    """
    check_choice("kind", kind, get_args(Kind))

    def critic(
        real_logits: Tensor, fake_logits: Tensor, *, reduction: Reduction = "mean"
    ) -> Tensor:
        """Charge the critic for real examples that it doubts and fakes that it believes."""
        real, fake = _wide("real_logits", real_logits), _wide("fake_logits", fake_logits)
        if reduction == "none":
            check_same_shape("fake_logits", fake, "real_logits", real)
        if kind == "hinge":
            doubted, believed = (1 - real).relu(), (1 + fake).relu()
        else:
            doubted, believed = surprise_of_one(real), surprise_of_one(-fake)
        return reduced(doubted, None, None, reduction) + reduced(believed, None, None, reduction)

    def generator(fake_logits: Tensor, *, reduction: Reduction = "mean") -> Tensor:
        """Charge the generator for fakes that the critic recognises."""
        fake = _wide("fake_logits", fake_logits)
        values = {
            "hinge": lambda: -fake,
            "minimax": lambda: -surprise_of_one(-fake),
            "non_saturating": lambda: surprise_of_one(fake),
        }[kind]()
        return reduced(values, None, None, reduction)

    return AdversarialLosses(critic, generator)


def _wide(name: str, logits: Tensor) -> Tensor:
    check_floating(name, logits)
    return logits.to(accumulation_dtype(logits))
