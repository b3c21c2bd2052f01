"""One step of a derivation: stated as text, checked, and displayed as it was stated.

A chapter writes ``prove("label", "left = right")``.  If SymPy shows that the sides are equal the
equation appears on the page, in the order in which it was typed; if not, the build stops, names the
step and gives numbers at which the sides differ.  An inequality says where it holds; it is shown by
calculus or tested on a grid, and the page says which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from lossedu.proofs.bounds import Domain, failing_point, is_nonnegative, tested_points
from lossedu.proofs.domains import Grid, Interval, read_domain
from lossedu.proofs.identities import before_limits, counterexample, is_zero, unreal_point
from lossedu.proofs.reading import Side, Step, Where, read_step

Basis = Literal["shown", "tested"]


class ProofError(AssertionError):
    """A derivation step that is false, or not shown, or says nothing."""


@dataclass(frozen=True)
class Proved:
    """A statement that has been checked; a notebook renders it.

    Attributes:
        label: The step's name.
        statement: What was stated.
        latex: LaTeX source of the whole line.
        basis: ``"shown"`` by SymPy, or ``"tested"`` on a grid.
    """

    label: str
    statement: str
    latex: str
    basis: Basis

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def prove(
    label: str,
    statement: str,
    *,
    where: Where | None = None,
    domain: str = "",
    grid: Grid | None = None,
    because: str = "",
) -> Proved:
    r"""State an equation or an inequality, check it, and display it as stated.

    Args:
        label: The step's name, unique in its chapter; an error begins with it.
        statement: Sides related by ``=``, ``>=``, ``<=``, ``>`` or ``<``; there may be more than
            two.  A side is a SymPy expression as text; ``Derivative``, ``Integral``, ``Sum`` and
            ``Limit`` are shown as they are and worked out for the check.
        where: What names stand for: text, a SymPy expression, or a function such as an
            expectation.  A meaning may use the names before it.  It is put in before derivatives
            are taken.
        domain: For an inequality: an interval for each symbol, ``"0 < p < 1, gamma >= 1"``.
        grid: For an inequality that SymPy cannot show: for each symbol how many points to test, or
            which.
        because: A short reason, in words, shown behind the statement.

    Returns:
        An object that a notebook renders.

    Raises:
        ProofError: If a relation is false (with numbers at which it is), could not be shown, has
            two sides that print alike, or has one that is nowhere real.
        ValueError: If the statement cannot be read, or an inequality does not say where it holds.

    Example:
        >>> prove("square", "(x + 1)**2 = x**2 + 2*x + 1").basis
        'shown'
        >>> bernoulli = prove("bernoulli", "(1 - p)**k >= 1 - k*p", domain="0 < p < 1, k >= 1")
        >>> print(bernoulli.latex.replace(r" \\ ", "\n"))
        \begin{gathered} (1 - p)^{k} \ge 1 - k p
        \small \text{for } 0 < p < 1,\; k \ge 1 \end{gathered}
    """
    step = read_step(statement, where or {})
    _refuse_sides_that_print_alike(label, step)
    intervals, where_latex = read_domain(domain) if domain else ({}, "")
    points = 0
    for left, relation, right in zip(step.sides, step.relations, step.sides[1:], strict=False):
        if relation == "=":
            _check_equal(label, left, right)
            continue
        greater, less = (left, right) if relation.startswith(">") else (right, left)
        symbols = _symbols(label, greater.worth - less.worth, intervals)
        points = max(points, _check_bound(label, relation, (greater, less), symbols, grid or {}))
    line = step.latex + (rf" \qquad \text{{{because}}}" if because else "")
    printed = _above(line, where_latex, points) if domain else line
    return Proved(label, statement, printed, "tested" if points else "shown")


def _above(line: str, where_latex: str, points: int) -> str:
    """A statement above the line that says where it holds, and whether it was only tested."""
    below = rf"\text{{for }} {where_latex}"
    if points:
        spaced = f"{points:,}".replace(",", r"\,")
        below += rf" \quad \text{{tested at }}{spaced}\text{{ points}}"
    return rf"\begin{{gathered}} {line} \\ \small {below} \end{{gathered}}"


def _refuse_sides_that_print_alike(label: str, step: Step) -> None:
    printed = [side.latex for side in step.sides]
    for k, text in enumerate(printed):
        if text in printed[:k]:
            raise ProofError(
                f"derivation step {label!r} must say something, but two sides print alike: {text}. "
                "Hint: state the side before it was worked out."
            )


def _check_equal(label: str, left: Side, right: Side) -> None:
    difference = left.worth - right.worth
    if not is_zero(difference):
        point = counterexample(difference, left.worth, right.worth)
        raise ProofError(_complaint(label, "=", (left, right), point))
    _refuse_sides_that_are_not_real(label, (left, right))


def _refuse_sides_that_are_not_real(label: str, sides: Sequence[Side]) -> None:
    for side in sides:
        for expression in (side.worth, *before_limits(side.read)):
            point = unreal_point(expression)
            if point is not None:
                place = f" at {_named(point)}" if point else ""
                raise ProofError(
                    f"derivation step {label!r} must relate real numbers, but {side.text} is, or "
                    f"is a limit of, one that is not real{place}. "
                    "Hint: give the symbols their assumptions (real, positive)."
                )


def _symbols(label: str, difference: sp.Expr, intervals: Mapping[str, Interval]) -> Domain:
    names = {symbol.name: symbol for symbol in difference.free_symbols}
    missing = sorted(set(names) - set(intervals))
    if missing:
        raise ValueError(
            f"domain must say where each symbol lies, but step {label!r} leaves out {missing}."
        )
    return {names[n]: interval for n, interval in intervals.items() if n in names}


def _check_bound(
    label: str, relation: str, sides: tuple[Side, Side], domain: Domain, grid: Grid
) -> int:
    """How many points were tested: 0 if SymPy shows the inequality."""
    difference = sides[0].worth - sides[1].worth
    ordered = sides if relation.startswith(">") else sides[::-1]
    point = failing_point(difference, domain)
    if point is not None:
        raise ProofError(_complaint(label, relation, ordered, point))
    if is_nonnegative(difference, domain, strict=len(relation) == 1):
        return 0
    if not grid:
        raise ProofError(_complaint(label, relation, ordered, None))
    count, point = tested_points(difference, domain, grid)
    if point is not None:
        raise ProofError(_complaint(label, relation, ordered, point))
    return count


def _complaint(
    label: str, relation: str, sides: Sequence[Side], point: dict[sp.Symbol, sp.Expr] | None
) -> str:
    left, right = sides
    stated = f"derivation step {label!r} must hold, but {left.text} {relation} {right.text}"
    if point is None:
        return (
            f"{stated} could not be shown. "
            "Hint: give the symbols their assumptions (real, positive), take a smaller step, or, "
            "for an inequality, declare a grid to test it on."
        )
    values = [_number(side.worth.subs(point)) for side in (left, right)]
    return (
        f"{stated} is false: at {_named(point)} the left side is {values[0]}, "
        f"the right side {values[1]}."
    )


def _named(point: dict[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(f"{symbol} = {float(value):g}" for symbol, value in point.items())


def _number(worth: sp.Expr) -> str:
    """A number in ten digits; it need not be real."""
    real, imaginary = (float(part) for part in sp.N(worth, 20).as_real_imag())
    return f"{real:.10g}" + (f" {imaginary:+.10g}i, not real" if imaginary else "")
