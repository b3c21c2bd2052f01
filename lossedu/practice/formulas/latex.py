"""A formula as LaTeX, for the eye: fractions, raised exponents, as few brackets as can be."""

from lossedu.practice.formulas.language import GREEK
from lossedu.practice.formulas.tree import Tree

_GREEK = set(GREEK.values())
_OPERATORS = {
    "acos": r"\arccos",
    "asin": r"\arcsin",
    "atan": r"\arctan",
    "cos": r"\cos",
    "cosh": r"\cosh",
    "exp": r"\exp",
    "log": r"\log",
    "log10": r"\log_{10}",
    "log2": r"\log_{2}",
    "max": r"\max",
    "min": r"\min",
    "sigmoid": r"\sigma",
    "sin": r"\sin",
    "sinh": r"\sinh",
    "tan": r"\tan",
    "tanh": r"\tanh",
}
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde"}
_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_LEVELS = {"+": _SUM, "-": _SUM, "negative": _SUM, "*": _PRODUCT, "^": _POWER}


def latex_of(tree: Tree) -> str:
    r"""The formula as LaTeX, without delimiters.

    Args:
        tree: What `parse_formula` read.

    Example:
        >>> from lossedu.practice.formulas import parse_formula
        >>> print(latex_of(parse_formula("-(1-p)^gamma log(p_t)/2", ["p", "p_t", "gamma"])))
        -\frac{(1 - p)^{\gamma} \log(p_{t})}{2}
    """
    kind, parts = tree.kind, tree.parts
    if kind == "number":
        return _number(tree.text)
    if kind == "constant":
        return {"e": "e", "pi": r"\pi"}[tree.text]
    if kind == "name":
        return _name(tree.text)
    if kind == "call":
        return _call(tree)
    if kind == "negative":
        return f"-{_bracketed(parts[0], _PRODUCT)}"
    if kind == "/":
        return rf"\frac{{{latex_of(parts[0])}}}{{{latex_of(parts[1])}}}"
    if kind == "^":
        return _power(tree)
    if kind == "*":
        return _product(tree)
    right = _bracketed(parts[1], _PRODUCT if kind == "-" or _leads_with_sign(parts[1]) else _SUM)
    return f"{latex_of(parts[0])} {kind} {right}"


def _level(tree: Tree) -> int:
    return _LEVELS.get(tree.kind, _ATOM)


def _bracketed(tree: Tree, least: int) -> str:
    text = latex_of(tree)
    return text if _level(tree) >= least else _in_brackets(text)


def _in_brackets(text: str) -> str:
    """Brackets that grow where something tall stands in them."""
    tall = "\\frac" in text or "\\sqrt" in text
    return rf"\left({text}\right)" if tall else f"({text})"


def _leads_with_sign(tree: Tree) -> bool:
    """Whether the text of a tree begins with a minus."""
    while tree.kind in ("+", "-", "*"):
        tree = tree.parts[0]
    return tree.kind == "negative"


def _product(tree: Tree) -> str:
    left, right = tree.parts
    before = _bracketed(left, _PRODUCT)
    after = _bracketed(right, _PRODUCT)
    first = right
    while first.kind in ("*", "^"):
        first = first.parts[0]
    digits = first.kind == "number" or (first.kind == "/" and _ends_in_digit(left))
    return rf"{before} \cdot {after}" if digits else f"{before} {after}"


def _ends_in_digit(tree: Tree) -> bool:
    while tree.kind == "*":
        tree = tree.parts[1]
    return tree.kind == "number"


def _power(tree: Tree) -> str:
    base, exponent = tree.parts
    raised = latex_of(exponent)
    if base.kind == "call" and base.text in _OPERATORS and base.text not in ("log2", "log10"):
        return f"{_OPERATORS[base.text]}^{{{raised}}}{_arguments(base)}"
    open_number = base.kind == "number" and "e" in base.text
    text = latex_of(base)
    if _level(base) < _ATOM or base.kind == "/" or open_number:
        text = _in_brackets(text)
    elif base.kind == "name" and text.startswith(tuple(_ACCENTS.values())):
        text = f"{{{text}}}"
    return f"{text}^{{{raised}}}"


def _call(tree: Tree) -> str:
    if tree.text == "sqrt":
        return rf"\sqrt{{{latex_of(tree.parts[0])}}}"
    if tree.text == "abs":
        return rf"\left|{latex_of(tree.parts[0])}\right|"
    name = _OPERATORS.get(tree.text) or rf"\operatorname{{{tree.text}}}"
    return name + _arguments(tree)


def _arguments(tree: Tree) -> str:
    text = _in_brackets(", ".join(map(latex_of, tree.parts)))
    return f"{{{text}}}" if text.startswith("\\left") else text  # no space after the function


def _number(text: str) -> str:
    mantissa, _, power = text.partition("e")
    if not power:
        return mantissa
    factor = "" if mantissa == "1" else rf"{mantissa} \cdot "
    return f"{factor}10^{{{power}}}"


def _name(name: str) -> str:
    base, *rest = [part for part in name.split("_") if part]
    digits = base[len(base.rstrip("0123456789")) :]
    if digits:
        base, rest = base[: -len(digits)], [digits, *rest]
    text = base if len(base) == 1 else _long(base)
    if rest and rest[0] in _ACCENTS:
        text, rest = f"{_ACCENTS[rest[0]]}{{{text}}}", rest[1:]
    subscript = ", ".join(part if len(part) == 1 else _long(part) for part in rest)
    return f"{text}_{{{subscript}}}" if subscript else text


def _long(part: str) -> str:
    if part in _GREEK:
        return rf"\{part}"
    return part if part.isdigit() else rf"\mathrm{{{part}}}"
