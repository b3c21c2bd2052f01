"""Fill values into words: ``{p}`` and ``{share:.3g}``, as a person writes numbers.

Outside of formulas and code a minus sign is typographic, and ``{{`` and ``}}`` are braces.  Within
``$...$`` the braces around a value stay, so that ``p^{gamma}`` becomes ``p^{2}``; where TeX or
Python is to have the name itself in braces, a space keeps it: ``{ p}``.
"""

import re
from collections.abc import Mapping

from lossedu.practice.families.expressions import Value, scalars
from lossedu.practice.families.faults import FamilyError

_SPANS = re.compile(
    r"(```.*?```|`[^`\n]+`|\$\$.*?\$\$|(?<!\\)\$[^$\n]+(?:\n[^$\n]+)*\$)", re.DOTALL
)
_FIELD = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)(?::([^{}]*))?\}")
_FIELD_OR_BRACE = re.compile(rf"\{{\{{|\}}\}}|{_FIELD.pattern}")
_OPEN, _CLOSED = "\ue000", "\ue001"
_EXPONENT = re.compile(r"e([+-])0*(\d+)$")
_DIGITS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SPEC = re.compile(r"[-+]?,?(?:\.\d+)?[dfge%]?|s")


def filled(text: str, values: Mapping[str, Value]) -> str:
    """A text in which each ``{name}`` of a value has become the value.

    Raises:
        FamilyError: If a name is unknown, a format is no format, or a brace is left.

    Example:
        >>> filled("At {z} it is $p^{gamma}$, not {p:.2g}.", {"z": -1, "gamma": 2.0, "p": 0.123})
        'At −1 it is $p^{2}$, not 0.12.'
    """
    known = {**values, **scalars(values)}
    parts = _SPANS.split(text)
    return "".join(_part(part, known) for part in parts)


def names_in(text: str) -> set[str]:
    """The names that a text may fill in, an array's for an entry of it.

    Example:
        >>> sorted(names_in("At {z} the second is {y_2:.3g}."))
        ['y', 'y_2', 'z']
    """
    names = {match[1] for match in _FIELD.finditer(text)}
    return names | {name.rpartition("_")[0] for name in names} - {""}


def _part(part: str, values: Mapping[str, Value]) -> str:
    math = part.startswith("$")
    code = part.startswith("`")
    block = part.startswith("```")

    def field(match: re.Match[str]) -> str:
        name, spec = match[1], match[2] or ""
        if name is None:
            return _OPEN if match[0] == "{{" else _CLOSED
        if name not in values:
            if block or ((math or code) and match[2] is None):
                return match[0]  # a group of TeX, a set or an f-string of Python
            raise FamilyError(f"a text must fill in known names, but {match[0]} is none of them.")
        value = written(values[name], spec, style="math" if math else "code" if code else "text")
        return f"{{{value}}}" if math else value

    done = (_FIELD if math or code else _FIELD_OR_BRACE).sub(field, part)
    if not (math or code) and ("{" in done or "}" in done):
        raise FamilyError(f"a text must close its braces, but {part.strip()[:60]!r} does not.")
    return done.replace(_OPEN, "{").replace(_CLOSED, "}")


def written(value: Value, spec: str = "", style: str = "text") -> str:
    r"""A value as a person writes it.

    Args:
        value: A number, a word, or a tuple of them.
        spec: A format of Python's for numbers, such as ``.3g``; else as many decimals as it has.
        style: ``"text"``, ``"math"`` (TeX) or ``"code"``.

    Example:
        >>> written(0.1 + 0.2), written(-2e-7), written((1.0, -2)), written(-2e-7, style="math")
        ('0.3', '−2 × 10⁻⁷', '[1, −2]', '-2 \\times 10^{-7}')
    """
    if isinstance(value, tuple):
        return "[" + ", ".join(written(part, spec, style) for part in value) + "]"
    if isinstance(value, (str, bool)):
        return str(value)
    if not _SPEC.fullmatch(spec):
        raise FamilyError(f"a format must be one for numbers, such as .3g, but is {spec!r}.")
    if not spec and float(value).is_integer() and abs(value) < 1e15:
        spec, value = "d", int(value)
    text = format(int(value) if spec.endswith("d") else value, spec or ".12g")
    return _scientific(_without_zero_sign(text), style)


def _without_zero_sign(text: str) -> str:
    """0.00 for -0.00."""
    return text.removeprefix("-") if re.fullmatch(r"-0(\.0*)?%?", text) else text


def _scientific(text: str, style: str) -> str:
    if style == "code":
        return text
    exponent = _EXPONENT.search(text)
    if exponent:
        power = exponent[1].replace("+", "") + exponent[2]
        tail = rf" \times 10^{{{power}}}" if style == "math" else f" × 10{power.translate(_DIGITS)}"
        text = text[: exponent.start()] + tail
    if style == "math":
        return text.replace("%", r"\%").replace(",", "{,}")
    return "−" + text[1:] if text.startswith("-") else text
