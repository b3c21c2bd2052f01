"""From characters to the parts of a formula: numbers, names, functions, signs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lossedu.practice.formulas import language
from lossedu.practice.formulas.faults import FormulaError, misread, visible
from lossedu.practice.formulas.words import Vocabulary

_WORD = language.LETTERS + language.DIGITS + "_"


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a formula.

    Attributes:
        kind: ``number``, ``name``, ``constant``, ``function``, ``sign`` or ``end``.
        text: What it means; for a sign one of ``+ - * / ^ ( ) [ ] { } | ,``.
        start: Index of its first character.
        end: Index behind its last one.
        raised: Whether it stood in superscript.
        typed: The characters themselves.
    """

    kind: str
    text: str
    start: int
    end: int
    raised: bool = False
    typed: str = ""

    @property
    def shown(self) -> str:
        """The token as a part of a message."""
        return "the formula ends" if self.kind == "end" else f"“{self.typed}” stands here"


def tokens_of(text: str, names: Iterable[str]) -> list[Token]:
    """The parts of a formula, and an end.

    Args:
        text: What was typed.
        names: The names that the formula may have.

    Raises:
        FormulaError: At the first character that cannot be read.
    """
    if len(text) > language.MOST_CHARACTERS:
        raise misread(
            language.MOST_CHARACTERS, "long", most=language.MOST_CHARACTERS, count=len(text)
        )
    if "=" in text:  # before what stands on its left is taken for an unknown name
        raise misread(text.index("="), "equals", what="=")
    parts: list[Token] = []
    for token in _Scanner(text, Vocabulary(names)).run():
        parts.append(token)
        if len(parts) > language.MOST_PARTS:
            raise misread(token.start, "parts", most=language.MOST_PARTS)
    return [*parts, Token("end", "", len(text), len(text))]


