"""Is a function finite and right where naive formulas overflow?"""

from dataclasses import dataclass
from typing import ClassVar

from autograder.checks.against_reference import Aspect, Differentiated
from autograder.checks.comparison import same_value
from autograder.checks.recognition import Exchange
from autograder.checks.wording import not_finite


@dataclass(frozen=True)
class Extremes(Differentiated):
    """Value and gradient at inputs of great size, or in few bits."""

    extremes: ClassVar[bool] = True

    def _fault(self, one: Exchange, aspect: Aspect) -> str:
        if not_finite(one.reply.value):
            said = f"{self.function} gives infinity or NaN"
        elif not same_value(one.call, one.reply, one.right):
            said = f"{self.function} is finite, but not right"
        elif not_finite(one.reply.gradient):
            said = f"The value of {self.function} is right, but its gradient is infinite or NaN"
        else:
            said = f"The value of {self.function} is right, but its gradient is not"
        return f"{said}: {aspect.words}."
