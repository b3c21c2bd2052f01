"""A small table that a notebook renders: numbers to four digits, wide ones scroll in their box."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row is its name.

    Attributes:
        headings: One a column.
        rows: As many cells each.
        label: What the table holds, for readers who cannot see it.

    Raises:
        ValueError: If a row has another length than the headings.

    Example:
        >>> print(Table(["p", "loss"], [["easy", 0.105360], ["hard", 2.302585]], label="losses"))
        losses
        p       loss
        easy  0.1054
        hard   2.303
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    label: str

    def __post_init__(self) -> None:
        """Refuse ragged rows."""
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(
                    f"rows must have {len(self.headings)} cells, but one has {len(row)}: {row!r}."
                )

    def text(self) -> list[tuple[str, ...]]:
        """The cells as they are shown, headings first."""
        return [tuple(self.headings), *(tuple(map(as_text, row)) for row in self.rows)]

    def __str__(self) -> str:
        """The label, then a line a row: names to the left, the rest to the right."""
        lines = self.text()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        first, *others = widths
        rows = [
            "  ".join([name.ljust(first), *map(str.rjust, rest, others)]) for name, *rest in lines
        ]
        return "\n".join(row.rstrip() for row in (self.label, *rows))

    def _repr_html_(self) -> str:
        head, *body = self.text()
        heading = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
        lines = "".join(
            f'<tr><th scope="row">{html.escape(first)}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in body
        )
        return (
            f'<div class="wide-table" role="region" tabindex="0" '
            f'aria-label="{html.escape(self.label, quote=True)}"><table class="table">'
            f"<thead><tr>{heading}</tr></thead><tbody>{lines}</tbody></table></div>"
        )


def as_text(cell: Cell) -> str:
    """A cell as people write it.

    Example:
        >>> as_text(float("-inf")), as_text(-0.25), as_text("yes")
        ('−∞', '−0.25', 'yes')
    """
    if isinstance(cell, str):
        return cell
    if cell in (float("inf"), float("-inf")):
        return "∞" if cell > 0 else "−∞"
    return f"{cell:.4g}".replace("-", "−")


def as_rich(table: Table) -> Any:
    """A table as rich prints it in a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn

    head, *body = table.text()
    drawn = Drawn(box=SIMPLE_HEAD, pad_edge=False)
    for heading in head:
        drawn.add_column(heading)
    for row in body:
        drawn.add_row(*row)
    return drawn


def print_table(table: Table) -> None:
    """Print a table in a terminal, under what it holds."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(table.label, markup=False)
    console.print(as_rich(table))
