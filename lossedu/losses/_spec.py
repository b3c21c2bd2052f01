"""What else is true of a loss, written once beside its function.

A spec is text and plain data, so importing it costs nothing.  Formulas are SymPy expressions kept
as text; ``lossedu.symbolic`` reads them and derives the rest: LaTeX, gradient, curvature, the
50-digit oracle of the tests, property tables.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Family = Literal["regression", "classification", "similarity", "ranking", "beyond"]
"""What a loss is for: the part of the course in which it is explained."""
Input = Literal["value", "log-mean", "logit", "score", "probability", "embedding"]
Unit = Literal["entry", "row", "list", "tuple"]
Targets = Literal["real", "amount", "event", "sign", "level", "class", "shares", "grade", "none"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A numeric option of a loss, and how the formula's symbols follow from it.

    Attributes:
        name: The argument's name.
        low: Smallest legal value.
        high: Largest legal value.
        at_low: What the loss becomes at ``low``.
        at_high: What the loss becomes at (or towards) ``high``.
        binds: Symbol in the formula -> SymPy text in terms of ``name``.
        off: The same symbols' text when the option is not used.
        samples: Legal values at which tests and tables look; a tuple holds a value a class.
        shown: Whether the formula is displayed with this option in it.
    """

    name: str
    low: float
    high: float
    at_low: str
    at_high: str
    binds: Mapping[str, str]
    off: Mapping[str, str]
    samples: tuple[float | tuple[float, ...], ...]
    shown: bool = True


@dataclass(frozen=True, kw_only=True)
class SpecialCase:
    """Settings at which this loss equals another one exactly (each is a test)."""

    settings: Mapping[str, float]
    equals: str
    other_settings: Mapping[str, float] = field(default_factory=dict)
    factor: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LossSpec:
    """The facts about one loss from which everything else is derived.

    Attributes:
        function: What people call.
        title: Its name in prose.
        family: Which part of the book it belongs to.
        chapter: The page that explains it, without suffix.
        inputs: What the first argument is.
        unit: What has one value of the loss: an ``"entry"``; a ``"row"`` over classes; a ``"list"``
            of items, each with its own target (a ranking, the pixels of a mask); or a ``"tuple"``
            of tensors in a signature of its own.
        targets: What kind of target an example has: a real number, an amount (at least 0), an
            event (0, 1 or between), a sign (-1 or +1), a level of an order, a class number, a share
            for each class, a grade of relevance for each item, or none.
        formula: The loss of one example, as SymPy text.  Losses of rows and lists write ``y[i]``,
            ``p[i]``, ``z[i]`` for i from 1 to ``C``.
        link: Symbol in the formula -> its SymPy text in terms of the first argument.
        argument: The symbol of the first argument.
        target: The symbol of the target.
        variant: A choice, by keyword, that makes this spec's formula the right one.
        axis: What the loss is looked at along, where its kind of target does not say it.
        given: Numbers for symbols of the formula that stand for other arguments, so that the loss
            can be looked at along its axis.
        domain: What the targets may be, in words.
        noise_model: The likelihood whose negative logarithm this is, or why there is none.
        estimand: What the minimiser of the expected loss is.
        parameters: Its numeric options.
        kinks: Where on its axis the slope jumps, as text in the options' letters.
        flat: Whether the gradient is zero wherever it exists.
        special_cases: Where it equals another loss.
        references: Keys of the bibliography.
    """

    function: Callable[..., Any]
    title: str
    family: Family
    chapter: str
    inputs: Input
    unit: Unit = "entry"
    targets: Targets
    formula: str
    link: Mapping[str, str] = field(default_factory=dict)
    argument: str = "z"
    target: str = "y"
    variant: Mapping[str, str] = field(default_factory=dict)
    axis: str = ""
    given: Mapping[str, float] = field(default_factory=dict)
    domain: str
    noise_model: str
    estimand: str
    parameters: tuple[Parameter, ...] = ()
    kinks: tuple[str, ...] = ()
    flat: bool = False
    special_cases: tuple[SpecialCase, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name, as a call if the spec holds for one of its variants only."""
        choice = ", ".join(f'{key}="{value}"' for key, value in self.variant.items())
        return f"{self.function.__name__}({choice})" if choice else self.function.__name__

    @property
    def stated(self) -> str:
        """The formula as the docstring states it, in LaTeX: for people, who abbreviate."""
        text = inspect.getdoc(self.function) or ""
        found = re.search(r"\.\. math:: (.+?)\n\n", text, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def slug(self) -> str:
        """The module's name, which is the loss's name in every folder of the project."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def indexed(self) -> bool:
        """Whether the formula runs over the classes of a row or the items of a list."""
        return self.unit in ("row", "list")

    @property
    def defaults(self) -> dict[str, Any]:
        """What each option is when it is not given; options that are then off are left out."""
        arguments = inspect.signature(self.function).parameters
        given = {p.name: arguments[p.name].default for p in self.parameters}
        absent = (None, inspect.Parameter.empty)
        return {name: value for name, value in given.items() if value not in absent}

    def parameter(self, name: str) -> Parameter:
        """The option called ``name``."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = ", ".join(p.name for p in self.parameters) or "none"
        raise ValueError(f"name must be an option of {self.name} ({known}), but is {name!r}.")
