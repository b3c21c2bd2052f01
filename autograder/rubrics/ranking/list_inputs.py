"""Lists of scores and grades to ask ranking functions about: open ones, and ways to draw others."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.checks.examples import Arguments

Draw = Callable[[torch.Generator], Sequence[Arguments]]

NAN = float("nan")
WORKED = (torch.tensor([0.5, 1.0, 0.0]), torch.tensor([2, 1, 0]))
# Unequal leads, none of them on the margin of the hinge, and grades apart by 1, 2 and 3.
PLAIN = (torch.tensor([0.3, -1.2, 0.8, 2.0]), torch.tensor([3.0, 0.0, 1.0, 2.0]))
TIED = (torch.tensor([0.3, -1.2, 0.7, 2.0, -0.4]), torch.tensor([1.0, 0.0, 1.0, 2.0, 0.0]))
NO_PAIR = (torch.tensor([0.5, 1.1]), torch.tensor([1.0, 1.0]))
FAR = (
    (torch.tensor([1e4, -1e4, 0.0]), torch.tensor([0.0, 1.0, 2.0])),
    (torch.tensor([1e4, 0.0, -1e4, -9950.0]), torch.tensor([3.0, 2.0, 1.0, 0.0])),
    (torch.tensor([0.0, 95.0]), torch.tensor([1.0, 0.0])),
)


def _scores(generator: torch.Generator, n: int) -> Tensor:
    return 1.5 * torch.randn(n, generator=generator)


def _grades(generator: torch.Generator, n: int, most: int = 4) -> Tensor:
    """Grades of which the first two differ, so that something is relevant and there is a pair."""
    grades = torch.randint(0, most + 1, (n,), generator=generator).float()
    grades[:2] = torch.tensor([1.0, 0.0]) + torch.randint(0, most, (1,), generator=generator)
    return grades[torch.randperm(n, generator=generator)]


def lists(most: int = 4) -> Draw:
    """Lists of several lengths; few grades make many ties."""

    def draw(generator: torch.Generator) -> list[Arguments]:
        lengths = (2, 4, 4, 7, 12)
        return [(_scores(generator, n), _grades(generator, n, most)) for n in lengths]

    return draw


def lists_with_k(generator: torch.Generator) -> list[Arguments]:
    """Lists, each with a cut-off of its own."""
    cuts = (1, 2, 3, 4, 5)
    return [(*one, k) for one, k in zip(lists()(generator), cuts, strict=True)]


def tied_scores(generator: torch.Generator) -> list[Arguments]:
    """Lists with few scores, so that many are equal."""
    return [
        (torch.randint(0, 3, (n,), generator=generator).float(), _grades(generator, n))
        for n in (5, 9)
    ]


def tied_scores_with_k(generator: torch.Generator) -> list[Arguments]:
    """The same, cut off after three ranks."""
    return [(*arguments, 3) for arguments in tied_scores(generator)]


def far_scores(generator: torch.Generator) -> list[Arguments]:
    """Lists of scores between ±10 000.

    Whole hundreds: in float32 a difference of 1 at 10 000 already carries an error of 0.1 %.
    """
    hundreds = [torch.randperm(201, generator=generator)[:n] - 100 for n in (4, 6)]
    return [(100.0 * places, _grades(generator, len(places))) for places in hundreds]


def batches(generator: torch.Generator) -> list[Arguments]:
    """Batches whose padding holds numbers that would make pairs."""
    return [_batch(generator, 0.5, 5.0) for _ in range(3)]


def hidden_batches(generator: torch.Generator) -> list[Arguments]:
    """Batches whose padding holds NaN."""
    return [_batch(generator, NAN, grade) for grade in (5.0, -1.0, NAN)]


def _batch(generator: torch.Generator, padding: float, grade: float) -> Arguments:
    """Lists of 2 to 6 items, one of them without a pair, filled up."""
    lengths = torch.tensor([6, 3, 2, 5, 4])
    mask = torch.arange(6) < lengths.unsqueeze(1)
    scores = torch.stack([_scores(generator, 6) for _ in lengths])
    grades = torch.randint(0, 4, mask.shape, generator=generator).float()
    grades[:, :2] = torch.tensor([2.0, 1.0])
    grades[2] = 1.0
    return torch.where(mask, scores, padding), torch.where(mask, grades, grade), mask


def small_list(most: int = 4) -> Any:
    """Lists of two to four items with whole scores: what one can work out by hand."""

    def of(n: int) -> Any:
        scores = st.permutations(range(n)).map(lambda places: torch.tensor(places).float())
        grades = st.lists(st.integers(0, most), min_size=n, max_size=n)
        return st.tuples(scores, grades.map(lambda values: torch.tensor(values).float()))

    return st.integers(2, 4).flatmap(of)


def small_list_with_k() -> Any:
    """The same with a cut-off."""
    return st.tuples(small_list(), st.integers(1, 4)).map(lambda drawn: (*drawn[0], drawn[1]))


def padded(scores: Sequence[Sequence[float]], grades: Sequence[Sequence[float]]) -> Arguments:
    """A batch in which NaN among the scores marks padding."""
    mask = ~torch.tensor(scores).isnan()
    return torch.tensor(scores), torch.tensor(grades), mask


def unpadded(arguments: Arguments) -> Arguments:
    """The same batch with a number for the NaN of its padding."""
    scores, grades, mask = arguments
    assert isinstance(scores, Tensor)
    return scores.nan_to_num(0.25), grades, mask


TWO_LISTS = padded([[0.5, 1.0, 0.0], [0.2, 0.9, NAN]], [[2, 1, 0], [1, 1, 9]])
MORE_LISTS = padded(
    [[0.3, -1.2, 0.8, 2.0], [NAN, 1.5, 0.4, NAN], [0.7, 0.1, -0.6, NAN]],
    [[3, 0, 1, 2], [9, 0, 1, -1], [2, 2, 1, 9]],
)
NO_PAIRS = padded([[0.5, 1.0], [0.3, NAN]], [[1, 1], [2, 0]])
