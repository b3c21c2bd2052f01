"""A loss that does not fall, or that falls and rises by turns."""

import numpy as np

from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.gradients import doubt, first_level
from lossedu.training.diagnosis.inputs import tells_progress
from lossedu.training.diagnosis.robust import Series, block_medians, noise, series, trend
from lossedu.training.history import History

# Learning how frequent the classes are, and no more, is worth a few per cent of the first loss.
LEARNED = 0.05
# Half of all runs end within a few dozen steps of a flat beginning; fewer tell nothing.
FEWEST_STEPS, FEWEST_EPOCHS = 50, 3
# One run in 200 without a trend looks this much like one that falls.
FALLING = -2.6
BLOCKS = 40
# The loss of a whole part of the data moves by 1 to 5 % from epoch to epoch in healthy runs.  A
# random walk turns in half of all epochs, pure chance in two thirds.
SWING, TURNS, EPOCHS_FOR_TURNS = 0.25, 1 / 3, 6
# Losses of batches drawn at random have no memory: their correlation is 0 +- 1 / sqrt(n).
ALTERNATES, STEPS_FOR_TURNS = -0.6, 30
SWING_OF_STEPS = 0.1


def find_plateau(history: History) -> Diagnosis | None:
    """A loss that ends where it began, without a trend."""
    loss = series(history.steps, "loss")
    if len(loss) < FEWEST_STEPS or not np.isfinite(loss).all() or not tells_progress(history):
        return None
    start, end = first_level(loss), float(np.median(loss[-(len(loss) // 4) :]))
    if abs(start - end) > LEARNED * abs(start) + doubt(loss) or _epochs_learned(history):
        return None
    if trend(block_medians(loss[len(loss) // 4 :], BLOCKS)) < FALLING or not start:
        return None
    return Diagnosis(
        name="plateau",
        severity="warning",
        evidence=(
            f"Over {len(loss)} steps the loss went from {start:.4g} to {end:.4g}, no more than its"
            f" noise of {noise(loss):.2g} from step to step, and shows no trend."
        ),
        first_step=0,
        remedy=(
            "Fit ten examples first: if that fails, look for frozen parameters, a detached graph or"
            " labels that do not belong to their inputs. Otherwise raise the learning rate tenfold"
            " or warm it up."
        ),
        chapter="landscapes/dynamics",
    )


def find_oscillation(history: History) -> Diagnosis | None:
    """A loss that falls and rises by turns, by more than noise."""
    return _swinging_epochs(history) or _alternating_steps(history)


def _epochs_learned(history: History) -> bool:
    """Whether the loss of whole epochs fell, or falls: batches move it little."""
    for name in ("train_loss", "valid_loss"):
        loss = series(history.epochs, name)
        loss = loss[np.isfinite(loss)]
        if len(loss) >= FEWEST_EPOCHS:
            fell = loss[0] - loss[-2:].mean() > LEARNED * abs(loss[0])
            if fell or trend(loss) < FALLING:
                return True
    return False


def _swinging_epochs(history: History) -> Diagnosis | None:
    loss = series(history.epochs, "valid_loss")
    if not np.isfinite(loss).all() or not len(loss):
        loss = series(history.epochs, "train_loss")
    steady = _without_restarts(history, len(loss))
    late = slice(len(loss) // 3, None)  # the beginning may be rough
    level, counted = loss[late], steady[late][1:]
    if len(level) < EPOCHS_FOR_TURNS or not np.isfinite(level).all():
        return None
    changes = np.diff(level)
    scale = np.minimum(np.abs(level[1:]), np.abs(level[:-1]))
    relative = np.abs(changes)[counted] / np.maximum(scale[counted], 1e-12)
    turned = (np.sign(changes[1:]) != np.sign(changes[:-1]))[counted[1:] & counted[:-1]]
    if not len(turned) or turned.mean() < TURNS or np.median(relative) < SWING:
        return None
    first = series(history.steps, "epoch")
    epoch = int(series(history.epochs, "epoch")[late][0])
    step = int(np.argmax(first >= epoch)) if (first >= epoch).any() else None
    return _oscillation(
        f"From epoch {epoch} on, the loss turns in {turned.mean():.0%} of the epochs and changes by"
        f" {np.median(relative):.0%} from one to the next, between {level.min():.3g} and"
        f" {level.max():.3g}.",
        step,
    )


def _alternating_steps(history: History) -> Diagnosis | None:
    loss = series(history.steps, "loss")
    late = loss[len(loss) // 2 :]
    if len(late) < STEPS_FOR_TURNS or not np.isfinite(late).all():
        return None
    # Around the mean of neighbours, so that a loss that only falls does not correlate.
    middle = (late[:-2] + 2 * late[1:-1] + late[2:]) / 4
    rest = late[1:-1] - middle
    size = float(np.median(np.abs(rest)) / max(np.median(np.abs(late)), 1e-12))
    correlation = _correlation(late - _running_median(late))
    if correlation > ALTERNATES or size < SWING_OF_STEPS:
        return None
    return _oscillation(
        f"In the second half of the run the loss rises and falls at every other step (correlation"
        f" of neighbours {correlation:.2f}), by {size:.0%} of its level.",
        len(loss) - len(late),
    )


def _oscillation(evidence: str, step: int | None) -> Diagnosis:
    return Diagnosis(
        name="oscillation",
        severity="warning",
        evidence=evidence,
        first_step=step,
        remedy=(
            "Lower the learning rate by a factor of 3, or let it decay; use larger batches; average"
            " the weights."
        ),
        chapter="landscapes/dynamics",
    )


def _without_restarts(history: History, epochs: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which epochs began with no higher learning rate than the one before: not restarts."""
    rate, epoch = series(history.steps, "learning_rate"), series(history.steps, "epoch")
    steady = np.ones(epochs, dtype=bool)
    largest = [rate[epoch == number].max(initial=0.0) for number in range(epochs)]
    for number in range(1, epochs):
        inside = rate[epoch == number]
        rises = bool((np.diff(inside) > 0).any()) if len(inside) > 1 else False
        steady[number] = not rises and largest[number] <= largest[number - 1] * (1 + 1e-9)
    return steady


def _running_median(values: Series) -> Series:
    padded = np.pad(values, 3, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 7), axis=-1))


def _correlation(values: Series) -> float:
    power = float((values**2).sum())
    return float((values[1:] * values[:-1]).sum() / power) if power else 0.0
