"""Held-out data that get worse while training data get better, or better than data can be."""

import numpy as np

from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.inputs import inputs_of
from lossedu.training.diagnosis.robust import Series, noise, series
from lossedu.training.history import History

# A rise by a tenth of the best loss costs more than choosing another seed would; smaller ones are
# what early stopping with a patience of a few epochs leaves.
RISE, RISE_IN_NOISE, FEWEST_EPOCHS = 0.1, 4.0, 5
# Real targets have noise: a thousandth of the first loss is a correlation beyond 0.999, or a
# probability beyond 0.998 for the truth of every held-out example.
NOTHING_LEFT = 1e-3
# Data that are merely easy are easier where they were trained on.
NO_GAP = 3.0


def find_overfitting(history: History) -> Diagnosis | None:
    """A validation loss that rises from its best while the training loss falls on."""
    train, valid = series(history.epochs, "train_loss"), series(history.epochs, "valid_loss")
    known = np.isfinite(train) & np.isfinite(valid)
    train, valid = train[known], valid[known]
    if len(valid) < FEWEST_EPOCHS:
        return None
    smooth = _mean_of_three(valid)
    best = int(smooth.argmin())
    end, end_train = float(valid[-3:].mean()), float(train[-3:].mean())
    least = max(RISE * abs(smooth[best]), RISE_IN_NOISE * noise(valid))
    if best > len(valid) - 3 or end - smooth[best] < least or end_train >= train[best]:
        return None
    epoch = int(series(history.epochs, "epoch")[known][best])
    return Diagnosis(
        name="overfitting",
        severity="warning",
        evidence=(
            f"The validation loss was best in epoch {epoch} ({smooth[best]:.3g}) and has risen to"
            f" {end:.3g} since, while the training loss fell from {train[best]:.3g} to"
            f" {end_train:.3g}."
        ),
        first_step=last_step_of(history, epoch),
        remedy=(
            "Stop at the best validation loss; get more data, or augment; decay the weights; use"
            " dropout or a smaller model. Check the labels: memorising noise looks like this."
        ),
        chapter="operations/telemetry",
    )


def find_leakage(history: History) -> Diagnosis | None:
    """A held-out loss of almost nothing, no worse than on training data."""
    train, valid = series(history.epochs, "train_loss"), series(history.epochs, "valid_loss")
    known = np.isfinite(train) & np.isfinite(valid)
    if not known.any() or _has_a_margin(history):
        return None
    loss = series(history.steps, "loss")
    start = float(loss[np.isfinite(loss)][:1].sum())  # 0 where no step was told
    reached = known & (valid < NOTHING_LEFT * start) & (valid <= NO_GAP * np.maximum(train, 1e-12))
    if not start > 0 or not reached.any() or not reached[known][-1]:
        return None
    epoch = int(series(history.epochs, "epoch")[int(reached.argmax())])
    last = valid[known][-1]
    return Diagnosis(
        name="label leakage",
        severity="critical",
        evidence=(
            f"By epoch {epoch} the validation loss is below {NOTHING_LEFT:g} of the first loss"
            f" ({start:.3g}) and ends at {last:.2g}, with no gap to the training loss"
            f" ({train[known][-1]:.2g}). Targets without noise are rare."
        ),
        first_step=last_step_of(history, epoch),
        remedy=(
            "Look for a feature made from the target, for what is known only afterwards, and for"
            " the same examples on both sides of the split. Remove the strongest feature and train"
            " again."
        ),
        chapter="design/bug-zoo",
    )


def last_step_of(history: History, epoch: int) -> int | None:
    """The last step of an epoch."""
    steps, epochs = series(history.steps, "step"), series(history.steps, "epoch")
    inside = steps[epochs == epoch]
    return int(inside[-1]) if len(inside) else None


def _mean_of_three(values: Series) -> Series:
    """Each value's mean with its neighbours; two at the ends."""
    weights = np.convolve(np.ones(len(values)), np.ones(3), mode="same")
    return np.asarray(np.convolve(values, np.ones(3), mode="same") / weights)


def _has_a_margin(history: History) -> bool:
    """Whether the loss is nothing beyond a margin: it gets there on easy data, by design."""
    exactly = (series(history.epochs, name)[-1] == 0 for name in ("valid_loss", "loss_p50"))
    return inputs_of(history) in ("score", "embedding") or any(exactly)
