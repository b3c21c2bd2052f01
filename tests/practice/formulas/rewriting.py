"""Formulas in other forms, right and wrong, and an oracle that knows nothing of our evaluation."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from lossedu.practice.formulas import Tree
from lossedu.practice.random_numbers import RandomNumbers

ONE, TWO, ZERO = Tree("number", "1"), Tree("number", "2"), Tree("number", "0")
EULER = Tree("constant", "e")


def make(kind: str, *parts: Tree) -> Tree:
    return Tree(kind, parts=parts)


def called(name: str, *parts: Tree) -> Tree:
    return Tree("call", name, parts)


def replaced(tree: Tree, rule: Callable[[Tree], Iterator[Tree]]) -> Iterator[Tree]:
    """The tree with a rule applied at one place, for each place and result."""
    yield from rule(tree)
    for index, part in enumerate(tree.parts):
        for new in replaced(part, rule):
            yield Tree(tree.kind, tree.text, (*tree.parts[:index], new, *tree.parts[index + 1 :]))


def equal_forms(tree: Tree) -> Iterator[Tree]:
    """The same function, written otherwise."""
    kind, parts = tree.kind, tree.parts
    if kind in ("+", "*"):
        yield make(kind, parts[1], parts[0])
    if kind == "-":
        yield make("negative", make("-", parts[1], parts[0]))
        yield make("+", parts[0], make("negative", parts[1]))
        yield make("+", make("negative", parts[1]), parts[0])
    if kind == "*":
        for one, other in (parts, parts[::-1]):
            if other.kind in ("+", "-"):
                yield make(other.kind, *(make("*", one, term) for term in other.parts))
    if kind == "/":
        yield make("*", parts[0], make("^", parts[1], make("negative", ONE)))
        yield make("*", make("/", ONE, parts[1]), parts[0])
        if parts[0].kind in ("+", "-"):
            yield make(parts[0].kind, *(make("/", term, parts[1]) for term in parts[0].parts))
    if kind == "^" and parts[1] == TWO:
        yield make("*", parts[0], parts[0])
        if parts[0].kind in ("+", "-"):
            a, b = parts[0].parts
            middle = make("*", make("*", TWO, a), b)
            yield make("+", make(parts[0].kind, make("^", a, TWO), middle), make("^", b, TWO))
    if kind == "call":
        yield from _equal_calls(tree.text, parts)


def _equal_calls(name: str, parts: Sequence[Tree]) -> Iterator[Tree]:
    x = parts[0]
    minus = make("negative", x)
    if name == "exp":
        yield make("^", EULER, x)
        yield make("/", ONE, called("exp", minus))
    if name == "sigmoid":
        yield make("/", ONE, make("+", ONE, called("exp", minus)))
        yield make("/", called("exp", x), make("+", ONE, called("exp", x)))
        yield make("-", ONE, called("sigmoid", minus))
        yield make("/", make("+", ONE, called("tanh", make("/", x, TWO))), TWO)
    if name == "softplus":
        yield called("log", make("+", ONE, called("exp", x)))
        yield make("+", x, called("log", make("+", ONE, called("exp", minus))))
        yield make("negative", called("log", called("sigmoid", minus)))
    if name == "log":
        yield make("*", called("log2", x), called("log", TWO))
        yield make("negative", called("log", make("/", ONE, x)))
        yield make("/", called("log", make("^", x, TWO)), TWO)
        if x.kind == "/":
            yield make("-", called("log", x.parts[0]), called("log", x.parts[1]))
    if name == "abs":
        yield called("max", x, minus)
        yield called("sqrt", make("^", x, TWO))
        yield make("*", called("sign", x), x)
    if name == "tanh":
        twice = called("sigmoid", make("*", TWO, x))
        yield make("-", make("*", TWO, twice), ONE)
    if name in ("max", "min"):
        other = "min" if name == "max" else "max"
        a, b = parts
        yield called(name, b, a)
        yield make("negative", called(other, make("negative", a), make("negative", b)))
        half = called("abs", make("-", a, b))
        yield make("/", make("+" if name == "max" else "-", make("+", a, b), half), TWO)


def mistaken_forms(tree: Tree) -> Iterator[Tree]:
    """Another function: a sign, a factor, an exponent, the chain rule, p for 1 - p, a base."""
    kind, parts = tree.kind, tree.parts
    if kind in ("+", "-"):
        yield make("-" if kind == "+" else "+", *parts)
        yield parts[0]
    if kind in ("*", "/"):
        yield parts[0]
        yield make("*", TWO, tree)
    if kind == "*":
        yield parts[1]
    if kind == "/":
        yield make("/", parts[1], parts[0])
    if kind == "^":
        yield parts[0]
        yield make("^", parts[0], make("+", parts[1], ONE))
        yield make("^", parts[0], make("-", parts[1], ONE))
    if kind == "negative":
        yield parts[0]
    if kind == "name":
        yield make("-", ONE, tree)
        yield make("negative", tree)
        yield make("^", tree, TWO)
    if kind == "number":
        yield make("+", tree, ONE)
    if kind == "call":
        yield parts[0]
        others = {"log": "log2", "sigmoid": "tanh", "tanh": "sigmoid", "exp": "log1p"}
        others |= {"softplus": "relu", "max": "min", "min": "max", "abs": "relu", "cos": "sin"}
        if tree.text in others:
            yield called(others[tree.text], *parts)
        if tree.text in ("exp", "sigmoid", "softplus"):
            yield called(tree.text, make("negative", parts[0]))


def swapped_names(tree: Tree, one: str, other: str) -> Tree:
    """The tree with two names in each other's place."""
    names = {one: other, other: one}
    if tree.kind == "name":
        return Tree("name", names.get(tree.text, tree.text))
    return Tree(tree.kind, tree.text, tuple(swapped_names(p, one, other) for p in tree.parts))


