"""Gradients that are no numbers, too large, or gone."""

from typing import Any

import numpy as np

from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.robust import Series, first_run, noise, series
from lossedu.training.history import History

# Gradients grow tenfold in healthy runs too, at restarts and rare examples; not together with a
# loss beyond where it began, and not for several steps in a row.
GROWTH, RISE, STEPS_IN_A_ROW = 10.0, 1.0, 3
# In units of the loss per unit of weight.  Weights of common initialisations are around 0.1, so a
# gradient of 1e-4 of the loss can change it by one part in 10 000.
VANISHED = 1e-4
# A loss that fell further than this has learned something; a small gradient is then success.
LEARNED = 0.02
FEWEST_STEPS = 20
# A rare example may still have a gradient.
MOSTLY = 0.9


def first_level(values: Series) -> float:
    """Where a run begins: the median of the first steps, few, since some runs learn in ten."""
    return float(np.median(values[: _first(values)]))


def doubt(values: Series) -> float:
    """How far from the truth chance may put the first level: two standard errors."""
    return 2 * noise(values) / float(np.sqrt(_first(values)))


def _first(values: Series) -> int:
    return max(1, min(5, len(values) // 20))


def find_nonfinite(history: History) -> Diagnosis | None:
    """NaN or overflow, and the step and layer that had it first."""
    loss = series(history.steps, "loss")
    lost = np.flatnonzero(~np.isfinite(loss))
    event = next((e for e in history.events if e.get("kind") == "nonfinite"), None)
    if event is None and not len(lost):
        return _in_validation(history)
    step = int(event["step"]) if event else _step(history, lost[0])
    place = _place(event) if event else "the loss"
    before = series(history.steps, "gradient_norm")[: int(np.searchsorted(_steps(history), step))]
    before = before[np.isfinite(before)]
    if len(before) > 1 and before[-1] > GROWTH * first_level(before):
        course = f" The gradient norm had grown from {before[0]:.3g} to {before[-1]:.3g} by then."
        remedy = "Lower the learning rate, warm it up, or clip the gradient; then look again."
    else:
        course = " The gradient norm had not grown before: a single operation is to blame."
        remedy = (
            "Look for the logarithm of 0, a division by 0, an exponential or half precision there;"
            " compute losses from logits; check the batch of this step for NaN."
        )
    return Diagnosis(
        name="NaN or overflow",
        # With loss scaling a run goes on behind such a step.
        severity="critical" if step >= _steps(history).max(initial=0) else "warning",
        evidence=f"At step {step}, {place} is no finite number for the first time.{course}",
        first_step=step,
        remedy=remedy,
        chapter="foundations/numbers-that-break",
    )


def _in_validation(history: History) -> Diagnosis | None:
    """A validation loss that is not finite while that of training is."""
    event = next((e for e in history.events if e.get("kind") == "nonfinite_validation"), None)
    if event is None:
        return None
    valid = series(history.epochs, "valid_loss")
    lost, step = np.flatnonzero(~np.isfinite(valid)), int(event["step"])
    last = history.last("train_loss")
    return Diagnosis(
        name="NaN or overflow",
        severity="critical" if len(lost) and lost[-1] == len(valid) - 1 else "warning",
        evidence=(
            f"In {len(lost)} of {len(valid)} epochs, first in epoch {event['epoch']}, the"
            f" validation loss is no finite number, while the training loss is ({last:.3g} at the"
            f" end). In evaluation mode {_place(event)} is the first that is none."
        ),
        first_step=step,
        remedy=(
            "Look for NaN in the validation data, for running statistics of batch norm that are"
            " NaN or infinite (evaluation mode alone uses them), and for examples that are all"
            " masked. Early stopping and the best checkpoint have nothing to go by until then."
        ),
        chapter="foundations/numbers-that-break",
    )


def find_exploding(history: History) -> Diagnosis | None:
    """A gradient and a loss that both leave where they began behind."""
    loss, norm = series(history.steps, "loss"), series(history.steps, "gradient_norm")
    known = np.isfinite(loss) & np.isfinite(norm)
    if known.sum() < STEPS_IN_A_ROW + 1:
        return None
    start, norm_start = first_level(loss[known]), first_level(norm[known])
    beyond = known & (norm > GROWTH * norm_start) & (loss > start + RISE * abs(start))
    # What follows overflow is beyond everything.
    at = first_run(beyond | ~np.isfinite(loss), STEPS_IN_A_ROW)
    if at is None or not beyond[at:].any():
        return None
    worst = int(np.where(known, norm, -np.inf).argmax())
    return Diagnosis(
        name="exploding gradient",
        severity="critical" if not known[-1] or loss[-1] > start else "warning",
        evidence=(
            f"From step {_step(history, at)} on, the gradient norm is over {GROWTH:g} times that of"
            f" the first steps ({norm_start:.3g}; at most {norm[worst]:.3g}), and the loss is above"
            f" where it began ({start:.3g}; {loss[worst]:.3g})."
        ),
        first_step=_step(history, at),
        remedy=(
            "Lower the learning rate; clip the gradient to the norm of healthy steps; standardise"
            " inputs and targets; use a loss of bounded gradient where targets have outliers."
        ),
        chapter="landscapes/dynamics",
    )


def find_vanishing(history: History) -> Diagnosis | None:
    """A gradient of nothing while there is everything to learn."""
    loss, norm = series(history.steps, "loss"), series(history.steps, "gradient_norm")
    known = np.isfinite(loss) & np.isfinite(norm)
    loss, norm = loss[known], norm[known]
    if len(loss) < FEWEST_STEPS:
        return None
    start, late = first_level(loss), slice(len(loss) // 2, None)
    learned = start - float(np.median(loss[late])) > LEARNED * abs(start) + doubt(loss)
    faint = norm < VANISHED * abs(start)
    if learned or faint[late].mean() < MOSTLY:
        return None
    at = first_run(faint, min(len(faint), 5)) or 0
    step = int(_steps(history)[known][at])
    return Diagnosis(
        name="vanishing gradient",
        severity="critical",
        evidence=(
            f"Since step {step} the gradient norm is around {np.median(norm[at:]):.1e} while the"
            f" loss stays at {np.median(loss[late]):.3g}; it began at {start:.3g}."
        ),
        first_step=step,
        remedy=(
            "Standardise the inputs; use a loss that takes logits (squared error on a sigmoid has"
            " no gradient where it is most wrong); use ReLU-like activations, residual paths or"
            " normalisation; start with smaller weights."
        ),
        chapter="foundations/gradient-is-the-message",
    )


def _steps(history: History) -> Series:
    steps = series(history.steps, "step")
    return np.where(np.isfinite(steps), steps, np.arange(len(steps)))


def _step(history: History, index: int | np.intp) -> int:
    return int(_steps(history)[index])


def _place(event: dict[str, Any]) -> str:
    what, where = event.get("what", "a value"), event.get("where")
    if where in (None, what):
        return f"the {what}"
    return (
        f"the {what} of {where}" if where in ("inputs", "model") else f"the {what} of layer {where}"
    )
