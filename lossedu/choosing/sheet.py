"""The cheat sheet: what the specification of each loss says, and what is computed from it."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import sympy as sp

from lossedu.catalog import specs
from lossedu.choosing.advice import Advice, advice
from lossedu.losses import LossSpec
from lossedu.properties import Properties, along_axis, properties
from lossedu.symbolic import gradient
from lossedu.symbolic.display import latex
from lossedu.symbolic.expressions import symbol
from lossedu.symbolic.functions import derivative, sigmoid

_LONGEST = 130
"""As many characters of LaTeX fit a cell; where there are more, the slope along an axis stands."""


@dataclass(frozen=True)
class SheetRow:
    """A loss in a line.

    Attributes:
        title: Its name in prose.
        family: What it is for.
        formula: LaTeX of the loss.
        gradient: LaTeX of its gradient in the first argument, or where that is long or there are
            several arguments of its slope along its axis, a.
        along: What the slope is taken along, or for which target; may be empty.
        estimand: What the minimiser of the expected loss is.
        noise_model: The likelihood, or why there is none.
        facts: Its computed properties.
        lines: When to take it, when not, and the sentence to avoid.
    """

    title: str
    family: str
    formula: str
    gradient: str
    along: str
    estimand: str
    noise_model: str
    facts: Properties
    lines: Advice

    @property
    def smooth(self) -> bool:
        """Whether the curvature has a bound, so the gradient does not jump."""
        return self.facts.smoothness < float("inf")

    @property
    def bounded_gradient(self) -> bool:
        """Whether the slope has a bound."""
        return self.facts.lipschitz < float("inf")


def sheet_row(spec: LossSpec) -> SheetRow:
    """Compute a row.

    Example:
        >>> from lossedu import catalog
        >>> row = sheet_row(catalog.spec("binary_cross_entropy_with_logits"))
        >>> row.gradient, row.bounded_gradient
        ('p - y', True)
    """
    text, along = _gradient(spec)
    return SheetRow(
        title=spec.title,
        family=spec.family,
        formula=spec.stated,
        gradient=text,
        along=along,
        estimand=spec.estimand,
        noise_model=spec.noise_model,
        facts=properties(spec),
        lines=advice(spec.name),
    )


_HEADINGS = (
    "loss",
    "formula",
    "gradient",
    "estimates; noise model",
    "convex",
    "smooth",
    "bounded",
    "take it when",
    "red flag",
)


@dataclass(frozen=True)
class Sheet:
    """Rows that a notebook renders: all of them on a screen, one page of them on paper.

    Attributes:
        rows: The losses, those of a family together.
    """

    rows: Sequence[SheetRow]

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
        bodies = "".join(
            _body(family, list(members))
            for family, members in groupby(self.rows, key=lambda row: row.family)
        )
        return (
            '<div class="wide-table cheat-sheet" role="region" tabindex="0" '
            'aria-label="cheat sheet of losses"><table class="table"><caption>Losses on one page'
            f"</caption><thead><tr>{heads}</tr></thead>{bodies}</table></div>"
        )


def sheet() -> Sheet:
    """The cheat sheet of all losses."""
    return Sheet([sheet_row(spec) for spec in specs().values()])


def _body(family: str, rows: list[SheetRow]) -> str:
    name = f'<th colspan="{len(_HEADINGS)}" scope="rowgroup">{family.capitalize()}</th>'
    return f"<tbody><tr class='family'>{name}</tr>{''.join(map(_line, rows))}</tbody>"


def _line(row: SheetRow) -> str:
    kind = "" if row.lines.sheet else ' class="off-paper"'
    cells = zip(_HEADINGS[1:], _cells(row), strict=True)
    data = "".join(f'<td data-heading="{heading}">{cell}</td>' for heading, cell in cells)
    return f'<tr{kind}><th scope="row">{html.escape(row.title)}</th>{data}</tr>'


def _cells(row: SheetRow) -> Iterator[str]:
    yield _formula(row.formula)
    along = f"<small>{html.escape(row.along)}</small>" if row.along else ""
    yield f"{_math(row.gradient)} {along}".strip()
    model = row.noise_model.partition(":")[0]
    noise = "" if model == "none" else f"; {model}"
    yield html.escape(f"{row.estimand}{noise}")
    for fact in (row.facts.convex, row.smooth, row.bounded_gradient):
        yield "yes" if fact else "no"
    yield html.escape(row.lines.when)
    yield html.escape(row.lines.red_flag)


def _formula(latex_source: str) -> str:
    """A stated formula in pieces, so that a line can break between them; words are left away."""
    pieces = re.split(r",?\s*\\q?quad\s*", latex_source)
    return " ".join(_math(piece) for piece in pieces if not piece.startswith(r"\text{("))


def _math(latex_source: str) -> str:
    return f'<span class="math">\\({html.escape(latex_source)}\\)</span>'


def _gradient(spec: LossSpec) -> tuple[str, str]:
    """The gradient, or where that is long or has several arguments, the slope along the axis."""
    if spec.unit == "entry":
        off = {p.name: None for p in spec.parameters if p.name not in spec.defaults}
        case = {} if spec.targets in ("real", "amount") else {"y": 1}
        for settings in ({}, off, case | off):
            text = latex(gradient(spec, **settings))
            if len(text) <= _LONGEST:
                without = "".join(f", {name} off" for name in off)
                return text, f"y = 1{without}" if "y" in settings else ""
    if spec.unit == "row" and len(text := latex(gradient(spec))) <= _LONGEST:
        return text, "" if spec.targets == "shares" else "class 1 is true"
    text, axis = _slope(spec)
    return text, f"a: {axis}"


def _slope(spec: LossSpec) -> tuple[str, str]:
    """LaTeX of the slope along the axis, and what the axis is.

    In the options' letters, or where that is long for a > 0, or with the options' usual values.
    """
    options = {
        name: symbol(name) for name, value in spec.defaults.items() if isinstance(value, float)
    }
    expression, a, axis = along_axis(spec, options)
    slope, lead = derivative(expression, a, 1), a
    ahead = sp.Symbol("a", positive=True)
    usual = {name: sp.nsimplify(spec.defaults[name]) for name in options}
    values = ", ".join(f"{name} = {value}" for name, value in usual.items())
    expression, a, _ = along_axis(spec, usual)
    valued = derivative(sp.nsimplify(expression, rational=True), a, 1)
    tried = (
        (slope, axis),
        (slope.subs(lead, ahead), f"{axis} (a > 0)"),
        *((one, f"{axis}, p = {of}") for one, of in _in_probability(slope, lead)),
        (valued, f"{axis}, {values}"),
        *((one, f"{axis}, {values}, p = {of}") for one, of in _in_probability(valued, a)),
    )
    written: list[tuple[str, str]] = []
    for one, along in tried:
        written.append((_shortest(one), along))
        if len(written[-1][0]) <= _LONGEST:
            return written[-1]
    return min(written, key=lambda pair: len(pair[0]))


def _in_probability(slope: sp.Expr, a: sp.Symbol) -> Iterator[tuple[sp.Expr, str]]:
    """The slope in p = σ(x), if a is in it as the sigmoid of x alone, and what x is."""
    p = sp.Symbol("p", positive=True)
    found = {one for one in slope.atoms(sigmoid) if one.has(a)}
    ahead = {one.args[0] for one in found if not one.args[0].could_extract_minus_sign()}
    ahead |= {-one.args[0] for one in found if one.args[0].could_extract_minus_sign()}
    if len(ahead) != 1 or p.name in map(str, slope.free_symbols):
        return
    (x,) = ahead
    changed = sp.factor(slope.subs({sigmoid(x): p, sigmoid(-x): 1 - p}))
    if not changed.has(a):
        yield changed, f"σ({str(x).replace('temperature', 'T')})"


def _shortest(expression: sp.Expr) -> str:
    """The shortest LaTeX of a few equal forms."""
    exact = sp.nsimplify(expression)
    exponential = exact.rewrite(sp.exp)
    forms = (exact, sp.simplify(exact), sp.simplify(exponential), sp.factor(exponential))
    return min((latex(form) for form in forms), key=len)
