"""What checks against a reference have in common: ask, compare by aspect, explain the first fault.

An *aspect* is one thing that is true of the right answer, in words, with inputs that show it.  A
check gives each aspect its part of the points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import torch

from autograder.checks.check import Curve, Finding
from autograder.checks.comparison import as_tensor, same_gradient, same_value, truth
from autograder.checks.examples import Arguments, smallest_failing
from autograder.checks.recognition import Exchange, Known, recognise
from autograder.checks.wording import shown, trouble
from autograder.sandbox.session import Call, Reply, Work

Reference = Callable[..., Any]


@dataclass(frozen=True)
class Aspect:
    """One thing that is true of the right answer.

    Attributes:
        words: What holds, as a clause: ``"with gamma = 0 focal loss is cross-entropy"``.
        public: Arguments that a student may see.
        draw: Draws further arguments from the secret generator.
        weight: Its part of the points, relative to the other aspects'; 0 asks only to tell known
            mistakes apart.
    """

    words: str
    public: tuple[Arguments, ...]
    draw: Callable[[torch.Generator], Sequence[Arguments]] | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Plot:
    """What to draw where a function is wrong.

    Attributes:
        x_label: What runs along the axis.
        x: Places, shape ``(n,)``, public.
        arguments: The arguments whose values are drawn, one value a place.
    """

    x_label: str
    x: torch.Tensor
    arguments: Arguments


@dataclass(frozen=True)
class AgainstReference:
    """Compares a function of the submission with a reference that takes the same arguments.

    Attributes:
        id: As ``"focal.values"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook.
        reference: The right one, with the same positional arguments.
        aspects: What is true of it; the more basic first, for the first fault is explained.
        bank: Known mistakes.
        simplest: A strategy of hypothesis for simple public arguments, where the smallest failing
            input is looked for if no known mistake fits; None to look for none.
        plot: What to draw beside the message; None draws nothing.
        costly: Whether it takes more than a second of the student's own compute.
    """

    id: str
    cell: str
    points: float
    function: str
    reference: Reference
    aspects: tuple[Aspect, ...]
    bank: Known | None = None
    simplest: Any = None
    plot: Plot | None = None
    costly: bool = False

    extremes: ClassVar[bool] = False

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Ask about every aspect at once, then decide."""
        asked = [self._questions(number, secret) for number in range(len(self.aspects))]
        replies = iter(work.call([call for calls in asked for call, _, _ in calls]))
        answered = [
            [Exchange(call, next(replies), right, public) for call, right, public in calls]
            for calls in asked
        ]
        weights = [aspect.weight for aspect in self.aspects]
        sound = [
            weight == 0 or all(map(self._sound, exchanges))
            for weight, exchanges in zip(weights, answered, strict=True)
        ]
        if all(sound):
            return Finding("passed", 1.0)
        share = sum(w for w, good in zip(weights, sound, strict=True) if good) / sum(weights)
        found = self._explained(work, answered, sound)
        return replace(found, share=share, curve=self._curve(work))

    def open_questions(self) -> list[tuple[Call, Reply]]:
        """What a notebook asks, with the right answers."""
        return [(call, right) for asked in self._public for call, right, _ in asked]

    def _call(self, arguments: Arguments) -> Call:
        """How arguments are asked about."""
        return Call(self.function, arguments)

    def _right(self, call: Call, reply: Reply, right: Reply) -> bool:
        """Whether an answer without trouble is right."""
        return same_value(call, reply, right)

    def _fault(self, one: Exchange, aspect: Aspect) -> str:
        """What to say of an answer that is not right and resembles no known mistake."""
        return f"{self.function} is not right yet: {aspect.words}."

    def _sound(self, one: Exchange) -> bool:
        return trouble(one) is None and self._right(one.call, one.reply, one.right)

    @cached_property
    def _public(self) -> list[list[tuple[Call, Reply, bool]]]:
        """The public questions with their answers: the same for every submission."""
        return [
            [self._answered(arguments, public=True) for arguments in aspect.public]
            for aspect in self.aspects
        ]

    def _questions(
        self, number: int, secret: torch.Generator | None
    ) -> list[tuple[Call, Reply, bool]]:
        draw = self.aspects[number].draw
        hidden = draw(secret) if draw is not None and secret is not None else ()
        unseen = [self._answered(arguments, public=False) for arguments in hidden]
        return [*self._public[number], *unseen]

    def _answered(self, arguments: Arguments, *, public: bool) -> tuple[Call, Reply, bool]:
        call = self._call(arguments)
        return call, truth(call, self.reference), public

    def _explained(
        self, work: Work, answered: Sequence[Sequence[Exchange]], sound: Sequence[bool]
    ) -> Finding:
        every = [one for exchanges in answered for one in exchanges]
        known = recognise(self.bank, every, extremes=self.extremes)
        if known is not None:
            return Finding("failed", 0.0, known.says, known.name, known.link)
        number = sound.index(False)
        first = next(one for one in answered[number] if not self._sound(one))
        found = trouble(first)
        if found is not None:
            return found
        return Finding("failed", 0.0, self._fault(first, self.aspects[number]) + self._look(work))

    def _curve(self, work: Work) -> Curve | None:
        if self.plot is None:
            return None
        call, right, _ = self._answered(self.plot.arguments, public=True)
        (reply,) = work.call([call])
        theirs, due = as_tensor(reply.value), as_tensor(right.value)
        if theirs is None or due is None or theirs.shape != due.shape:
            return None
        return Curve(self.plot.x_label, self.plot.x, theirs, due)

    def _look(self, work: Work) -> str:
        """Where to look: a smallest input of the public kind that shows the fault."""
        if self.simplest is None:
            return ""

        def wrong(calls: Sequence[Call], replies: Sequence[Reply]) -> bool:
            (call,), (reply,) = calls, replies
            return not self._sound(Exchange(call, reply, truth(call, self.reference), True))

        found = smallest_failing(work, self.simplest, lambda these: [self._call(these)], wrong)
        return "" if found is None else f" Work out {shown(found[0])} by hand and compare."


@dataclass(frozen=True)
class Differentiated(AgainstReference):
    """Also differentiates the function's result by one argument.

    Attributes:
        wrt: The position of that argument; None differentiates nothing.
    """

    wrt: int | None = 0

    def _call(self, arguments: Arguments) -> Call:
        return Call(self.function, arguments, gradient_of=self.wrt)

    def _right(self, call: Call, reply: Reply, right: Reply) -> bool:
        return same_value(call, reply, right) and same_gradient(call, reply, right)
