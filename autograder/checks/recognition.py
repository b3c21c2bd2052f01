"""Which known mistake does a submission behave like?"""

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.checks.bank import Bank, Variant
from autograder.checks.comparison import same
from autograder.sandbox.answers import answer
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


def recognise(
    bank: Bank | None, exchanges: Sequence[Exchange], *, extremes: bool = False
) -> Variant | None:
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


def _explains(variant: Variant, exchanges: Sequence[Exchange]) -> bool:
    wrong_somewhere = False
    for one in exchanges:
        theirs = answer(one.call, variant.namespace)
        if not same(one.call, one.reply, theirs):
            return False
        wrong_somewhere = wrong_somewhere or not same(one.call, theirs, one.right)
    return wrong_somewhere
