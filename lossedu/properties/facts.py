"""What a loss is like, as facts: those of a loss with its defaults are kept, others computed."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lossedu.losses import LossSpec
from lossedu.tables import Cell, Table, as_text

if TYPE_CHECKING:
    from lossedu.symbolic.expressions import Setting


@dataclass(frozen=True)
class Properties:
    """Computed facts about one loss with given options, along its axis.

    Attributes:
        axis: What the axis is.
        least: The infimum of the loss.
        limits: Its limits towards minus and plus infinity.
        slopes: The limits of its slope there.
        lipschitz: The largest slope in size; infinite if there is none.
        smoothness: The largest curvature in size; infinite if there is none.
        nonconvex: The stretch of the axis where the curvature is negative, or None.
    """

    axis: str
    least: float
    limits: tuple[float, float]
    slopes: tuple[float, float]
    lipschitz: float
    smoothness: float
    nonconvex: tuple[float, float] | None

    @property
    def convex(self) -> bool:
        """Whether the curvature is negative nowhere."""
        return self.nonconvex is None


def properties(spec: LossSpec, **settings: "Setting") -> Properties:
    """Compute what the loss is like; options not given are what the function makes them.

    Args:
        spec: The loss.
        **settings: Numbers for its options; for options with one value a class, leave them out.

    Returns:
        The computed facts.

    Example:
        >>> from lossedu import catalog
        >>> properties(catalog.spec("mse_loss")).smoothness
        2.0
        >>> properties(catalog.spec("sigmoid_focal_loss"), gamma=2).convex
        False
    """
    return _found(spec, tuple(sorted(settings.items())))


@cache
def _found(spec: LossSpec, items: tuple[tuple[str, "Setting"], ...]) -> Properties:
    from lossedu.properties.kept import kept  # both read late: one needs the other, one SymPy

    known = None if items else kept(spec)
    if known is not None:
        return known
    from lossedu.properties.computing import computed

    return computed(spec, dict(items))


_HEADINGS = (
    "loss",
    "axis",
    "infimum",
    "limits",
    "slope at the ends",
    "largest slope",
    "largest curvature",
    "convex",
)


def _row(label: str, facts: Properties) -> tuple[Cell, ...]:
    convex = "yes"
    if facts.nonconvex is not None:
        low, high = map(as_text, facts.nonconvex)
        convex = f"not on ({low}, {high})" if low != high else f"not at {low}"
    limits, slopes = (", ".join(map(as_text, pair)) for pair in (facts.limits, facts.slopes))
    largest = facts.lipschitz, facts.smoothness
    return (label, facts.axis, facts.least, limits, slopes, *largest, convex)


def table(*specs: LossSpec, **settings: "Setting") -> Table:
    """Compare losses by computed properties; ``gamma=(0, 1, 2)`` gives three rows.

    Args:
        *specs: The losses.
        **settings: An option and its value, or a tuple of values, for the losses that have it.

    Returns:
        A table that a notebook renders.
    """
    rows = []
    for spec in specs:
        names = {parameter.name for parameter in spec.parameters}
        used = {k: v if isinstance(v, tuple) else (v,) for k, v in settings.items() if k in names}
        combinations: list[dict[str, Setting]] = [{}]
        for name, values in used.items():
            combinations = [c | {name: value} for c in combinations for value in values]
        for combination in combinations:
            given = ", ".join(f"{k} = {v}" for k, v in combination.items())
            label = f"{spec.title} ({given})" if given else spec.title
            rows.append(_row(label, properties(spec, **combination)))
    return Table(_HEADINGS, rows, label="computed properties")