LEVELS = {"+": 1, "-": 1, "negative": 1, "*": 2, "/": 2, "^": 3}
GREEK = {"gamma": "γ", "sigma": "σ", "mu": "μ", "tau": "τ", "delta": "δ", "epsilon": "ε"}
GREEK |= {"rho": "ρ", "beta": "β", "theta": "θ", "sigmoid": "σ", "pi": "π"}


class Hand:
    """How one person types: few brackets, and signs by taste.

    Args:
        seed: Of the person's taste.
        names: The names of the question.
    """

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        taste = RandomNumbers(seed)
        self.names = names
        self.minus = taste.choice(["-", "-", "−", "–"])
        self.times = taste.choice(["", "", "*", " * ", "·", "×"])
        self.power = taste.choice(["^", "^", "**"])
        self.greek = taste.uniform() < 0.5
        self.square = taste.uniform() < 0.3
        self.space = taste.choice([" ", "", " ", "\u00a0"])
        self.ln = taste.uniform() < 0.4
        self.brackets = taste.choice(["()", "()", "()", "[]"])
        self.subscripts = taste.uniform() < 0.5

    def typed(self, tree: Tree) -> str:
        kind, parts = tree.kind, tree.parts
        if kind == "call":
            name = "ln" if tree.text == "log" and self.ln else tree.text
            if not (name == "sigmoid" and "sigma" in self.names):
                name = self.word(name)
            if tree.text == "abs" and "|" not in self.typed(parts[0]):
                return f"|{self.typed(parts[0])}|"
            return f"{name}({', '.join(map(self.typed, parts))})"
        if not parts:
            return self.word(tree.text)
        if kind == "negative":
            return self.minus + self.within(parts[0], 2)
        if kind in ("+", "-"):
            sign = self.minus if kind == "-" else "+"
            right = self.within(parts[1], 2)
            return f"{self.typed(parts[0])}{self.space}{sign}{self.space}{right}"
        if kind == "/":
            return f"{self.within(parts[0], 2)}/{self.within(parts[1], 3)}"
        if kind == "*":
            return self.product(*parts)
        if self.square and parts[1] == TWO:
            return f"{self.within(parts[0], 4)}²"
        return f"{self.within(parts[0], 4)}{self.power}{self.within(parts[1], 4)}"

    def product(self, left: Tree, right: Tree) -> str:
        """A product, without a sign where that is read."""
        before, after = self.within(left, 2), self.within(right, 3)
        if self.times:
            return f"{before}{self.times}{after}"
        doubtful = after[0] in "0123456789." or "/" in before or "|" in before + after
        return f"{before} * {after}" if doubtful else f"{before} {after}"

    def within(self, tree: Tree, least: int) -> str:
        text = self.typed(tree)
        if LEVELS.get(tree.kind, 4) >= least:
            return text
        return f"{self.brackets[0]}{text}{self.brackets[1]}"

    def word(self, word: str) -> str:
        if self.greek and word in GREEK and not (word == "sigmoid" and self.ln):
            return GREEK[word]
        if self.subscripts and word == "y_hat":
            return "ŷ"
        return word


def python_value(tree: Tree, values: Mapping[str, float]) -> float:
    """The oracle: Python's own evaluation of the tree's text."""
    functions = {
        "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
        "softplus": lambda x: math.log(1 + math.exp(x)),
        "relu": lambda x: (x + abs(x)) / 2,
        "sign": lambda x: (x > 0) - (x < 0),
        "abs": abs,
        "max": max,
        "min": min,
        "e": math.e,
    }
    space = {**vars(math), **functions, **{f"_{name}": value for name, value in values.items()}}
    return float(eval(_python(tree), {"__builtins__": {}}, space))


def _python(tree: Tree) -> str:
    if tree.kind == "name":
        return f"_{tree.text}"
    if tree.kind == "call":
        return f"{tree.text}({', '.join(map(_python, tree.parts))})"
    if not tree.parts:
        return tree.text
    operands = [f"({_python(part)})" for part in tree.parts]
    sign = "**" if tree.kind == "^" else tree.kind
    return f"-{operands[0]}" if tree.kind == "negative" else sign.join(operands)


def distance(one: Tree, other: Tree, regions: Sequence[Mapping[str, Sequence[float]]]) -> float:
    """The greatest relative difference at random points; infinite where one has no value."""
    numbers = random.Random(7)
    worst = 0.0
    for region in regions:
        for _ in range(20):
            point = {name: numbers.uniform(*ends) for name, ends in region.items()}
            try:
                a, b = python_value(one, point), python_value(other, point)
            except (ArithmeticError, ValueError, TypeError):
                return math.inf
            worst = max(worst, abs(a - b) / max(abs(a), abs(b), 1e-3))
    return worst
