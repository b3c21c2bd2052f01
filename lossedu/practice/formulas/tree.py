"""A formula that was read."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tree:
    """A formula, or a part of one.

    Attributes:
        kind: ``number``, ``name``, ``constant``, ``call``, ``negative``, or one of + - * / ^.
        text: The number as it was typed, or the name of what is named or called.
        parts: What it is made of: operands or arguments.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> str(parse_formula("2p(1 - p)^γ", ["p", "gamma"]))
        '(2 * p) * ((1 - p) ^ gamma)'
    """

    kind: str
    text: str = ""
    parts: tuple["Tree", ...] = ()

    def __str__(self) -> str:
        """The formula as it can be typed again, with every bracket that a part needs."""
        if self.kind == "call":
            return f"{self.text}({', '.join(map(str, self.parts))})"
        if not self.parts:
            return self.text
        operands = [f"({part})" if _is_open(part) else str(part) for part in self.parts]
        return f"-{operands[0]}" if self.kind == "negative" else f" {self.kind} ".join(operands)

    def walk(self) -> Iterator["Tree"]:
        """The tree and all of its parts."""
        yield self
        for part in self.parts:
            yield from part.walk()


def _is_open(part: Tree) -> bool:
    """Whether a part has to be bracketed among others."""
    return bool(part.parts) and part.kind != "call"
