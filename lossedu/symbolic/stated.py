r"""LaTeX of a formula in the order and grouping in which its text has it.

SymPy sorts the terms of a sum and the factors of a product; a person writes ``1 - gamma*p`` and
means it.  The text of a formula is Python: its syntax tree keeps the order, and this module prints
that tree.  What the text is *worth* is SymPy's affair, which reads the same text.

Beside SymPy's functions a text may use ``E(x)`` (an expectation), ``At(f, x, a)`` (f at x = a) and
``Part(f, "words")`` (f with words in a brace below it).
"""

import ast
import re
from collections.abc import Callable, Sequence
from functools import cache

import sympy as sp

_ADD, _MULTIPLY, _POWER, _ATOM = 1, 2, 3, 4
"""How tightly an expression holds together."""

LETTERS = {
    "quantile": r"\tau",
    "exponent": "k",
    "margin": "m",
    "power": "p",
    "temperature": "T",
    "smooth": r"\kappa",
    "smoothing": r"\varsigma",
    "label_smoothing": r"\varepsilon",
    "epsilon": r"\varepsilon",
    "pos_weight": "w",
}
"""Options that formulas write as a letter."""

_RELATIONS = {ast.Eq: "=", ast.GtE: r"\ge", ast.LtE: r"\le", ast.Gt: ">", ast.Lt: "<"}
_OPEN = ("log", "Sum", "Integral", "Limit", "Largest", "Derivative", "E")
"""What would take in a factor that stands behind it, unless brackets close it."""

_TALL = re.compile(r"\\(frac|sum|int|max_|underbrace|begin|left\.)")
_Arguments = Sequence[ast.expr]


def stated(text: str) -> str:
    r"""LaTeX of a formula as its text has it.

    Args:
        text: A Python expression in the symbols of the package.

    Returns:
        LaTeX source without delimiters.

    Raises:
        ValueError: If the text is no expression, or uses what has no printed form.

    Example:
        >>> print(stated("1 - gamma*p"))
        1 - \gamma p
        >>> print(stated("(p - q)/(p*(1 - p))"))
        \frac{p - q}{p (1 - p)}
    """
    return latex_of(syntax_tree(text))


def syntax_tree(text: str) -> ast.expr:
    """The syntax tree of a formula's text; raises ValueError if it is no Python expression."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"formula must be a Python expression, but is {text!r}.") from error


def latex_of(node: ast.expr) -> str:
    """LaTeX of a syntax tree; raises ValueError if a part of it has no printed form."""
    for kind, printed in _PRINTERS.items():
        if isinstance(node, kind):
            return printed(node)
    raise ValueError(f"formula must have a printed form, but {ast.unparse(node)!r} has none.")


@cache
def letter(name: str) -> str:
    r"""LaTeX of a name: Greek letters, accents; words below a letter and abbreviations upright.

    Example:
        >>> print(letter("ell_focal"), letter("z_1"), letter("quantile"), letter("ybar"))
        \ell_{\text{focal}} z_{1} \tau \bar{y}
        >>> print(letter("DCG_k"), letter("log_2"))
        \mathrm{DCG}_{k} \log_{2}
    """
    if name in LETTERS:
        return LETTERS[name]
    base, _, below = name.partition("_")
    if len(below) > 2 and below.isalpha() and below.islower():
        return rf"{letter(base)}_{{\text{{{below}}}}}"
    if base == "log" or (len(base) > 1 and base.isupper()):  # an abbreviation is no product
        upright = r"\log" if base == "log" else rf"\mathrm{{{base}}}"
        return rf"{upright}_{{{letter(below)}}}" if below else upright
    return str(sp.latex(sp.oo if name == "oo" else sp.Symbol(name)))


def _function(node: ast.expr) -> str:
    """The name of the function that a tree calls, or nothing."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _rank(node: ast.expr) -> int:
    if isinstance(node, (ast.UnaryOp, ast.Compare)):
        return _ADD
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return _ADD
        if isinstance(node.op, ast.Pow):
            return _POWER
        starts_with_minus = isinstance(_factors(node)[0], ast.UnaryOp)
        return _ADD if starts_with_minus and isinstance(node.op, ast.Mult) else _MULTIPLY
    if _function(node) in _OPEN:
        return _MULTIPLY
    return _POWER if _function(node) in ("exp", "At") else _ATOM


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)" if _TALL.search(text) else f"({text})"


