"""Does a function have a property, whatever its values: monotone, convex, symmetric, bounded ...?

A *law* draws inputs, derives the calls that it compares from each, and decides on the values that
come back.  Most laws are told by a relation between a few calls.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from autograder.checks.bank import Mistaken
from autograder.checks.check import Finding
from autograder.checks.comparison import as_tensor, truth
from autograder.checks.examples import Arguments, smallest_failing
from autograder.checks.recognition import Exchange, Known, recognise
from autograder.checks.wording import shown, trouble
from autograder.sandbox.session import Call, Reply, Work

Draw = Callable[[torch.Generator], Sequence[Arguments]]
PUBLIC_SEED = 0


@dataclass(frozen=True)
class Law:
    """A property in words and in code.

    Attributes:
        words: What holds, as a clause: ``"a larger logit never costs a positive more"``.
        draw: Draws arguments; also used, with a public seed, for what a student may see.
        derive: The calls to compare, from drawn arguments.
        holds: Decides on their values, which are doubles; asked only if all are finite numbers.
        weight: Its part of the points, relative to the other laws'.
    """

    words: str
    draw: Draw
    derive: Callable[[Arguments], Sequence[Arguments]]
    holds: Callable[[Sequence[Tensor]], bool]
    weight: float = 1.0


@dataclass(frozen=True)
class Properties:
    """Laws that a function of the submission must obey.

    Attributes:
        id: As ``"design.properties"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook.
        laws: Which, the more basic first; each gives its part of the points.
        bank: Known mistakes.
        reference: A right function to tell known mistakes by; None if there is no single one.
        simplest: A strategy of hypothesis for drawn arguments, simple ones first.
        costly: Whether it takes more than a second.
    """

    id: str
    cell: str
    points: float
    function: str
    laws: tuple[Law, ...]
    bank: Known | None = None
    reference: Callable[..., Any] | None = None
    simplest: Any = None
    costly: bool = False
    _public: dict[int, list[Arguments]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Try every law on public inputs and, for the grader, on secret ones, all at once."""
        trials = [
            [
                ([Call(self.function, derived) for derived in law.derive(arguments)], public)
                for arguments, public in self._inputs(number, secret)
            ]
            for number, law in enumerate(self.laws)
        ]  # by law, then by input: the calls to compare, and whether they may be shown
        replies = iter(work.call([call for law in trials for calls, _ in law for call in calls]))
        answered = [
            [_exchanges(calls, replies, public) for calls, public in of_law] for of_law in trials
        ]
        faults = [
            next(filter(None, (self._fault(law, one) for one in of_law)), None)
            for law, of_law in zip(self.laws, answered, strict=True)
        ]
        return self._decided(
            work, faults, [one for of_law in answered for trial in of_law for one in trial]
        )

    def _decided(
        self, work: Work, faults: Sequence[Finding | None], exchanges: Sequence[Exchange]
    ) -> Finding:
        weights = [law.weight for law in self.laws]
        kept = sum(w for w, fault in zip(weights, faults, strict=True) if fault is None)
        first = next(filter(None, faults), None)
        if first is None:
            return Finding("passed", 1.0)
        share = kept / sum(weights)
        known = self._recognised(exchanges)
        if known is not None:
            return Finding("failed", share, known.says, known.name, known.link)
        if first.status != "failed":
            return replace(first, share=share)
        look = self._look(work, self.laws[faults.index(first)])
        return replace(first, share=share, message=first.message + look)

    def _inputs(self, number: int, secret: torch.Generator | None) -> list[tuple[Arguments, bool]]:
        draw = self.laws[number].draw
        if number not in self._public:
            generator = torch.Generator().manual_seed(PUBLIC_SEED)
            self._public[number] = list(draw(generator))
        hidden = draw(secret) if secret is not None else ()
        return [
            *((arguments, True) for arguments in self._public[number]),
            *((arguments, False) for arguments in hidden),
        ]

    def _fault(self, law: Law, answered: Sequence[Exchange]) -> Finding | None:
        for one in answered:
            found = trouble(one)
            if found is not None:
                return found
        values = [as_tensor(one.reply.value) for one in answered]
        numbers = [value for value in values if value is not None]
        if not all(bool(value.isfinite().all()) for value in numbers):
            said = f"{self.function} gives infinity or NaN where this should hold: {law.words}."
            return Finding("failed", 0.0, said)
        try:
            kept = law.holds(numbers)
        except (RuntimeError, IndexError, ValueError):  # shapes that do not even fit each other
            kept = False
        return None if kept else Finding("failed", 0.0, f"This should hold: {law.words}.")

    def _recognised(self, exchanges: Sequence[Exchange]) -> Mistaken | None:
        if self.reference is None:
            return None
        told = [replace(one, right=truth(one.call, self.reference)) for one in exchanges]
        return recognise(self.bank, told)

    def _look(self, work: Work, law: Law) -> str:
        if self.simplest is None:
            return ""

        def calls_of(arguments: Arguments) -> list[Call]:
            return [Call(self.function, derived) for derived in law.derive(arguments)]

        def wrong(calls: Sequence[Call], replies: Sequence[Reply]) -> bool:
            return self._fault(law, _exchanges(calls, iter(replies), public=True)) is not None

        found = smallest_failing(work, self.simplest, calls_of, wrong)
        if found is None:
            return ""
        return f" Compare it with what you get for {' and '.join(map(shown, found))}."


def _exchanges(calls: Sequence[Call], replies: Iterator[Reply], public: bool) -> list[Exchange]:
    """Calls with their replies; what is right is not known, and its shape does not matter here."""
    answered = [(call, next(replies)) for call in calls]
    return [Exchange(call, reply, reply, public) for call, reply in answered]
