"""A number or an option that is read off a plot, and a scenario told in panels."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossedu.practice.families.answers import choices, numbers
from lossedu.practice.families.expressions import evaluated
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope

POINTS = 121
"""As many points a curve has: enough for a page, and for the columns of a terminal."""


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The curves as points, and what is asked about them."""
    asked = "number" if "number" in answer else "choice"
    how: Any = numbers if asked == "number" else choices
    drawn = how.draw(answer[asked], scope)
    return {"asked": asked, "plot": curves_of(answer["plot"], scope), **drawn}


def curves_of(plot: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A plot as plain data: labelled curves, axes, and words for who cannot see it."""
    low, high = (scope.number(end) for end in plot["x"])
    if not low < high:
        raise FamilyError(f"plot.x must be an interval, but is from {low} to {high}.")
    along = [low + (high - low) * step / (POINTS - 1) for step in range(POINTS)]
    drawn = [_curve(curve, plot.get("variable", "x"), along, scope) for curve in plot["curves"]]
    heights = [y for curve in drawn for _, y in curve["points"]]
    return {
        "curves": drawn,
        "x": [low, high],
        "y": [scope.number(end) for end in plot.get("y", (min(heights), max(heights)))],
        "x_label": scope.words(plot["x_label"]),
        "y_label": scope.words(plot["y_label"]),
        "title": scope.words(plot.get("title", "")),
        "alt": scope.words(plot["alt"]),
    }


def _curve(
    curve: Mapping[str, Any], variable: str, along: Sequence[float], scope: Scope
) -> dict[str, Any]:
    if "formula" in curve:
        heights: Sequence[Any] = [
            evaluated(curve["formula"], {**scope.values, variable: x}) for x in along
        ]
    else:
        heights = _called(curve, along, scope)
    points = [[round(x, 6), round(float(y), 6)] for x, y in zip(along, heights, strict=True)]
    return {"label": scope.words(curve["label"]), "points": points}


def _called(curve: Mapping[str, Any], along: Sequence[float], scope: Scope) -> Sequence[float]:
    """A curve by one call for all points, or one for each where the result is not a list."""
    call = {key: curve[key] for key in ("call", "with", "gradient", "take") if key in curve}
    moved = curve["along"]
    arguments = call.get("with", {})
    whole = evaluated({**call, "with": {**arguments, moved: list(along)}}, scope.values)
    if isinstance(whole, tuple) and len(whole) == len(along):
        return whole
    raise FamilyError(f"{call['call']} must give a value for each point. Hint: reduction none.")


def own(answer: Mapping[str, Any]) -> Any:
    """What a person who is right answers."""
    return (numbers if answer["asked"] == "number" else choices).own(answer)


def grade(answer: Mapping[str, Any], mistakes: Sequence[Mapping[str, Any]], given: Any) -> Grade:
    """As a number or as a choice."""
    if answer["asked"] == "number":
        return numbers.grade(answer, mistakes, given)
    return choices.grade(answer, given)


def draw_incident(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The panels in their order, and the causes to choose from."""
    panels = [
        {
            "title": scope.words(panel["title"]),
            "says": scope.words(panel.get("says", "")),
            "points": [scope.number(point) for point in panel.get("points", [])],
            "unit": scope.words(panel.get("unit", "")),
        }
        for panel in answer["panels"]
    ]
    return {"panels": panels, **choices.draw({"options": answer["causes"]}, scope)}
