"""What is said of a formula that cannot be read, and of one that has no value.

The texts are the same in ``book/_static/practice/formulas.js``.
"""

from collections.abc import Mapping

READING: Mapping[str, str] = {
    "empty": "A formula must stand here, but there is none. Hint: type one, for example {example}.",
    "long": "A formula must have at most {most} characters, but this one has {count}.",
    "parts": "A formula must have at most {most} parts, but this one has more. Hint: simplify it.",
    "deep": "Brackets must be nested at most {most} deep, but these go deeper. "
    "Hint: simplify the formula.",
    "character": "A formula must consist of names, numbers, + - * / ^ and brackets, "
    "but “{what}” stands here.",
    "equals": "The answer must be one side of an equation alone, but “{what}” stands here. "
    "Hint: type only what stands on the right.",
    "latex": "A formula must be typed as text, but “{what}” belongs to LaTeX. "
    "Hint: write a/b for a fraction, gamma for γ, log(p) without a backslash.",
    "compares": "A formula must have no comparison, but “{what}” stands here. "
    "Hint: max, min, abs, sign and step say the same.",
    "derivative": "Derivatives and sums must be worked out, but “{what}” stands here.",
    "percent": "A formula must have no percent sign. Hint: write 0.05 for 5%.",
    "digits": "A number must have at most {most} digits, but this one has {count}. "
    "Hint: round it, or write it exactly, as in log(2) or 1/3.",
    "magnitude": "A number must lie between 1e-30 and 1e30, but this one is {what}.",
    "point": "A number must have one decimal point, but “{what}” has more.",
    "thousands": "A number must be written without commas, but “{what}” has one. "
    "Hint: write {instead}.",
    "comma": "A comma must stand between the arguments of a function. "
    "Hint: write decimals with a point, as in 0.5.",
    "operand": "A number, a name or a bracket must stand here, but {what}.",
    "close": "“{open}” must be closed by “{what}”, but {instead}.",
    "stray": "“{what}” must close a bracket, but none is open. Hint: remove it or open one.",
    "bars": "Bars | | must not stand directly in each other. Hint: write abs(x) for |x|.",
    "number after": "A number must stand before what it multiplies, but “{what}” comes after. "
    "Hint: write * before it, or ^ for a power.",
    "slash": "A product after “/” must be bracketed, for it can be read in two ways. "
    "Hint: write ({a}/{b})*{c} or {a}/({b}*{c}).",
    "tower": "A power of a power must be bracketed, for it can be read in two ways. "
    "Hint: write (a^b)^c or a^(b*c).",
    "exponent": "An exponent must be at most {most} in size, but this one is {what}.",
    "glued": "A name must not follow an exponent directly, for it can be read in two ways. "
    "Hint: write ^{b}*{c} or ^({b}*{c}).",
    "bare": "{what} must have brackets here. Hint: write {what}(...); "
    "only one name or number, as in {what} x + 1, needs none.",
    "power of a function": "The power of a function must stand behind its brackets. "
    "Hint: write {what}(...)^2.",
    "arguments": "{what} must have {rule}, but has {count}.",
    "two readings": "“{what}” must have one meaning, but can be read as {readings}. "
    "Hint: write the one that you mean.",
    "notation": "“{what}” must have one meaning, but can be read as a number or as a product "
    "with e. Hint: write {product} or a number without e.",
    "product": "“{what}” must be a name. Hint: as a product, write {product}.",
    "digit": "“{what}” must be a name. Hint: write {base}^{number} for a power, "
    "{number}*{base} for a product.",
    "near": "“{what}” must be a name that this formula has. Hint: did you mean {near}?",
    "name": "“{what}” must be a name that this formula has: {names}.",
    "no names": "“{what}” must be a number, for there are no names here.",
    "number": "The answer must be one number, but has none. Hint: 0.25, 1/4 and 25% are read.",
}
"""Why a text cannot be read, by the kind of fault."""

UNDEFINED: Mapping[str, str] = {
    "zero": "it divides by zero",
    "log": "it takes the logarithm of a number that is not positive",
    "sqrt": "it takes the square root of a negative number",
    "arc": "it takes asin or acos of a number outside of [-1, 1]",
    "logit": "it takes logit of a number outside of (0, 1)",
    "power": "it raises a negative number to a power that is no integer",
    "zero power": "it raises zero to a power that is not positive",
    "large": "a value is beyond 1e300",
    "lost": "large terms cancel and no digits are left; simplify it",
}
"""Why a formula has no value, by the kind of fault."""


class FormulaError(ValueError):
    """A text is no formula.

    Attributes:
        position: Index of the character where reading stopped.
        says: What must stand there, what does, and what to write.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> try:
        ...     parse_formula("1/2p", ["p"])
        ... except FormulaError as error:
        ...     print(error.position, error)
        3 A product after “/” must be bracketed, for it can be read in two ways. Hint: write
        (1/2)*p or 1/(2*p).
    """

    def __init__(self, position: int, says: str) -> None:
        super().__init__(position, says)
        self.position = position
        self.says = says

    def __str__(self) -> str:
        return self.says


class UndefinedError(ArithmeticError):
    """A formula has no value at a point.

    Attributes:
        says: Why: a part of a sentence about the formula.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.says = UNDEFINED[fault]

    def __str__(self) -> str:
        return f"A formula must have a value, but {self.says}."


def visible(char: str) -> str:
    """A character for a message: one that cannot be seen or would do harm by its number."""
    code = ord(char)
    hidden = code < 0x20 or 0x7F <= code < 0xA0 or 0x200B <= code < 0x2010
    hidden = hidden or 0x2028 <= code < 0x2030 or 0x2060 <= code < 0x2070
    return f"U+{code:04X}" if hidden or 0xD800 <= code < 0xE000 else char


def misread(position: int, fault: str, **words: object) -> FormulaError:
    """The error for a fault of `READING` at a position."""
    return FormulaError(position, READING[fault].format(**words))
