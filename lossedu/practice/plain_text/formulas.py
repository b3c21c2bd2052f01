r"""TeX as a line of Unicode: ``\frac{1}{2}(y - \hat y)^2`` is ``1/2 (y − ŷ)²``.

A reader of its own for the commands that questions use.  Libraries that replace symbol by symbol
leave fractions and brackets as they are, and ``\frac{1}{2\sigma^2}`` written as ``1/2σ²`` would be
another formula: here a part gets brackets where the line would be read differently without.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from lossedu.practice.plain_text import symbols
from lossedu.practice.plain_text.pieces import (
    Piece,
    is_index,
    is_product,
    is_symbol,
    joined,
    kind_of,
)

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&]|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
_PLAIN = {"-": "−", "~": " ", "'": "′"}
_STYLES = {"mathrm", "mathbf", "mathit", "mathsf", "mathtt", "mathcal", "boldsymbol", "bm", "pmb"}
_TEXTS = {"text", "textrm", "textbf", "textit", "texttt", "mbox", "operatorname", "operatorname*"}


class TexError(ValueError):
    """TeX that this reader does not know."""


def formula_text(tex: str, *, strict: bool = False) -> str:
    r"""A formula as one line of Unicode.

    Args:
        tex: Without the dollars around it.
        strict: Whether an unknown command is an error; else its name stands in its place.

    Raises:
        TexError: If strict and something is not known, or braces do not close.

    Example:
        >>> formula_text(r"-(1-p_t)^\gamma \log p_t"), formula_text(r"\frac{x^2}{2\sigma^2}")
        ('−(1 − pₜ)^γ log pₜ', 'x²/(2σ²)')
    """
    reader = _Reader(tex, strict)
    pieces = reader.pieces_until(None)
    return joined(pieces)


class _Reader:
    """Reads tokens from left to right; each construct reads the arguments that belong to it."""

    def __init__(self, tex: str, strict: bool) -> None:
        self._tokens = [match[0] for match in _TOKEN.finditer(tex)]
        self._next = 0
        self._strict = strict
        self._in_cases = False

    def pieces_until(self, end: str | None) -> list[Piece]:
        """Pieces up to a closing token, which is read too; None for the end of the text."""
        pieces: list[Piece] = []
        while self._next < len(self._tokens):
            token = self._take()
            if token == end:
                return pieces
            pieces.extend(self._piece(token, pieces))
        if end is not None and self._strict:
            raise TexError(f"TeX must close what it opens, but lacks {end}.")
        return pieces

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1]

    def _argument(self) -> list[Piece]:
        """The group or the single token that follows."""
        while self._next < len(self._tokens) and self._tokens[self._next].isspace():
            self._next += 1
        if self._next >= len(self._tokens):
            if self._strict:
                raise TexError("TeX must give a command its argument, but ends.")
            return []
        token = self._take()
        if token == "{":
            return self.pieces_until("}")
        if token[0].isdigit() and len(token) > 1:  # \frac12 takes one digit
            self._next -= 1
            self._tokens[self._next] = token[1:]
            token = token[0]
        return list(self._piece(token, []))

    def _raw(self) -> str:
        """The text of a group as it stands, for words and names."""
        if self._next >= len(self._tokens) or self._take() != "{":
            return self._tokens[self._next - 1]
        depth, parts = 1, []
        while self._next < len(self._tokens):
            token = self._take()
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            parts.append(token)
        return "".join(parts)

    def _piece(self, token: str, before: list[Piece]) -> Iterator[Piece]:
        if token.startswith("\\") and len(token) > 1:
            yield from self._command(token[1:])
        elif token == "{":
            yield from self.pieces_until("}")
        elif token in "^_":
            yield self._script(token, before)
        elif token == "}":
            if self._strict:
                raise TexError("TeX must open what it closes, but has a brace too many.")
        elif token == "&":
            if self._in_cases and not (before and before[-1].text == ","):
                yield Piece(",", "mark")
        elif not token.isspace():
            yield Piece(_PLAIN.get(token, token), kind_of(token))

    def _script(self, token: str, before: list[Piece]) -> Piece:
        text = joined(self._argument())
        while before and before[-1].kind == "space":
            before.pop()
        base = before.pop() if before else Piece("")
        table = symbols.RAISED if token == "^" else symbols.LOWERED
        tight = text.replace(" ", "")
        if text == "′":
            return Piece(base.text + text, base.kind)
        if tight and all(ord(letter) in table for letter in tight):
            return Piece(base.text + tight.translate(table), base.kind)
        fits = is_symbol(text) if token == "^" else is_index(text)
        shown = text if fits else f"({text})"
        return Piece(f"{base.text}{token}{shown}", base.kind)

    def _command(self, name: str) -> Iterator[Piece]:
        if name in symbols.LETTERS:
            yield Piece(symbols.LETTERS[name])
        elif name in symbols.FUNCTIONS:
            yield Piece(name, "word")
        elif name in symbols.LARGE:
            yield Piece(symbols.LARGE[name], "word")
        elif kind := next((kind for table, kind in _TABLES if name in table), ""):
            table = next(table for table, _ in _TABLES if name in table)
            yield Piece(table[name], kind)
        elif name in symbols.SPACES:
            yield Piece(symbols.SPACES[name], "space")
        elif name in symbols.SILENT:
            self._skip_empty_delimiter(name)
        elif name in _STRUCTURES:
            yield from _STRUCTURES[name](self)
        elif name in symbols.ACCENTS:
            yield self._accented(symbols.ACCENTS[name])
        elif name in _STYLES:
            yield Piece(text := joined(self._argument()), "atom" if len(text) == 1 else "word")
        elif name in _TEXTS:
            yield from self._words()
        elif self._strict:
            raise TexError(f"TeX must use commands that a terminal can show, but has \\{name}.")
        else:
            yield Piece(name, "word")

    def _skip_empty_delimiter(self, name: str) -> None:
        follows = self._tokens[self._next] if self._next < len(self._tokens) else ""
        if name in ("left", "right") and follows == ".":
            self._next += 1

    def _words(self) -> Iterator[Piece]:
        raw = self._raw()
        text = re.sub(r"\$([^$]*)\$", lambda m: formula_text(m[1], strict=self._strict), raw)
        text = re.sub(r"\\[,;: ]", " ", text).replace("~", " ")
        yield Piece(re.sub(r"\\([%&#_$])", r"\1", text).strip(), "word")

    def _accented(self, mark: str) -> Piece:
        text = joined(self._argument())
        return Piece(unicodedata.normalize("NFC", text[:1] + mark) + text[1:])

    def _fraction(self) -> Iterator[Piece]:
        above, below = (joined(self._argument()) for _ in range(2))
        above = above if is_product(above) else f"({above})"
        below = below if is_symbol(below) else f"({below})"
        yield Piece(f"{above}/{below}", "fraction")

    def _root(self) -> Iterator[Piece]:
        degree = ""
        if self._next < len(self._tokens) and self._tokens[self._next] == "[":
            self._next += 1
            degree = joined(self.pieces_until("]")).translate(symbols.RAISED)
        text = joined(self._argument())
        yield Piece(f"{degree}√{text if len(text) == 1 else f'({text})'}")

    def _binomial(self) -> Iterator[Piece]:
        above, below = (joined(self._argument()) for _ in range(2))
        yield Piece(f"C({above}, {below})")

    def _blackboard(self) -> Iterator[Piece]:
        text = joined(self._argument())
        yield Piece(symbols.BLACKBOARD.get(text, text))

    def _braced(self) -> Iterator[Piece]:
        yield from self._argument()

    def _environment(self) -> Iterator[Piece]:
        name = self._raw()
        if name == "array":
            self._raw()
        outside, self._in_cases = self._in_cases, name in _WITH_COMMAS
        text = "; ".join(filter(None, self._rows()))
        self._in_cases = outside
        if name == "cases":
            text = f"{{ {text} }}"
        elif name in _WITH_COMMAS:
            text = f"[{text}]"
        yield Piece(text, "word")

    def _rows(self) -> list[str]:
        rows: list[list[Piece]] = [[]]
        while self._next < len(self._tokens):
            token = self._take()
            if token == r"\end":
                self._raw()
                break
            if token == r"\\":
                rows.append([])
            else:
                rows[-1].extend(self._piece(token, rows[-1]))
        return list(map(joined, rows))


_WITH_COMMAS = {"cases", "array", "matrix", "pmatrix", "bmatrix"}
_TABLES = (
    (symbols.OPERATORS, "binary"),
    (symbols.RELATIONS, "relation"),
    (symbols.OPENING, "open"),
    (symbols.CLOSING, "closed"),
    ({"|": "‖", "vert": "|", "Vert": "‖", "backslash": "\\"}, "atom"),
    ({"\\": "; "}, "mark"),
)
_STRUCTURES: dict[str, Callable[[_Reader], Iterator[Piece]]] = {
    "frac": _Reader._fraction,
    "tfrac": _Reader._fraction,
    "dfrac": _Reader._fraction,
    "sqrt": _Reader._root,
    "binom": _Reader._binomial,
    "mathbb": _Reader._blackboard,
    "underbrace": _Reader._braced,
    "overbrace": _Reader._braced,
    "begin": _Reader._environment,
}