class _Scanner:
    """A walk through the characters."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.index = 0

    def char(self, ahead: int = 0) -> str:
        """A character from the index on; empty behind the last."""
        return self.text[self.index + ahead : self.index + ahead + 1]

    def while_in(self, characters: str) -> str:
        """Take all characters that are among some."""
        start = self.index
        while self.char() and self.char() in characters:
            self.index += 1
        return self.text[start : self.index]

    def run(self) -> Iterator[Token]:
        while True:
            self.while_in(language.SPACES)
            char = self.char()
            if not char:
                return
            sign = language.SIGNS.get(char, char)
            if char in language.DIGITS or (char == "." and self.char(1) in (*language.DIGITS,)):
                yield self.number()
            elif char in language.LETTERS or char in language.GREEK or char in language.MARKED:
                yield from self.word()
            elif char in language.SUPERSCRIPTS or char == language.SUPERSCRIPT_MINUS:
                yield from self.superscript()
            elif char == "√":
                yield self.sign("function", "sqrt", 1)
            elif self.text.startswith("**", self.index):
                yield self.sign("sign", "^", 2)
            elif sign in language.OPERATORS:
                yield self.sign("sign", sign, 1)
            else:
                fault = language.REFUSED.get(char, "character")
                raise misread(self.index, fault, what=visible(char))

    def sign(self, kind: str, text: str, length: int) -> Token:
        start = self.index
        self.index += length
        return Token(kind, text, start, self.index, typed=self.text[start : self.index])

    def number(self) -> Token:
        start = self.index
        self.while_in(language.DIGITS + ".")
        mantissa = self.text[start : self.index]
        if mantissa.count(".") > 1:
            raise misread(start, "point", what=mantissa)
        digits = mantissa.replace(".", "").lstrip("0")
        if len(digits) > language.MOST_DIGITS or len(mantissa) > 2 * language.MOST_DIGITS:
            raise misread(start, "digits", most=language.MOST_DIGITS, count=len(digits))
        self.thousands(start, mantissa)
        power = self.exponent(start)
        typed = self.text[start : self.index]
        magnitude = len(mantissa.partition(".")[0].lstrip("0")) + int(power or 0)
        if digits and abs(magnitude) > language.MOST_MAGNITUDE:
            raise misread(start, "magnitude", what=typed)
        whole, _, fraction = mantissa.partition(".")
        plain = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
        text = f"{plain}e{int(power)}" if power and int(power) else plain
        return Token("number", text, start, self.index, typed=typed)

    def exponent(self, start: int) -> str:
        """The power of ten of a number, if it has one: ``e`` and digits without a space."""
        before = self.index
        if self.char() not in ("e", "E"):
            return ""
        self.index += 1
        sign = self.char() if self.char() in ("+", "-", "−") else ""
        self.index += len(sign)
        digits = self.while_in(language.DIGITS)
        if not digits:
            self.index = before
            return ""
        typed = self.text[start : self.index]
        named = "e" in self.vocabulary.names and self.text[before] == "e"
        if named or self.char() in (*language.LETTERS, "_"):
            product = f"{self.text[start:before]}*{self.text[before : self.index]}"
            raise misread(start, "notation", what=typed, product=product)
        if len(digits.lstrip("0")) > 2:
            raise misread(start, "magnitude", what=typed)
        return ("" if sign in ("", "+") else "-") + digits

    def thousands(self, start: int, mantissa: str) -> None:
        """Refuse 1,000 and 0,5 unless the comma is one between arguments."""
        if self.char() != "," or self.char(1) not in (*language.DIGITS,):
            return
        if any(opening in self.text[:start] for opening in "([{"):
            return
        comma = self.index
        self.index += 1
        fraction = self.while_in(language.DIGITS)
        instead = f"{mantissa}.{fraction}"
        if len(fraction) == 3 and not mantissa.startswith(("0", ".")):
            instead += f" or {mantissa}{fraction}"
        raise misread(comma, "thousands", what=f"{mantissa},{fraction}", instead=instead)

    def word(self) -> Iterator[Token]:
        """A word: letters, digits and _; or one Greek or marked letter and its subscript."""
        start = self.index
        char = self.char()
        self.index += 1
        if char in language.LETTERS:
            word = char + self.while_in(_WORD)
        else:
            word = language.GREEK.get(char) or language.MARKED[char]
        if self.char() and self.char() in language.MARKS:
            word += language.MARKS[self.char()]
            self.index += 1
        if word.endswith("_") and self.char() == "{":
            word = word[:-1]
            self.index -= 1
        word += self.subscript()
        typed = self.text[start : self.index]
        try:
            meanings = self.vocabulary.meanings(word, typed)
        except FormulaError as error:
            raise FormulaError(start, error.says) from None
        length = 1 if len(meanings) > 1 else self.index - start
        for offset, (kind, meaning) in enumerate(meanings):
            begin = start + offset
            shown = self.text[begin : begin + length]
            yield Token(kind, meaning, begin, begin + length, typed=shown)

    def subscript(self) -> str:
        """What stands below a name: ``_t``, ``_{t}`` or digits such as ₁."""
        low = self.while_in(language.SUBSCRIPTS)
        if low or self.char() != "_":
            return "".join(str(language.SUBSCRIPTS.index(digit)) for digit in low)
        start = self.index
        braced = self.char(1) == "{"
        self.index += 2 if braced else 1
        below = self.while_in(_WORD)
        if not below or (braced and self.char() != "}"):
            self.index = start
            return ""
        self.index += braced
        return f"_{below}"

    def superscript(self) -> Iterator[Token]:
        start = self.index
        minus = self.char() == language.SUPERSCRIPT_MINUS
        self.index += minus
        raised = self.while_in(language.SUPERSCRIPTS)
        if not raised:
            raise misread(start, "character", what=language.SUPERSCRIPT_MINUS)
        digits = "".join(str(language.SUPERSCRIPTS.index(digit)) for digit in raised)
        if len(digits) > language.MOST_DIGITS:
            raise misread(start, "digits", most=language.MOST_DIGITS, count=len(digits))
        typed = self.text[start : self.index]
        yield Token("sign", "^", start, self.index, typed=typed)
        if minus:
            yield Token("sign", "-", start, self.index, typed=typed)
        plain = digits.lstrip("0") or "0"
        yield Token("number", plain, start, self.index, raised=True, typed=typed)
