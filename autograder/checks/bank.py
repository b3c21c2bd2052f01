"""Banks of known mistakes: what each does to a function, and what to tell who makes it.

A bank serves twice.  It names the mistake of a submission that behaves like it on every input, and
it proves the checks: each of its members, handed in, must lose points.

A function is written once as a *recipe*, a right way to compute it in named steps.  A mistake
replaces steps.  Mistakes that touch different steps can be made together, so pairs need no writing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import combinations
from textwrap import dedent, indent
from typing import Any, Protocol

from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call, Reply

# A mistake may be written in dozens of ways; pairs of all of them would be thousands.
_WAYS_IN_PAIRS = 4
PREAMBLE = "import torch\nfrom torch.nn import functional as F\n"


@dataclass(frozen=True)
class Recipe:
    """A right way to write one function of the assignment.

    Attributes:
        function: Its name in the notebook.
        signature: Its arguments, as ``"logits, targets"``.
        steps: Lines of its body by what they are for, in order; the last one returns.
        above: What the function needs to stand above it, such as an autograd.Function.
    """

    function: str
    signature: str
    steps: Mapping[str, str]
    above: str = ""


@dataclass(frozen=True)
class Mistake:
    """One known mistake.

    Attributes:
        name: A slug, as ``"focal-p-for-p-t"``; unique in its bank.
        function: The one it is made in.
        says: What the student reads: kind and exact, one or two sentences, no values.
        link: Where the book explains it, as ``"classification/focal.html#definition"``.
        steps: The recipe's steps that it replaces; an empty text leaves a step out.
        only_at_extremes: Whether it is invisible on moderate inputs, as a naive logarithm is.
        also: The same mistake written otherwise, where that behaves otherwise, such as another
            small number added inside a logarithm.
    """

    name: str
    function: str
    says: str
    link: str
    steps: Mapping[str, str]
    only_at_extremes: bool = False
    also: tuple[Mapping[str, str], ...] = ()

    def writings(self) -> list["Mistake"]:
        """The mistake in each of the ways that it is written."""
        return [self, *(replace(self, steps=steps, also=()) for steps in self.also)]


class InWords(Protocol):
    """A known mistake as it is told."""

    @property
    def name(self) -> str:
        """A slug, unique in its bank."""
        ...

    @property
    def says(self) -> str:
        """What the student reads."""
        ...

    @property
    def link(self) -> str:
        """Where the book explains it."""
        ...

    @property
    def only_at_extremes(self) -> bool:
        """Whether it is invisible on moderate inputs."""
        ...


class Mistaken(ABC):
    """Something with one or two mistakes in it, and what is said of them together."""

    mistakes: tuple[InWords, ...]

    @abstractmethod
    def answer(self, call: Call) -> Reply | None:
        """What it answers; None if that is not known."""

    @property
    def name(self) -> str:
        """The names of its mistakes."""
        return " + ".join(mistake.name for mistake in self.mistakes)

    @property
    def says(self) -> str:
        """What to tell who made them."""
        first, *others = (mistake.says for mistake in self.mistakes)
        return " ".join([first, *(f"And a second thing: {other}" for other in others)])

    @property
    def link(self) -> str:
        """Where to read first."""
        return self.mistakes[0].link


@dataclass(frozen=True)
class Variant(Mistaken):
    """A function with one or two mistakes in it.

    Attributes:
        mistakes: Which.
        source: Python code that can be handed in.
        function: The name of what it defines.
    """

    mistakes: tuple[Mistake, ...]
    source: str
    function: str

    def answer(self, call: Call) -> Reply | None:
        """What it answers."""
        return answer(call, self.namespace)

    @property
    def namespace(self) -> dict[str, Any]:
        """The names that its source defines."""
        return _run(self.source)


@dataclass(frozen=True)
class Bank:
    """The known mistakes of an assignment.

    Attributes:
        recipes: One a function.
        mistakes: Simpler ones first: where two behave alike, the first is named.
    """

    recipes: tuple[Recipe, ...]
    mistakes: tuple[Mistake, ...]
    _of_function: dict[str, tuple[Variant, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        steps = {recipe.function: set(recipe.steps) for recipe in self.recipes}
        for mistake in self.mistakes:
            unknown = set(mistake.steps) - steps.get(mistake.function, set())
            if unknown:
                raise ValueError(
                    f"steps must be steps of the recipe of {mistake.function}, "
                    f"but {mistake.name} replaces {sorted(unknown)}."
                )
        named = [mistake.name for mistake in self.mistakes]
        if len(set(named)) < len(named):
            raise ValueError(f"names must be unique in a bank, but are {named}.")

    def right(self, function: str) -> Variant:
        """The recipe of a function, without a mistake."""
        return self._variant(self._recipes[function], ())

    def singles(self) -> list[Variant]:
        """Every mistake by itself."""
        return [self._variant(self._recipes[one.function], (one,)) for one in self.mistakes]

    def variants(self, function: str) -> tuple[Variant, ...]:
        """Single mistakes of a function, then pairs of them that can be made together."""
        if function not in self._of_function:
            own = [one.writings() for one in self.mistakes if one.function == function]
            alone = [(way,) for ways in own for way in ways]
            together = [
                (one, other)
                for these, those in combinations(own, 2)
                for one in these[:_WAYS_IN_PAIRS]
                for other in those[:_WAYS_IN_PAIRS]
                if not set(one.steps) & set(other.steps)
            ]
            chosen = [*alone, *together]
            self._of_function[function] = tuple(
                self._variant(self._recipes[function], mistakes) for mistakes in chosen
            )
        return self._of_function[function]

    @cached_property
    def _recipes(self) -> dict[str, Recipe]:
        return {recipe.function: recipe for recipe in self.recipes}

    @staticmethod
    def _variant(recipe: Recipe, mistakes: tuple[Mistake, ...]) -> Variant:
        steps = dict(recipe.steps)
        for mistake in mistakes:
            steps |= mistake.steps
        body = "\n".join(dedent(step).strip("\n") for step in steps.values() if step)
        head = f"def {recipe.function}({recipe.signature}):\n"
        parts = (PREAMBLE, dedent(recipe.above), head + indent(body, "    "))
        return Variant(mistakes, "\n".join(filter(None, parts)) + "\n", recipe.function)


@lru_cache(maxsize=4096)
def _run(source: str) -> dict[str, Callable[..., Any]]:
    """What a bank's own source defines; compiled once, for it is tried on many submissions."""
    names: dict[str, Any] = {}
    exec(compile(source, "<misconception>", "exec"), names)
    return names
