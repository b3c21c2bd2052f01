"""All diagnoses of a run, the gravest first, and a table of several runs."""

from collections.abc import Callable, Mapping

import numpy as np

from lossedu.tables import Table
from lossedu.training.diagnosis.collapse import (
    find_embedding_collapse,
    find_majority_collapse,
    find_worker_divergence,
)
from lossedu.training.diagnosis.finding import Diagnosis
from lossedu.training.diagnosis.generalisation import find_leakage, find_overfitting
from lossedu.training.diagnosis.gradients import (
    find_exploding,
    find_nonfinite,
    find_vanishing,
)
from lossedu.training.diagnosis.progress import find_oscillation, find_plateau
from lossedu.training.diagnosis.small_steps import find_small_steps
from lossedu.training.history import History

_RULES: dict[str, Callable[[History], Diagnosis | None]] = {
    "NaN or overflow": find_nonfinite,
    "exploding gradient": find_exploding,
    "vanishing gradient": find_vanishing,
    "learning rate too small": find_small_steps,
    "plateau": find_plateau,
    "oscillation": find_oscillation,
    "overfitting": find_overfitting,
    "majority-class collapse": find_majority_collapse,
    "embedding collapse": find_embedding_collapse,
    "label leakage": find_leakage,
    "worker divergence": find_worker_divergence,
}
NAMES = tuple(_RULES)
"""What there is to find, in the order in which it is looked for."""

# Not said where the cause is: a loss without a gradient does not move either, embeddings that are
# all one have nothing left to lose, and a model that was hardly trained names one class by chance.
_CAUSES = {
    "learning rate too small": {"vanishing gradient"},
    "plateau": {
        "vanishing gradient",
        "learning rate too small",
        "oscillation",
        "embedding collapse",
    },
    "majority-class collapse": {"learning rate too small"},
    "label leakage": {"embedding collapse"},
}


def diagnose(history: History) -> list[Diagnosis]:
    """Name what is wrong with a run.

    Args:
        history: What `fit` returned, or a history read from a file.

    Returns:
        What was found, critical things first; nothing for a healthy run.  A short run (below 20
        steps, or 3 epochs) shows little, and little is found.

    Example:
        >>> history = History()
        >>> for step, loss in enumerate([0.7, 0.6, float("nan")]):
        ...     history.add("steps", {"step": step, "loss": loss, "gradient_norm": 0.3})
        >>> [(found.name, found.first_step) for found in diagnose(history)]
        [('NaN or overflow', 2)]
    """
    with np.errstate(all="ignore"):  # differences of huge numbers are infinite, and that is fine
        found = {name: rule(history) for name, rule in _RULES.items()}
    present = {name for name, diagnosis in found.items() if diagnosis is not None}
    told = [d for name, d in found.items() if d and not present & _CAUSES.get(name, set())]
    return sorted(told, key=lambda diagnosis: diagnosis.severity != "critical")


def diagnosis_table(runs: Mapping[str, History]) -> Table:
    """What was found in which run: a row a run, a column a diagnosis, the first step in the cell.

    Args:
        runs: Histories by the name of the run.

    Returns:
        A table; ``"–"`` where nothing was found.
    """
    rows: list[list[str | int]] = []
    for run, history in runs.items():
        found = {d.name: "yes" if d.first_step is None else d.first_step for d in diagnose(history)}
        rows.append([run, *(found.get(name, "–") for name in NAMES)])
    return Table(["run", *NAMES], rows, label="which run has which diagnosis, from which step on")


def findings_table(runs: Mapping[str, History]) -> Table:
    """What was found in which run, with its evidence: a row a finding.

    Args:
        runs: Histories by the name of the run.
    """
    rows: list[list[str | int]] = []
    for run, history in runs.items():
        for d in diagnose(history):
            since = "–" if d.first_step is None else d.first_step
            rows.append([run, d.name, since, d.evidence])
    headings = ["run", "found", "since step", "evidence"]
    return Table(headings, rows, label="what was found in which run, and how one can tell")
