"""Boxes of points in which a piecewise formula is smooth, one for each of its pieces.

What switches between pieces is looked for in the formula: the inside of an absolute value, the
difference of two that compete for a maximum, both sides of a condition.  The ranges of the symbols
are cut into cells; a cell in which no switch changes its sign is a box of its piece.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.relational import Relational

from lossedu.symbolic.functions import above, numeric

Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""Name of a symbol -> where it is looked at; equal ends fix it."""

_CELLS = {1: 12, 2: 12, 3: 9}  # a symbol, by how many symbols there are
_FEW_CELLS = 5
_MOST = 6  # boxes


def boxes(expression: sp.Expr, ranges: Ranges) -> list[dict[str, list[float]]]:
    """At most six boxes, the roomiest of each piece; one if the formula has no pieces.

    Example:
        >>> x = sp.Symbol("x", real=True)
        >>> [box["x"][0] < 0 < box["x"][1] for box in boxes(sp.Abs(x), {"x": (-2, 2)})]
        [False, False]
    """
    switches = sorted(set(_switches(expression)), key=str)
    whole = {name: [float(low), float(high)] for name, (low, high) in ranges.items()}
    if not switches:
        return [whole]
    symbols = sorted(set().union(*(s.free_symbols for s in switches)), key=str)
    evaluate = [numeric(symbols, switch) for switch in switches]
    found: dict[tuple[bool, ...], tuple[float, dict[str, list[float]]]] = {}
    for cell in _cells([ranges[symbol.name] for symbol in symbols]):
        corners = list(itertools.product(*(sorted(set(side)) for side in cell)))
        values = [[float(one(*corner)) for one in evaluate] for corner in corners]
        signs = {tuple(value > 0 for value in row) for row in values}
        room = min(abs(value) for row in values for value in row)
        if len(signs) == 1 and room > 0:
            sign = signs.pop()
            sides = {s.name: list(side) for s, side in zip(symbols, cell, strict=True)}
            if sign not in found or room > found[sign][0]:
                found[sign] = (room, whole | sides)
    return [box for _, box in found.values()][:_MOST]


def _cells(sides: Sequence[tuple[float, float]]) -> Iterator[tuple[tuple[float, float], ...]]:
    cells = _CELLS.get(sum(low < high for low, high in sides), _FEW_CELLS)
    cut = []
    for low, high in sides:
        width = (high - low) / cells
        edges = [round(low + width * k, 6) for k in range(cells + 1)]
        cut.append(list(itertools.pairwise(edges)) if width else [(low, high)])
    return itertools.product(*cut)


def _switches(expression: Any) -> Iterator[sp.Expr]:
    for part in sp.preorder_traversal(expression):
        if isinstance(part, (sp.Abs, sp.sign)):
            yield part.args[0]
        elif isinstance(part, (sp.Max, sp.Min)):
            yield from (a - b for a, b in itertools.combinations(part.args, 2))
        elif isinstance(part, (above, Relational)):
            yield part.args[0] - part.args[1]
