"""Steps so short that a run gets nowhere, though every one of them goes in the right direction."""

import numpy as np

from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.gradients import first_level
from lossedu.training.diagnosis.robust import Series, block_medians, series, trend
from lossedu.training.history import History

# Runs that learn change their weights by a thousandth of their length a step, give or take ten.
SHORT = 1e-4
# Less than this of the weights' length, all steps added up, changes no answer worth mentioning.
NOWHERE = 0.01
# A loss that fell by more has learned something, however slowly.
LITTLE = 0.1
# A loss near its lowest slows down; one that has hardly begun to fall does not.
STEADY = 0.5
FALLING = -2.6  # as for a plateau: one run in 200 without a trend looks this much like it
FEWEST_STEPS, FEWEST_EPOCHS, BLOCKS = 20, 6, 40


def find_small_steps(history: History) -> Diagnosis | None:
    """A learning rate so small that the run is over before it has begun."""
    loss, ratio = series(history.steps, "loss"), series(history.steps, "update_ratio")
    known = np.isfinite(loss) & np.isfinite(ratio)
    loss, ratio = loss[known], ratio[known]
    pace = float(np.median(ratio)) if len(ratio) >= FEWEST_STEPS else 0.0
    if not 0 < pace < SHORT:
        return None
    start, end = first_level(loss), float(np.median(loss[-(len(loss) // 4) :]))
    way = float(ratio.sum())
    if start - end > LITTLE * abs(start) or (way > NOWHERE and not _at_full_speed(history, ratio)):
        return None
    return Diagnosis(
        name="learning rate too small",
        severity="warning",
        evidence=(
            f"A step changes the weights by {pace:.1e} of their length; all {len(loss)} steps"
            f" together by {way:.1%} at most, and the loss went from {start:.4g} to {end:.4g}."
            f" Runs that learn take steps of around 1e-3."
        ),
        first_step=int(series(history.steps, "step")[known][0]),
        remedy=(
            "Raise the learning rate tenfold, and again, until the loss no longer falls faster;"
            " look for a schedule that starts or ends near 0, and for a second factor in front of"
            " the loss."
        ),
        chapter="landscapes/dynamics",
    )


def _at_full_speed(history: History, ratio: Series) -> bool:
    """Whether the loss falls, and by as much a step in the end as in the beginning."""
    course = series(history.epochs, "train_loss")
    course = course[np.isfinite(course)]
    if len(course) < FEWEST_EPOCHS:
        loss = series(history.steps, "loss")
        course = block_medians(loss[np.isfinite(loss)], BLOCKS)
    way = np.array([part.sum() for part in np.array_split(ratio, len(course))]).cumsum()
    middle = int(np.searchsorted(way, way[-1] / 2))
    early, late = course[0] - course[middle], course[middle] - course[-1]
    return trend(course) < FALLING and bool(late > STEADY * early)
