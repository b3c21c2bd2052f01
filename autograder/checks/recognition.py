"""Which known mistake does a submission behave like?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from autograder.checks.bank import InWords, Mistaken
from autograder.checks.comparison import same
from autograder.sandbox.session import Call, Reply


@dataclass(frozen=True)
class Exchange:
    """A call, what the submission answered, and what is right.

    Attributes:
        call: What was asked.
        reply: What came back.
        right: What should have come back, in double precision.
        public: Whether a student may see the input.
    """

    call: Call
    reply: Reply
    right: Reply
    public: bool


class Known(Protocol):
    """What is known of the mistakes of an assignment: its bank, or a record of one."""

    @property
    def mistakes(self) -> Sequence[InWords]:
        """All single ones."""
        ...

    def variants(self, function: str) -> Sequence[Mistaken]:
        """What a function may behave like, simpler ones first."""
        ...


def recognise(
    bank: Known | None, exchanges: Sequence[Exchange], *, extremes: bool = False
) -> Mistaken | None:
    """The first known variant that answers every call as the submission did.

    Single mistakes come before pairs, and simpler ones first.  A variant that is right on all these
    calls explains nothing and is passed over.

    Args:
        bank: The assignment's.
        exchanges: All about one function.
        extremes: Whether mistakes that moderate inputs do not show are to be considered.
    """
    if bank is None or not exchanges or all(one.reply.status != "ok" for one in exchanges):
        return None
    for variant in bank.variants(exchanges[0].call.function):
        hidden = any(mistake.only_at_extremes for mistake in variant.mistakes)
        if (extremes or not hidden) and _explains(variant, exchanges):
            return variant
    return None


def _explains(variant: Mistaken, exchanges: Sequence[Exchange]) -> bool:
    wrong_somewhere = False
    for one in exchanges:
        theirs = variant.answer(one.call)
        if theirs is None or not same(one.call, one.reply, theirs):
            return False
        wrong_somewhere = wrong_somewhere or not same(one.call, theirs, one.right)
    return wrong_somewhere
