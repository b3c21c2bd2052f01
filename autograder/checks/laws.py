"""Laws that losses have: each makes a `Law` from a way to draw arguments."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from autograder.checks.examples import Arguments
from autograder.checks.properties import Draw, Law

# A law is a strict inequality in theory; rounding of the student's arithmetic is forgiven.
SLACK = 1e-5


def at(arguments: Arguments, position: int, value: Tensor) -> Arguments:
    """The arguments with one of them replaced."""
    return (*arguments[:position], value, *arguments[position + 1 :])


def tensor_at(arguments: Arguments, position: int) -> Tensor:
    """The argument at a position, which must be a tensor."""
    found = arguments[position]
    if not isinstance(found, Tensor):
        raise TypeError(f"argument {position} must be a tensor, but is {found!r}.")
    return found


def related(
    words: str,
    draw: Draw,
    change: Callable[[Arguments], Arguments],
    holds: Callable[[Tensor, Tensor], Tensor | bool],
    weight: float = 1.0,
) -> Law:
    """A law between the value at some arguments and at changed ones."""
    return Law(
        words,
        draw,
        lambda arguments: (arguments, change(arguments)),
        lambda values: bool(torch.as_tensor(holds(*values)).all()),
        weight,
    )


def bounded(
    words: str, draw: Draw, low: float = 0.0, high: float = torch.inf, weight: float = 1.0
) -> Law:
    """Values stay between two bounds; the defaults say: never negative."""
    return Law(
        words,
        draw,
        lambda arguments: (arguments,),
        lambda values: bool(((values[0] >= low - SLACK) & (values[0] <= high + SLACK)).all()),
        weight,
    )


def monotone(
    words: str,
    draw: Draw,
    *,
    position: int = 0,
    sign: int = 1,
    step: float = 0.5,
    strict: bool = False,
    weight: float = 1.0,
) -> Law:
    """A larger argument never gives less (or, with sign -1, more)."""
    least = SLACK if strict else -SLACK
    return related(
        words,
        draw,
        lambda arguments: at(arguments, position, tensor_at(arguments, position) + step),
        lambda before, after: sign * (after - before) >= least,
        weight,
    )


def convex(
    words: str, draw: Draw, *, position: int = 0, step: float = 0.5, weight: float = 1.0
) -> Law:
    """The value at the middle is at most the mean of the values at both sides."""
    return Law(
        words,
        draw,
        lambda arguments: tuple(
            at(arguments, position, tensor_at(arguments, position) + shift)
            for shift in (-step, 0.0, step)
        ),
        lambda values: bool((values[0] + values[2] - 2 * values[1] >= -SLACK).all()),
        weight,
    )


def _reordered(arguments: Arguments, positions: Sequence[int]) -> Arguments:
    for position in positions:
        arguments = at(arguments, position, tensor_at(arguments, position).flip(0))
    return arguments


def permutation_invariant(
    words: str, draw: Draw, *, positions: Sequence[int] = (0, 1), weight: float = 1.0
) -> Law:
    """The order of the examples does not matter."""
    return related(words, draw, lambda arguments: _reordered(arguments, positions), _near, weight)


def permutation_equivariant(
    words: str, draw: Draw, *, positions: Sequence[int] = (0, 1), weight: float = 1.0
) -> Law:
    """Each value goes with its example."""
    return related(
        words,
        draw,
        lambda arguments: _reordered(arguments, positions),
        lambda before, after: _near(before.flip(0), after),
        weight,
    )


def unchanged_by(
    words: str, draw: Draw, change: Callable[[Arguments], Arguments], weight: float = 1.0
) -> Law:
    """A change that must not matter: padding, a shift of all scores, a mirror."""
    return related(words, draw, change, _near, weight)


def scaled_by(
    words: str,
    draw: Draw,
    change: Callable[[Arguments], Arguments],
    factor: float,
    weight: float = 1.0,
) -> Law:
    """A change that multiplies the value by a factor."""
    return related(words, draw, change, lambda before, after: _near(factor * before, after), weight)


def _near(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-3, atol=SLACK)
