"""What the course trains for: eight skills, five levels, twelve kinds of question, fifteen tasks.

Skills and levels are those of the self-assessment with which a candidate begins; the tasks are the
fixed sessions of a preparation of three weeks, between which the schedule places everything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SKILLS: Mapping[str, str] = {
    "squared-error": "Define squared error and compute its gradient",
    "robustness": "Say when absolute, Huber or quantile loss beats squared error",
    "cross-entropy": "Derive cross-entropy from a likelihood",
    "margins": "Explain hinge loss and margins geometrically",
    "focal": "Describe focal loss and other answers to class imbalance",
    "metric-learning": "Explain contrastive, triplet and ranking losses",
    "design": "Design a loss for a stated problem",
    "debugging": "Debug training from loss, gradient and landscape",
}
"""The eight skills of the self-assessment: what somebody who has the skill can do."""

LEVELS: Mapping[int, str] = {
    1: "cannot",
    2: "vaguely",
    3: "can explain",
    4: "can derive",
    5: "can teach",
}
"""The five levels at which a skill is claimed and shown."""

KINDS: Mapping[str, str] = {
    "number": "a number to so many digits",
    "formula": "a formula in stated symbols",
    "choice": "one option of several, or all that apply",
    "order": "items to be put into order",
    "match": "pairs to be made",
    "read-a-plot": "a number or an option, read off a plot",
    "code": "a cell with a blank and a check",
    "debug": "a script that fails: name the cause, mend it",
    "errata": "an answer key with a wrong line",
    "spoken": "an answer aloud, against the clock",
    "design": "a design in four steps",
    "incident": "a monitoring scenario with a hidden cause",
}
"""The kinds of question, with what each asks for."""

MILESTONE_DAYS = (0, 3, 7, 14, 21)
"""The days of the fixed sessions."""

VARIANTS = 24
"""The most variants that a family has; repetition r of a review shows variant r modulo this."""


@dataclass(frozen=True)
class Task:
    """One of the fifteen tasks of the fixed sessions.

    Attributes:
        day: The session it belongs to.
        words: What is to be done.
        minutes: The time allowed, where the task is timed.
    """

    day: int
    words: str
    minutes: float | None = None


TASKS: Mapping[str, Task] = {
    "self-assessment": Task(0, "Read the chapters and assess yourself in all eight skills"),
    "cross-entropy-from-likelihood": Task(0, "Derive binary cross-entropy from the likelihood"),
    "decision-tree": Task(0, "Draw the decision tree of losses from memory"),
    "eight-losses": Task(3, "List eight losses with formula and use, without notes"),
    "noise-models": Task(3, "Say why squared error is Gaussian and absolute error Laplacian"),
    "cross-entropy-aloud": Task(3, "Answer aloud: what is cross-entropy?", 1),
    "connections": Task(7, "Connect losses to optimisation, regularisation and metrics"),
    "custom-loss-problem": Task(7, "Solve the problem of a custom loss without hints"),
    "focal-for-everyone": Task(7, "Explain focal loss to somebody without machine learning"),
    "multi-label-bug": Task(14, "Debug the multi-label classifier", 5),
    "own-design": Task(14, "Design a loss for a problem of your choice in four steps"),
    "weakest-derivations": Task(14, "Go over the losses that you cannot derive"),
    "not-cross-entropy": Task(21, "Answer aloud: when would you not use cross-entropy?", 1.5),
    "content-moderation": Task(21, "Design a loss for content moderation", 5),
    "four-problems": Task(21, "Solve all four practice problems", 30),
}
"""The fifteen tasks, three a session; a family names the one that it serves."""
