"""Which examples a batch is drawn from: by weight, in balance over classes, from easy to hard.

The trap: a model trained on balanced draws predicts for a balanced population.  Recalibrate it, or
add the log of (true share / drawn share) of each class to its logits.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler, WeightedRandomSampler

from lossedu.arguments.checks import check_count, check_number, check_values
from lossedu.losses import class_balanced_weights

# torch.multinomial takes no more.
_MOST = 2**24


def weighted_sampler(
    weight: Tensor, *, draws: int | None = None, replacement: bool = True, seed: int = 0
) -> WeightedRandomSampler:
    """Draw examples in proportion to their weight.

    Args:
        weight: One weight an example, at least 0, shape ``(n,)``; at most 2^24 of them.
        draws: Examples an epoch; None draws as many as there are.
        replacement: Whether an example may come twice in an epoch.
        seed: What the draws depend on, and nothing else.  Each epoch goes on in the same stream.

    Returns:
        A sampler for the ``sampler`` of a `DataLoader`.

    Raises:
        ValueError: If weights are not one axis of numbers at least 0 and not all 0, there are too
            many, or more draws than examples that can be drawn without replacement.

    Example:
        >>> sampler = weighted_sampler(torch.tensor([0.0, 1.0, 0.0]), draws=4)
        >>> list(sampler)
        [1, 1, 1, 1]
    """
    if weight.ndim != 1 or not 0 < len(weight) <= _MOST:
        raise ValueError(
            f"weight must have one axis of 1 to 2 ** 24 entries, but has shape "
            f"{tuple(weight.shape)}."
        )
    weight = weight.detach().cpu().double()
    check_values("weight", weight, low=0.0, high=torch.finfo().max, rule="be at least 0 and finite")
    possible = int((weight > 0).sum())
    if not possible:
        raise ValueError("weight must be above 0 somewhere, but is 0 everywhere.")
    number = len(weight) if draws is None else draws
    check_count("draws", number)
    if not replacement and number > possible:
        raise ValueError(
            f"draws must be at most {possible}, the number of examples of a weight above 0, "
            f"without replacement, but is {number}."
        )
    generator = torch.Generator().manual_seed(seed)
    # Its annotation asks for a sequence of floats; it makes a tensor of whatever it gets.
    return WeightedRandomSampler(weight, number, replacement, generator)  # type: ignore[arg-type]


def class_balanced_sampler(
    labels: Tensor, *, beta: float = 1.0, draws: int | None = None, seed: int = 0
) -> WeightedRandomSampler:
    r"""Draw classes more evenly than they come, by their effective numbers of examples.

    .. math:: P(\text{class } c) \propto n_c \, \frac{1 - \beta}{1 - \beta^{n_c}}

    Args:
        labels: Class numbers, or 0 and 1, shape ``(n,)``.
        beta: How much a new example still adds to a class, in [0, 1].  At 1 all classes are drawn
            alike, at 0 as often as they come.
        draws: Examples an epoch; None draws as many as there are.
        seed: What the draws depend on, and nothing else.

    Returns:
        A sampler, with replacement, for the ``sampler`` of a `DataLoader`.

    Raises:
        ValueError: If labels are not one axis of class numbers, or beta leaves [0, 1].

    Example:
        >>> labels = torch.tensor([0] * 990 + [1] * 10)
        >>> drawn = labels[list(class_balanced_sampler(labels))]
        >>> 0.4 < drawn.float().mean().item() < 0.6
        True

    References:
        Y. Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019, arXiv
        1901.05555.
    """
    if labels.ndim != 1:
        raise ValueError(f"labels must have one axis, but has shape {tuple(labels.shape)}.")
    check_values("labels", labels, low=0, high=torch.inf, rule="be a class number of at least 0")
    classes = labels.detach().cpu().long()
    weights = class_balanced_weights(classes.bincount(), beta=beta)
    return weighted_sampler(weights[classes], draws=draws, seed=seed)


class CurriculumSampler(Sampler[int]):
    r"""Begin with the easy examples, and let the harder ones in epoch by epoch.

    In epoch t the easiest of all examples are drawn, each once, in random order:

    .. math:: n_t = \left\lceil n \, \min \left( 1,\; s + (1 - s) \, \tfrac{t}{T} \right)
        \right\rceil

    Args:
        difficulty: How hard each example is, shape ``(n,)``: its loss under an earlier model, its
            length, its disagreement among annotators.  Of equal ones the earlier come first.
        start: s, the share of the first epoch, in (0, 1].
        epochs: T, after how many epochs all examples are drawn, at least 0.
        seed: What the order depends on, and nothing else.

    Raises:
        ValueError: If difficulty has another number of axes or holds NaN, or an option is out of
            range.

    Example:
        >>> sampler = CurriculumSampler(torch.tensor([3.0, 1.0, 2.0, 4.0]), start=0.5, epochs=2)
        >>> sorted(sampler)
        [1, 2]
        >>> sampler.set_epoch(1)
        >>> sorted(sampler)
        [0, 1, 2]

    References:
        Y. Bengio, J. Louradour, R. Collobert, J. Weston, Curriculum learning, ICML 2009.
    """

    def __init__(
        self, difficulty: Tensor, *, start: float = 0.25, epochs: int = 5, seed: int = 0
    ) -> None:
        check_number("epochs", epochs, low=0)
        if not 0 < start <= 1:
            raise ValueError(f"start must lie in (0, 1], but is {start}.")
        if difficulty.ndim != 1 or difficulty.isnan().any():
            raise ValueError(
                f"difficulty must have one axis and no NaN, but has shape "
                f"{tuple(difficulty.shape)} and {int(difficulty.isnan().sum())} NaN."
            )
        self._easiest_first = difficulty.detach().cpu().argsort(stable=True)
        self._start, self._epochs, self._seed, self._epoch = start, epochs, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next, counted from 0; a training loop does."""
        self._epoch = epoch

    def __len__(self) -> int:
        """How many examples this epoch has."""
        done = min(1.0, self._epoch / self._epochs) if self._epochs else 1.0
        share = self._start + (1 - self._start) * done
        # 0.7 * 10 is a little above 7 in floating point; nobody means 8.
        return math.ceil(len(self._easiest_first) * share * (1 - 1e-12))

    def __iter__(self) -> Iterator[int]:
        """The examples of this epoch: the same ones in the same order whenever it is asked."""
        chosen = self._easiest_first[: len(self)]
        # Two odd multipliers keep (seed, epoch) apart from (epoch, seed).
        generator = torch.Generator().manual_seed(1_000_003 * self._seed + self._epoch)
        return iter(chosen[torch.randperm(len(chosen), generator=generator)].tolist())
