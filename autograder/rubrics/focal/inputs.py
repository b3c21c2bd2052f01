"""Inputs that the focal assignment is asked about: public ones, and how secret ones are drawn."""

from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.checks.examples import Arguments

# Along this axis the feedback draws the student's curve beside the right one.
AXIS = torch.linspace(-6, 6, 61)

# Public inputs: both targets, both signs, easy and hard, no symmetry that hides a mistake.
Z = torch.tensor([-2.0, 0.0, 0.5, 3.0, -1.0, 1.5])
Y = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
ROWS = torch.tensor([[1.0, 0.0, -2.0], [0.5, 0.5, 2.0], [-1.0, 3.0, 0.0], [2.0, -0.5, 1.0]])
NUMBERS = torch.tensor([0, 1, 2, 2])
FAR = torch.tensor([1e4, -1e4, 1e4, -1e4, 40.0, -40.0, 0.0, 200.0])
FAR_Y = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0])
FAR_ROWS = torch.tensor([[1e4, 0.0, -1e4], [1e4, 0.0, -1e4], [1e4, 0.0, -1e4], [0.0, 60.0, 1.0]])
FAR_NUMBERS = torch.tensor([0, 1, 2, 1])


def _moderate(generator: torch.Generator, *shape: int) -> tuple[Tensor, Tensor]:
    logits = 8 * torch.rand(shape, generator=generator, dtype=torch.float64) - 4
    targets = (torch.rand(shape, generator=generator) < 0.5).double()
    return logits, targets


def _gamma(generator: torch.Generator) -> float:
    return round(float(0.5 + 4 * torch.rand((), generator=generator)), 2)


def _share(generator: torch.Generator) -> float:
    """An alpha away from one half, where swapping it would not show."""
    return round(float(0.05 + 0.35 * torch.rand((), generator=generator)), 2)


def drawn_binary(generator: torch.Generator) -> Sequence[Arguments]:
    """Moderate logits with targets."""
    return [_moderate(generator, 9), _moderate(generator, 3, 4)]


def drawn_free(generator: torch.Generator) -> Sequence[Arguments]:
    """With gamma = 0 and no balance."""
    return [(*_moderate(generator, 9), 0.0, None)]


def drawn_focal(generator: torch.Generator) -> Sequence[Arguments]:
    """With a gamma, without balance."""
    return [(*_moderate(generator, *shape), _gamma(generator), None) for shape in ((9,), (3, 4))]


def drawn_balanced(generator: torch.Generator) -> Sequence[Arguments]:
    """With a gamma and an alpha."""
    return [(*_moderate(generator, 9), _gamma(generator), _share(generator)) for _ in range(2)]


def drawn_far(generator: torch.Generator) -> Sequence[Arguments]:
    """Logits of all sizes up to 10 000."""
    sign = (torch.rand(12, generator=generator) < 0.5).float() * 2 - 1
    logits = sign * 10 ** (1.5 + 2.5 * torch.rand(12, generator=generator))
    targets = (torch.rand(12, generator=generator) < 0.5).float()
    return [(logits, targets, gamma, None) for gamma in (0.5, _gamma(generator))]


def _drawn_rows(generator: torch.Generator) -> tuple[Tensor, Tensor]:
    logits = 6 * torch.rand((7, 4), generator=generator, dtype=torch.float64) - 3
    return logits, torch.randint(4, (7,), generator=generator)


def drawn_classes(generator: torch.Generator) -> Sequence[Arguments]:
    """Rows of logits without weights."""
    return [(*_drawn_rows(generator), gamma, None) for gamma in (0.0, 1 + _gamma(generator))]


def drawn_class_weights(generator: torch.Generator) -> Sequence[Arguments]:
    """Rows of logits with a weight a class."""
    weights = 0.2 + torch.rand(4, generator=generator, dtype=torch.float64)
    return [(*_drawn_rows(generator), _gamma(generator), weights)]


_LOGIT = st.sampled_from([0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0])


@st.composite
def simple_binary(draw: st.DrawFn) -> Arguments:
    """One or two examples with small whole logits."""
    logits = draw(st.lists(_LOGIT, min_size=1, max_size=2))
    targets = draw(
        st.lists(st.sampled_from([1.0, 0.0]), min_size=len(logits), max_size=len(logits))
    )
    return torch.tensor(logits), torch.tensor(targets)


@st.composite
def simple_focal(draw: st.DrawFn) -> Arguments:
    """The same, with a gamma and an alpha."""
    gamma = draw(st.sampled_from([0.0, 1.0, 2.0, 3.0]))
    alpha = draw(st.sampled_from([None, 0.25]))
    return (*draw(simple_binary()), gamma, alpha)


@st.composite
def simple_classes(draw: st.DrawFn) -> Arguments:
    """One or two rows of two classes."""
    rows = draw(st.lists(st.tuples(_LOGIT, _LOGIT), min_size=1, max_size=2))
    numbers = draw(st.lists(st.integers(0, 1), min_size=len(rows), max_size=len(rows)))
    gamma = draw(st.sampled_from([0.0, 1.0, 2.0]))
    alpha = draw(st.sampled_from([None, torch.tensor([1.0, 3.0])]))
    return torch.tensor(rows), torch.tensor(numbers), gamma, alpha


def shaped(shape: tuple[int, ...], dtype: torch.dtype) -> Arguments:
    """Arguments of focal loss in a shape and a dtype."""
    size = int(torch.Size(shape).numel())
    logits = torch.linspace(-1.5, 2.0, size, dtype=torch.float64).reshape(shape)
    targets = (torch.arange(size) % 2).reshape(shape)
    return logits.to(dtype), targets.to(dtype), 2.0, 0.25


def half(arguments: Arguments) -> Arguments:
    """The same arguments in float16."""
    return tuple(
        part.half() if isinstance(part, Tensor) and part.is_floating_point() else part
        for part in arguments
    )
