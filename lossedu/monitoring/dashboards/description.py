"""What the dashboards show; Grafana's and Perses' files follow from it.

An executive looks once a week: how much of the budget is left, and how often somebody was paged.
Who is on call looks first: what is wrong now, since when, in which class, and whether labels come.
Who debugs looks last: distributions, lags, drift, training.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "number", "seconds", "a second"]


@dataclass(frozen=True)
class Line:
    """A query and what its lines are called.

    Attributes:
        query: PromQL.
        legend: With labels in double braces, as both programs have them.
    """

    query: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: What it shows.
        why: What it is for, and what it cannot show.
        lines: Its queries.
        unit: Of the values.
        limit: A value that should not be passed; drawn as a line.
    """

    title: str
    why: str
    lines: tuple[Line, ...]
    unit: Unit = "share"
    limit: float | None = None


@dataclass(frozen=True)
class Dashboard:
    """Panels for one reader.

    Attributes:
        name: Words joined by hyphens.
        title: The same for people.
        panels: In reading order, two in a row.
        hours: How far back it looks.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]
    hours: int


def _share(sli: str, window: str, by: str = "") -> str:
    group = f" by ({by}) " if by else ""
    bad, total = (
        f'sum{group}(rate(lossedu_{name}{{sli="{sli}"}}[{window}]))'
        for name in ("bad_events_total", "events_total")
    )
    return f"{bad} / {total}"


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate(lossedu_{metric}_bucket[1h])))"


_ERRORS = Panel(
    "Wrong predictions",
    "Of those whose label has come. It cannot show what has no label yet.",
    (
        Line(_share("error", "5m"), "5 minutes"),
        Line(_share("error", "1h"), "1 hour"),
        Line(_share("error", "6h"), "6 hours"),
    ),
    limit=0.01,
)
_VIOLATIONS = Panel(
    "Predictions within the margin",
    "It depends on the scale of scores: read it beside the median margin.",
    (
        Line(_share("margin_violation", "5m"), "5 minutes"),
        Line(_share("margin_violation", "1h"), "1 hour"),
    ),
    limit=0.05,
)
_COVERAGE = Panel(
    "Labels that have come",
    "Below six in ten every loss is unknown, whatever it shows.",
    (Line("lossedu_label_coverage_ratio", "coverage"),),
    limit=0.6,
)
_BY_CLASS = Panel(
    "Errors by class",
    "One class that fails can hide in the mean of both.",
    (
        Line(
            "1 - sum by (class) (rate(lossedu_right_total[1h]))"
            " / sum by (class) (rate(lossedu_labelled_total[1h]))",
            "class {{class}}",
        ),
    ),
)
_TRAFFIC = Panel(
    "Predictions and labels",
    "A share of few events jumps: look here before believing it.",
    (
        Line("sum(rate(lossedu_predictions_total[15m]))", "predictions"),
        Line("sum(rate(lossedu_labelled_total[15m]))", "labels"),
    ),
    "a second",
)

DASHBOARDS: tuple[Dashboard, ...] = (
    Dashboard(
        "executive",
        "Is the model good enough?",
        (
            Panel(
                "Error budget spent in 30 days",
                "1 is all of it. It says nothing about the next hour.",
                (
                    Line(f"({_share('error', '30d')}) / 0.01", "errors"),
                    Line(f"({_share('margin_violation', '30d')}) / 0.05", "margin violations"),
                ),
                limit=1.0,
            ),
            _ERRORS,
            Panel(
                "Retrainings",
                "Whether they help is for the gate to say.",
                (Line("sum by (outcome) (increase(lossedu_retrains_total[1d]))", "{{outcome}}"),),
                "number",
            ),
            _COVERAGE,
        ),
        hours=24 * 7,
    ),
    Dashboard(
        "on-call",
        "What is wrong, and since when?",
        (_ERRORS, _VIOLATIONS, _BY_CLASS, _COVERAGE, _TRAFFIC),
        hours=12,
    ),
    Dashboard(
        "debug",
        "Why is it wrong?",
        (
            Panel(
                "Margins",
                "Where the middle moves, the scale may have changed; where a tail grows, a slice.",
                tuple(
                    Line(_quantile(share, "margin"), f"{share:.0%}") for share in (0.1, 0.5, 0.9)
                ),
                "number",
            ),
            Panel(
                "Losses",
                "Quantiles of a histogram are as exact as its buckets.",
                tuple(Line(_quantile(share, "loss"), f"{share:.0%}") for share in (0.5, 0.9, 0.99)),
                "number",
            ),
            Panel(
                "How late labels are",
                "Late for one class alone: every unweighted loss is biased.",
                tuple(
                    Line(_quantile(share, "label_lag_seconds"), f"{share:.0%}")
                    for share in (0.5, 0.9)
                ),
                "seconds",
            ),
            Panel(
                "Drift of features",
                "Not every drift harms, and not every harm drifts.",
                (Line("lossedu_drift", "{{feature}}, {{statistic}}"),),
                "number",
            ),
            Panel(
                "Calibration error",
                "Errors of both signs in one bin cancel.",
                (Line("lossedu_calibration_error_ratio", "calibration error"),),
                limit=0.1,
            ),
            Panel(
                "Gradient norm and sharpness",
                "Of the last training, not of the service.",
                (
                    Line("lossedu_gradient_norm", "gradient norm"),
                    Line("lossedu_top_eigenvalue", "top eigenvalue"),
                ),
                "number",
            ),
            _BY_CLASS,
            _TRAFFIC,
        ),
        hours=48,
    ),
)


def queries(dashboards: Iterable[Dashboard] = DASHBOARDS) -> list[str]:
    """Every query of some dashboards, once."""
    lines = (line for one in dashboards for panel in one.panels for line in panel.lines)
    return list(dict.fromkeys(line.query for line in lines))
