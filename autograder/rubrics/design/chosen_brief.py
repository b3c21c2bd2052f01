"""A student chooses one of several tasks; the check follows the choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from autograder.checks.check import Check, Finding
from autograder.sandbox.session import Call, Work


@dataclass(frozen=True)
class ChosenBrief:
    """Asks the check of the task that the submission names.

    Attributes:
        id: As ``"design.brief-loss"``.
        cell: The graded cell.
        points: What it is worth, whichever task is chosen.
        chooser: The function of the notebook that returns the choice.
        choices: The check of each task.
    """

    id: str
    cell: str
    points: float
    chooser: str
    choices: Mapping[str, Check]

    costly: ClassVar[bool] = False

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Learn the choice, then ask."""
        (reply,) = work.call([Call(self.chooser)])
        chosen = reply.value if reply.status == "ok" else None
        if isinstance(chosen, str) and chosen in self.choices:
            return self.choices[chosen].judge(work, secret)
        named = ", ".join(f'"{name}"' for name in self.choices)
        return Finding("missing", 0.0, f"Choose a brief first: set BRIEF to one of {named}.")
