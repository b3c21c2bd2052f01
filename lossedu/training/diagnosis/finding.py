"""One thing that is wrong with a run."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is wrong, how one can tell, since when, and what helps.

    Attributes:
        name: What it is called.
        severity: ``"critical"`` where the model is of no use, ``"warning"`` where it is worse than
            it could be.
        evidence: What the history shows, in a sentence with numbers.
        first_step: The first optimizer step that shows it; None where no step does.
        remedy: What to try, the likeliest first.
        chapter: The page that explains it, without suffix.
    """

    name: str
    severity: Severity
    evidence: str
    first_step: int | None
    remedy: str
    chapter: str

    def __str__(self) -> str:
        """The diagnosis as a paragraph."""
        return f"{self.severity}: {self.name}. {self.evidence} {self.remedy} See {self.chapter}."
