"""What is known while a question is drawn: the family, the variant, the values of its names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossedu.practice.families.expressions import Value, evaluated
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.parameters import arrangement, drawn
from lossedu.practice.families.question import Family
from lossedu.practice.families.wording import filled


@dataclass(frozen=True)
class Scope:
    """The values of a variant, and what is made with them.

    Attributes:
        family: What is drawn.
        variant: Which of its variants.
        values: Name -> value, of parameters and what is computed from them.
    """

    family: Family
    variant: int
    values: Mapping[str, Value]

    def words(self, text: str) -> str:
        """A text with its values filled in."""
        return filled(text, self.values)

    def value(self, expression: Any) -> Value:
        """The value of an expression or call."""
        return evaluated(expression, self.values)

    def number(self, expression: Any) -> float:
        """The value of an expression that must be one number."""
        value = self.value(expression)
        if isinstance(value, tuple) or not isinstance(value, (int, float)):
            raise FamilyError(f"a value must be one number, but {expression!r} is {value!r}.")
        return value

    def order(self, size: int, *, shuffled: bool = False) -> list[int]:
        """The order in which so many things are shown."""
        return arrangement(self.family, self.variant, size, shuffled=shuffled)


def scope_of(family: Family, variant: int) -> Scope:
    """The values of a variant: parameters first, then what follows from them, in order.

    Raises:
        FamilyError: If a value cannot be computed; the text begins with the family.
    """
    values: dict[str, Value] = dict(drawn(family, variant))
    for name, expression in family.let.items():
        if name in values:
            raise FamilyError(f"{family.id}: let.{name} must be a new name, but is a parameter.")
        try:
            values[name] = evaluated(expression, values)
        except FamilyError as error:
            raise FamilyError(f"{family.id}: let.{name}: {error}") from error
    return Scope(family, variant, values)


def picked(items: Sequence[Any], order: Sequence[int]) -> list[Any]:
    """Items in an order."""
    return [items[position] for position in order]
