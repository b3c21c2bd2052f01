"""A service whose labels come late: positives after six days on average, negatives after one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

START = datetime(2026, 3, 1)
DAYS = 30
AS_OF = (START + timedelta(days=DAYS)).replace(tzinfo=UTC)
LAG_DAYS = {0: 1.0, 1: 6.0}


def logs(*, a_day=1000, worse_from=20, shift=0.3, seed=0):
    """Predictions and labels of a month; positives are harder, and get harder on a day."""
    numbers = np.random.default_rng(seed)
    n = a_day * DAYS
    seconds = np.sort(numbers.random(n)) * DAYS * 86_400
    label = (numbers.random(n) < 0.2).astype(int)
    worse = seconds >= worse_from * 86_400
    score = np.where(label, 0.6 - shift * worse, -2.0) + numbers.normal(size=n)
    lag = numbers.exponential([LAG_DAYS[one] * 86_400 for one in label])
    begin = np.datetime64(START, "us")
    time = begin + (seconds * 1e6).astype("timedelta64[us]")
    predictions = pd.DataFrame({"prediction_id": np.arange(n), "time": time, "score": score})
    labels = pd.DataFrame(
        {
            "prediction_id": np.arange(n),
            "label": label,
            "arrived": time + (lag * 1e6).astype("timedelta64[us]"),
        }
    )
    return predictions, labels


def hinge(predictions, labels):
    """The hinge loss of every prediction, as if all labels were here."""
    sign = 2.0 * labels["label"].to_numpy() - 1
    return np.maximum(0, 1 - sign * predictions["score"].to_numpy())


def true_means(predictions, labels, *, days=1):
    """The mean loss of each window of days, as if all labels were here."""
    day = ((predictions["time"] - START).dt.total_seconds() // (86_400 * days)).astype(int)
    return pd.Series(hinge(predictions, labels)).groupby(day.to_numpy()).mean().to_numpy()
