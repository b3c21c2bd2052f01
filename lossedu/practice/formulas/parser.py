"""From the parts of a formula to its tree, by operator precedence (Pratt, 1973).

Binding powers: sums 10, a leading sign 15, products 20, powers 30.  A sign binds less than a
power, so that -x^2 is -(x^2), and more than a sum.
"""

from collections.abc import Iterable

from lossedu.practice.formulas import language
from lossedu.practice.formulas.faults import misread
from lossedu.practice.formulas.tokens import Token, tokens_of
from lossedu.practice.formulas.tree import Tree

_SUM, _SIGN, _PRODUCT, _POWER = 10, 15, 20, 30
_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}
_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|"}
_OPENING = ("(", "[", "{")
_ATOMS = ("number", "name", "constant")
_SHORT = 40
_AFTER_BARE = ("+", "-", ")", "]", "}", "|", ",")


def parse_formula(text: str, names: Iterable[str]) -> Tree:
    """Read a formula that a person typed.

    Args:
        text: The formula, at most 400 characters; `LANGUAGE` says what may stand in it.
        names: The names that it may have, as ``["p", "gamma"]``.

    Returns:
        Its tree; nothing of it is run.

    Raises:
        FormulaError: If it cannot be read; with the position and what to write.
        ValueError: If a name is no word, or that of a function.

    Example:
        >>> parse_formula("-x^2", ["x"])
        Tree(kind='negative', text='', parts=(Tree(kind='^', text='', parts=(Tree(kind='name',
        text='x', parts=()), Tree(kind='number', text='2', parts=()))),))
    """
    known = list(names)
    parser = _Parser(text, tokens_of(text, known))
    if parser.token.kind == "end":
        raise misread(0, "empty", example=known[0] if known else "1/2")
    tree = parser.expression(0)
    if parser.token.kind != "end":
        parser.refuse_rest()
    return tree