def _within(node: ast.expr, rank: int) -> str:
    """LaTeX of a tree, in brackets if it holds together less tightly than asked."""
    text = latex_of(node)
    return text if _rank(node) >= rank else _bracketed(text)


def _binary(node: ast.BinOp) -> str:
    left, right = node.left, node.right
    if isinstance(node.op, (ast.Add, ast.Sub)):
        sign = "+" if isinstance(node.op, ast.Add) else "-"
        return f"{latex_of(left)} {sign} {_within(right, _MULTIPLY)}"
    if isinstance(node.op, ast.Mult):
        return _product(node)
    if isinstance(node.op, ast.Div):
        return rf"\frac{{{latex_of(left)}}}{{{latex_of(right)}}}"
    if isinstance(node.op, ast.Pow):
        return f"{_within(left, _ATOM)}^{{{latex_of(right)}}}"
    raise ValueError(f"formula must use + - * / **, but is {ast.unparse(node)!r}.")


def _factors(node: ast.expr) -> list[ast.expr]:
    """The factors of a product from left to right; one in brackets stays one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), node.right]
    return [node]


def _product(node: ast.BinOp) -> str:
    factors, text, dot = _factors(node), "", False
    if isinstance(factors[0], ast.UnaryOp):  # the minus of the first factor is the product's
        text, factors[0] = "-", factors[0].operand
    for factor in factors:
        printed = _factor(factor) if factor is factors[-1] else _closed(factor)
        between = r" \cdot " if dot or printed[0].isdigit() else " "
        text += printed if text in ("", "-") else between + printed
        dot = _function(factor) == "log"  # its bracket ends here, the next one is no part of it
    return text


def _factor(node: ast.expr) -> str:
    group = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    return _bracketed(latex_of(node)) if group else _within(node, _MULTIPLY)


def _closed(node: ast.expr) -> str:
    """A factor that another one follows."""
    if isinstance(node, ast.Call) and _function(node) == "log":
        return r"\log " + _bracketed(latex_of(node.args[0]))
    return _bracketed(latex_of(node)) if _function(node) in _OPEN else _factor(node)


def _minus(node: ast.UnaryOp) -> str:
    if not isinstance(node.op, ast.USub):
        raise ValueError(f"formula must use + - * / **, but is {ast.unparse(node)!r}.")
    return f"-{_within(node.operand, _MULTIPLY)}"


def _constant(node: ast.Constant) -> str:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise ValueError(f"formula must hold numbers, but holds {node.value!r}.")
    return str(node.value)


def _comparison(node: ast.Compare) -> str:
    parts = [latex_of(node.left)]
    for operator, side in zip(node.ops, node.comparators, strict=True):
        parts += [_RELATIONS[type(operator)], latex_of(side)]
    return " ".join(parts)


def _call(node: ast.Call) -> str:
    name = _function(node)
    if name in _CALLS:
        return _CALLS[name](node.args)
    return _named(rf"\{name}" if name in ("cos", "cosh") else letter(name))(node.args)


def _named(name: str) -> Callable[[_Arguments], str]:
    return lambda arguments: name + _bracketed(", ".join(map(latex_of, arguments)))


def _log(arguments: _Arguments) -> str:
    inner = latex_of(arguments[0])
    bare = isinstance(arguments[0], (ast.Name, ast.Subscript, ast.Constant))
    return rf"\log {inner}" if bare else rf"\log {_bracketed(inner)}"


def _slope(arguments: _Arguments) -> str:
    what, by = arguments
    symbol, order = by.elts if isinstance(by, ast.Tuple) else (by, None)
    power = "" if order is None else f"^{{{latex_of(order)}}}"
    names = {node.id for node in ast.walk(what) if isinstance(node, ast.Name)} - set(_CALLS)
    d = "d" if names == {ast.unparse(symbol)} or _function(what) == "E" else r"\partial"
    below = rf"{d} {latex_of(symbol)}{power}"
    if isinstance(what, ast.Name):
        return rf"\frac{{{d}{power} {latex_of(what)}}}{{{below}}}"
    return rf"\frac{{{d}{power}}}{{{below}}} {_within(what, _MULTIPLY)}"


def _counted(sign: str, *, from_to: bool) -> Callable[[_Arguments], str]:
    """A sum or a maximum over a counter."""

    def printed(arguments: _Arguments) -> str:
        body, limits = arguments
        counter, low, high = map(latex_of, _entries(limits))
        ends = f"_{{{counter}={low}}}^{{{high}}}" if from_to else f"_{{{counter}}}"
        return f"{sign}{ends} {_within(body, _MULTIPLY)}"

    return printed


def _entries(node: ast.expr) -> list[ast.expr]:
    if not isinstance(node, ast.Tuple):
        raise ValueError(f"formula must have limits in brackets, but has {ast.unparse(node)!r}.")
    return node.elts


def _integral(arguments: _Arguments) -> str:
    variable, low, high = map(latex_of, _entries(arguments[1]))
    return rf"\int_{{{low}}}^{{{high}}} {_within(arguments[0], _MULTIPLY)} \, d{variable}"


def _limit(arguments: _Arguments) -> str:
    what, variable, end = arguments[:3]
    return rf"\lim_{{{latex_of(variable)} \to {latex_of(end)}}} {_within(what, _MULTIPLY)}"


def _at(arguments: _Arguments) -> str:
    what, variable, value = map(latex_of, arguments)
    return rf"\left. {what} \,\right|_{{{variable} = {value}}}"


def _part(arguments: _Arguments) -> str:
    what, words = arguments
    return rf"\underbrace{{{latex_of(what)}}}_{{\text{{{ast.literal_eval(words)}}}}}"


def _cases(arguments: _Arguments) -> str:
    lines = []
    for value, condition in map(_entries, arguments):
        always = isinstance(condition, ast.Constant)
        when = r"\text{otherwise}" if always else rf"\text{{for}}\: {latex_of(condition)}"
        lines.append(f"{latex_of(value)} & {when}")
    return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"


_CALLS: dict[str, Callable[[_Arguments], str]] = {
    "log": _log,
    "exp": lambda a: f"e^{{{latex_of(a[0])}}}",
    "sqrt": lambda a: rf"\sqrt{{{latex_of(a[0])}}}",
    "sigmoid": _named(r"\sigma"),
    "Max": _named(r"\max"),
    "Min": _named(r"\min"),
    "sign": _named(r"\operatorname{sign}"),
    "Abs": lambda a: rf"\left|{latex_of(a[0])}\right|",
    "above": lambda a: rf"\left[{latex_of(a[0])} > {latex_of(a[1])}\right]",
    "E": lambda a: rf"\mathrm{{E}}\, {_within(a[0], _POWER)}",
    "Derivative": _slope,
    "Sum": _counted(r"\sum", from_to=True),
    "Largest": _counted(r"\max", from_to=False),
    "Integral": _integral,
    "Limit": _limit,
    "At": _at,
    "Part": _part,
    "Piecewise": _cases,
}

_PRINTERS: dict[type[ast.expr], Callable[..., str]] = {
    ast.BinOp: _binary,
    ast.UnaryOp: _minus,
    ast.Name: lambda node: letter(node.id),
    ast.Constant: _constant,
    ast.Subscript: lambda node: f"{latex_of(node.value)}_{{{latex_of(node.slice)}}}",
    ast.Compare: _comparison,
    ast.Call: _call,
}
