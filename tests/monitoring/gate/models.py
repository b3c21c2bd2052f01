"""Losses of two models on the same examples."""

import numpy as np
import pandas as pd

from lossedu.monitoring.telemetry.outcomes import outcomes


def losses(n=2000, *, worse=0.0, seed=0, ids=None):
    """A baseline and a candidate whose margins are smaller by so much; examples are shared."""
    numbers = np.random.default_rng(seed)
    label = numbers.integers(2, size=n)
    hard = numbers.normal(2.0, 1.5, n)

    def table(shift, draw):
        margin = hard - shift + np.random.default_rng([seed, draw]).normal(0, 0.2, n)
        seen = outcomes(np.where(label == 1, margin, -margin), label)
        return pd.DataFrame(
            {
                "id": np.arange(n) if ids is None else ids,
                "loss": seen.loss,
                "label": label,
                "predicted": seen.predicted,
                "margin": seen.margin,
                "confidence": np.maximum(seen.p_true, 1 - seen.p_true),
            }
        )

    return table(worse, 1), table(0.0, 2)
