"""How the design assignment is marked: 21 points by the machine, 7 by hand."""

import torch
from torch import Tensor

from autograder.checks import Aspect, Check, Extremes, Gradients, Values
from autograder.checks.training import Metric, Training
from autograder.rubrics import Rubric, known_mistakes
from autograder.rubrics.design import brief_inputs as briefs
from autograder.rubrics.design.case_laws import (
    COST,
    CaseLaw,
    Law,
    best_answer,
    cost,
    extremes,
    form,
    severity,
    slope,
)
from autograder.rubrics.design.chosen_brief import ChosenBrief
from autograder.rubrics.design.clinic import cost_over_least, patients, stated_over_true
from autograder.rubrics.design.signs import SIGNS

BANK = known_mistakes("design")


def _law(name: str, points: float, law: Law) -> CaseLaw:
    return CaseLaw(
        f"design.{name}", f"design-{name}-check", points, "severity_loss", law, BANK, SIGNS
    )


def _corrected(logits: Tensor) -> Tensor:
    """What a weight of COST made of a probability, undone by Bayes' rule."""
    stated = torch.sigmoid(logits)
    return stated / (stated + COST * (1 - stated))


def _brief(name: str, points: float, ratings: Check, stock: Check, labels: Check) -> ChosenBrief:
    choices = {"ratings": ratings, "stock": stock, "labels": labels}
    return ChosenBrief(f"design.{name}", f"design-{name}-check", points, "chosen_brief", choices)


_CHARGE = (
    _law("form", 1, form),
    _law("cost", 2, cost),
    _law("severity", 2, severity),
    _law("slope", 2, slope),
    _law("best-answer", 2, best_answer),
    _law("extremes", 1, extremes),
)
_CORRECTION = (
    Values(
        "design.correction",
        "design-correction-check",
        2,
        "corrected_probability",
        _corrected,
        (
            Aspect(
                "weighing one target by 20 lifts every logit by log 20",
                ((torch.tensor([0.0]),), (torch.tensor([[-4.0, 1.5], [3.0, 6.0]]),)),
                lambda generator: [
                    (4 * torch.randn(9, generator=generator),),
                    (4 * torch.randn(5, generator=generator).double(),),
                ],
            ),
        ),
        BANK,
    ),
    # Nobody differentiates a correction, so values alone are asked for.
    Values(
        "design.correction-extremes",
        "design-correction-extremes-check",
        1,
        "corrected_probability",
        _corrected,
        (
            Aspect(
                "it is finite and right for logits of ±10 000",
                ((torch.tensor([1e4, -1e4, 100.0, -100.0, 3.0, -2.0]),),),
            ),
        ),
        BANK,
    ),
)
_FIT = Training(
    "design.fit",
    "design-fit-check",
    3,
    "fitted",
    patients,
    (
        Metric(
            "mean corrected probability, over the true share of abnormal cases,",
            stated_over_true,
            least=0.8,
            most=1.2,
            hint="Does your loss shift every case by log 20, and is it minimised to the end?",
            weight=2,
        ),
        Metric(
            "cost of alarms at logits above 0, over that of the best possible alarms,",
            cost_over_least,
            most=1.1,
            hint="Is a miss 20 times as dear, and is the mean loss minimised to the end?",
        ),
    ),
)
_RATING = "a rating has the probability between its two thresholds, and its negative log is charged"
_SHORT = "a unit short costs short_cost, a unit left over left_cost"
_SEEN = "the mean is over the entries that were observed"
_BRIEF_LOSS = _brief(
    "brief-loss",
    2,
    Values(
        "design.ratings",
        "design-brief-loss-check",
        2,
        "rating_loss",
        briefs.rating_loss,
        (Aspect(_RATING, (briefs.RATED,), briefs.rated),),
        BANK,
    ),
    Values(
        "design.stock",
        "design-brief-loss-check",
        2,
        "stock_loss",
        briefs.stock_loss,
        (Aspect(_SHORT, (briefs.STOCKED,), briefs.stocked),),
        BANK,
    ),
    Values(
        "design.labels",
        "design-brief-loss-check",
        2,
        "observed_loss",
        briefs.observed_loss,
        (
            Aspect(_SEEN, (briefs.LOOKED_AT,), briefs.looked_at, weight=2),
            Aspect(
                "it is 0 where nothing was observed",
                ((*briefs.LOOKED_AT[:2], torch.zeros_like(briefs.SEEN)),),
            ),
        ),
        BANK,
    ),
)
_BRIEF_EDGES = _brief(
    "brief-edges",
    1,
    Extremes(
        "design.ratings-edges",
        "design-brief-edges-check",
        1,
        "rating_loss",
        briefs.rating_loss,
        (Aspect("scores of ±10 000 have a finite charge and gradient", (briefs.RATED_FAR,)),),
        BANK,
    ),
    Gradients(
        "design.stock-edges",
        "design-brief-edges-check",
        1,
        "stock_loss",
        briefs.stock_loss,
        (
            Aspect(
                "a further unit saves short_cost below the demand and costs left_cost above",
                (briefs.STOCKED,),
                briefs.stocked,
            ),
        ),
        BANK,
    ),
    Extremes(
        "design.labels-edges",
        "design-brief-edges-check",
        1,
        "observed_loss",
        briefs.observed_loss,
        (
            Aspect(
                "labels that nobody looked at change nothing, even if they are NaN, and large "
                "logits stay finite",
                (
                    (
                        briefs.LOOKED_AT[0],
                        torch.where(briefs.SEEN, briefs.LOOKED_AT[1], briefs.NAN),
                        briefs.SEEN,
                    ),
                ),
                briefs.unseen_labels,
            ),
        ),
        BANK,
    ),
)
_BRIEF_USE = _brief(
    "brief-use",
    2,
    Values(
        "design.ratings-use",
        "design-brief-use-check",
        2,
        "rating_probabilities",
        briefs.rating_probabilities,
        (
            Aspect(
                "each row holds the probability of every rating", (briefs.RATED[:2],), briefs.scored
            ),
        ),
        BANK,
    ),
    Values(
        "design.stock-use",
        "design-brief-use-check",
        2,
        "best_order",
        briefs.best_order,
        (
            Aspect(
                "at the best order, one more unit saves as much as it costs",
                ((torch.tensor([2.0, 2, 2, 5, 5, 5, 5, 9, 9, 9]), 1.0, 1.0),),
                briefs.sold,
            ),
        ),
        BANK,
    ),
    Values(
        "design.labels-use",
        "design-brief-use-check",
        2,
        "unbiased_loss",
        briefs.unbiased_loss,
        (
            Aspect(
                "an observed entry weighs one over its propensity, and all entries are counted",
                ((*briefs.LOOKED_AT, briefs.PROPENSITY),),
                briefs.weighted,
            ),
        ),
        BANK,
    ),
)

RUBRIC = Rubric("design", (*_CHARGE, *_CORRECTION, _FIT, _BRIEF_LOSS, _BRIEF_EDGES, _BRIEF_USE))
