"""Logarithms of rounded probabilities, and the usual repair that bends them.

A *way* is a step of a recipe with ``{small}`` behind each probability in a logarithm: nothing, or
what is meant to keep the probability from 0.
"""

from autograder.checks.bank import Mistake
from autograder.rubrics.focal.mistakes.links import CE_CODE

# The same in theory; each is rounded in another place.
BINARY_WAYS = (
    "log_p_t = torch.log(torch.sigmoid((2 * targets - 1) * logits){small})",
    "p = torch.sigmoid(logits)\n"
    "log_p_t = targets * torch.log(p{small}) + (1 - targets) * torch.log((1 - p){small})",
    "p = torch.sigmoid(logits){small}\n"
    "log_p_t = targets * torch.log(p) + (1 - targets) * torch.log(1 - p)",
    "p = torch.sigmoid(logits)\nlog_p_t = torch.log(torch.where(targets == 1, p, 1 - p){small})",
)
_SMALL = ("1e-8", "1e-7", "1e-6", "1e-5", "1e-9", "1e-10", "1e-12", "1e-15")
_FLOORS = (" + {0}", ".clamp(min={0})", ".clamp({0}, 1 - {0})")


def rounded(
    prefix: str, function: str, ways: tuple[str, ...], others: tuple[str, ...] = ()
) -> Mistake:
    """The logarithm of a probability: minus infinity where that is rounded to 0."""
    says = (
        f"{function} takes the logarithm of a probability that was rounded to 0. Get the "
        "log-probability from the logit in one step; torch.nn.functional has a function for it."
    )
    first, *also = ({"truth": way.format(small="")} for way in (*ways, *others))
    return Mistake(f"{prefix}-log-of-rounded", function, says, CE_CODE, first, True, tuple(also))


def floored(prefix: str, function: str, ways: tuple[str, ...]) -> Mistake:
    """A small number added to the probability, or a clamp, whatever the small number is."""
    says = (
        f"{function} puts a floor under the probability, so a cost of thousands becomes one of "
        "some twenty. Get the log-probability from the logit in one step, without a small number."
    )
    first, *also = (
        {"truth": way.format(small=floor.format(small))}
        for small in _SMALL
        for floor in _FLOORS
        for way in ways
    )
    return Mistake(
        f"{prefix}-floor-under-probability", function, says, CE_CODE, first, True, tuple(also)
    )