class _Parser:
    """A walk through the tokens."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.index = 0
        self.depth = 0
        self.in_bars = False  # whether a bar that opened is still to close, at this depth

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def is_sign(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > language.MOST_DEEP:
            raise misread(self.token.start, "deep", most=language.MOST_DEEP)

    def expression(self, least: int) -> Tree:
        """Read on while operators bind more than what stands before."""
        begin = self.token.start
        left = self.operand(least)
        while True:
            if self.begins_factor():
                if least >= _PRODUCT:
                    return left
                left = Tree("*", parts=(left, self.expression(_PRODUCT)))
                continue
            binding = _BINDING.get(self.token.text, 0) if self.token.kind == "sign" else 0
            if binding <= least:
                return left
            sign = self.take()
            if sign.text == "^":
                left = Tree("^", parts=(left, self.exponent()))
            else:
                left = Tree(sign.text, parts=(left, self.expression(binding)))
                if sign.text == "/" and self.begins_factor():
                    words = self.words_around(begin, sign.start, sign.end)
                    raise misread(self.token.start, "slash", **words)

    def words_around(self, begin: int, sign: int, after: int) -> dict[str, str]:
        """The three operands of a doubtful product as they were typed; letters if they are long."""
        last = self.tokens[self.index - 1].end
        factor = self.token.typed if self.token.kind != "sign" else "(...)"
        words = [self.text[begin:sign], self.text[after:last], factor]
        words = [word.strip(language.SPACES) for word in words]
        if sum(map(len, words)) > _SHORT:
            words = ["a", "b", "c"]
        return dict(zip("abc", words, strict=True))

    def begins_factor(self) -> bool:
        """Whether the next token multiplies what stands before it, without a sign."""
        token = self.token
        if token.kind == "number" and not token.raised:
            raise misread(token.start, "number after", what=token.typed)
        named = token.kind in ("name", "constant", "function")
        return named or self.is_sign(*_OPENING) or (self.is_sign("|") and not self.in_bars)

    def operand(self, least: int) -> Tree:
        """A number, a name, a call, a bracket, or one of these with a sign before it."""
        token = self.take()
        if token.kind in _ATOMS:
            return Tree(token.kind, token.text)
        if token.kind == "function":
            return self.call(token)
        if token.kind == "sign" and token.text in "+-":
            self.deeper()
            inner = self.expression(max(least, _SIGN))
            self.depth -= 1
            return inner if token.text == "+" else Tree("negative", parts=(inner,))
        if token.kind == "sign" and token.text in _OPENING:
            (inner,) = self.bracket(token, 1)
            return inner
        if token.kind == "sign" and token.text == "|":
            return self.bars(token)
        raise misread(token.start, "operand", what=token.shown)

    def bracket(self, opening: Token, most: int) -> list[Tree]:
        """What stands in brackets, separated by commas, and the closing one."""
        self.deeper()
        outside, self.in_bars = self.in_bars, False
        inner = [self.expression(0)]
        while self.is_sign(",") and most > 1:
            self.take()
            inner.append(self.expression(0))
        self.close(opening)
        self.in_bars = outside
        self.depth -= 1
        return inner

    def bars(self, opening: Token) -> Tree:
        """``|x|``."""
        if self.in_bars:
            raise misread(opening.start, "bars")
        self.deeper()
        self.in_bars = True
        inner = self.expression(0)
        self.close(opening)
        self.in_bars = False
        self.depth -= 1
        return Tree("call", "abs", (inner,))

    def close(self, opening: Token) -> None:
        closing = _CLOSING[opening.text]
        if self.is_sign(","):
            raise misread(self.token.start, "comma")
        if not self.is_sign(closing):
            words = {"open": opening.text, "what": closing, "instead": self.token.shown}
            raise misread(self.token.start, "close", **words)
        self.take()

    def call(self, function: Token) -> Tree:
        """A function and its arguments: in brackets, or one name or number."""
        if self.is_sign("^"):
            raise misread(self.token.start, "power of a function", what=function.text)
        if not self.is_sign(*_OPENING):
            return Tree("call", function.text, (self.bare(function),))
        opening = self.take()
        arguments = self.bracket(opening, language.MOST_PARTS)
        least, most = language.FUNCTIONS[function.text]
        if not least <= len(arguments) <= most:
            rule = "one argument" if most == 1 else f"{least} to {most} arguments"
            words = {"what": function.text, "rule": rule, "count": len(arguments)}
            raise misread(function.start, "arguments", **words)
        return Tree("call", function.text, tuple(arguments))

    def bare(self, function: Token) -> Tree:
        """The argument of a function without brackets: what follows must leave no doubt."""
        least, _ = language.FUNCTIONS[function.text]
        atom = self.take()
        if atom.kind not in _ATOMS or least > 1 or not self.ends_term():
            raise misread(function.start, "bare", what=function.text)
        return Tree(atom.kind, atom.text)

    def ends_term(self) -> bool:
        return self.token.kind == "end" or self.is_sign(*_AFTER_BARE)

    def exponent(self) -> Tree:
        """What stands behind ``^``: one operand, which a sign may precede."""
        start = self.token
        self.deeper()
        tree = self.expression(_POWER)
        self.depth -= 1
        last = self.tokens[self.index - 1]
        number = tree.parts[0] if tree.kind == "negative" else tree
        if number.kind == "number" and float(number.text) > language.MOST_EXPONENT:
            raise misread(start.start, "exponent", most=language.MOST_EXPONENT, what=number.text)
        if self.is_sign("^"):
            raise misread(self.token.start, "tower")
        bare = last.kind in _ATOMS and not last.raised
        if bare and self.token.kind in ("name", "constant") and self.token.start == last.end:
            words = self.words_around(start.start, start.start, start.start)
            raise misread(self.token.start, "glued", **words)
        return tree

    def refuse_rest(self) -> None:
        """Say why the formula does not end where it could."""
        if self.is_sign(")", "]", "}"):
            raise misread(self.token.start, "stray", what=self.token.typed)
        if self.is_sign(","):
            raise misread(self.token.start, "comma")
        raise misread(self.token.start, "operand", what=self.token.shown)
