"""How good is a model that the student trained, on examples whose labels stay with the grader?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from autograder.checks.check import Check, Finding
from autograder.checks.comparison import as_tensor
from autograder.checks.examples import Arguments
from autograder.checks.recognition import Exchange
from autograder.checks.sources import Ruled
from autograder.checks.wording import trouble
from autograder.sandbox.session import Call, Reply, Work
from autograder.sandbox.wire import Value

PUBLIC_SEED = 0


@dataclass(frozen=True)
class Exam:
    """One data set: what the submission gets, and what only the grader knows.

    Attributes:
        arguments: For the student's function: examples and labels to learn from, examples to score.
        hidden: What the answer is measured against: the labels that decide.
        shape: Of the answer.
    """

    arguments: Arguments
    hidden: Any
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Metric:
    """A number that tells how good answers are.

    Attributes:
        words: Its name in a message: ``"recall at a false-positive rate of 5 %"``.
        measure: Of the answers to all exams.
        least: What must be reached, or None.
        most: What must not be exceeded, or None.
        hint: What to look at if it is missed.
        weight: Its part of the points, relative to the other metrics'.
    """

    words: str
    measure: Callable[[Sequence[torch.Tensor], Sequence[Exam]], float]
    least: float | None = None
    most: float | None = None
    hint: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Training:
    """Lets the submission train and answer, and measures the answers.

    Attributes:
        id: As ``"focal.training"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook: trains on some, answers for others.
        draw: Draws the exams.
        metrics: What counts.
        learns_from: The function of the notebook that it must learn from; empty for any.
        costly: It runs for more than a second of the student's own compute.
    """

    id: str
    cell: str
    points: float
    function: str
    draw: Callable[[torch.Generator], Sequence[Exam]]
    metrics: tuple[Metric, ...]
    learns_from: str = ""
    costly: bool = True

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Hold the exams: with public data sets in a notebook, with secret ones otherwise."""
        exams = self.draw(secret or torch.Generator().manual_seed(PUBLIC_SEED))
        answers = self._answers(work, exams)
        if isinstance(answers, Finding):
            return answers
        missed = [self._missed(metric, answers, exams) for metric in self.metrics]
        if not all(missed) and self._learns_from_something_else(work, exams, missed):
            said = (
                f"{self.function} must learn from your {self.learns_from}, but does as well "
                "when the logits that it is called with are negated."
            )
            return Finding("failed", 0.0, said)
        weights = [metric.weight for metric in self.metrics]
        kept = sum(w for w, said in zip(weights, missed, strict=True) if not said)
        messages = [said for said in missed if said]
        if not messages:
            return Finding("passed", 1.0)
        return Finding("failed", kept / sum(weights), " ".join(messages[:2]))

    def _answers(
        self, work: Work, exams: Sequence[Exam], turned: str = ""
    ) -> list[torch.Tensor] | Finding:
        """What the submission answers in each exam, or what is wrong with the first bad answer."""
        answers = []
        for exam in exams:
            call = Call(self.function, exam.arguments, turned=turned, trains=True)
            (reply,) = work.call([call])
            found = self._unusable(exam, reply)
            if found is not None:
                return found
            answer = as_tensor(reply.value)
            assert answer is not None
            answers.append(answer)
        return answers

    def _learns_from_something_else(
        self, work: Work, exams: Sequence[Exam], missed: Sequence[str]
    ) -> bool:
        """Whether what was reached is reached as well when what it must learn from is turned."""
        if not self.learns_from:
            return False
        answers = self._answers(work, exams, turned=self.learns_from)
        if isinstance(answers, Finding):
            return False
        reached = [m for m, said in zip(self.metrics, missed, strict=True) if not said]
        return not any(self._missed(metric, answers, exams) for metric in reached)

    def _unusable(self, exam: Exam, reply: Reply) -> Finding | None:
        # Data sets are too long to be shown, so even a public one is treated as unseen.
        due: Value = torch.zeros(exam.shape)
        call = Call(self.function, exam.arguments)
        found = trouble(Exchange(call, reply, Reply("ok", due, "Tensor"), public=False))
        if found is not None:
            return replace(found, share=0.0)
        answer = as_tensor(reply.value)
        if answer is None or not bool(answer.isfinite().all()):
            return Finding("failed", 0.0, f"{self.function} returns infinity or NaN.")
        return None

    @staticmethod
    def _missed(metric: Metric, answers: Sequence[torch.Tensor], exams: Sequence[Exam]) -> str:
        reached = metric.measure(answers, exams)
        if metric.least is not None and not reached >= metric.least:
            bound = f"at least {metric.least:g} is asked for"
        elif metric.most is not None and not reached <= metric.most:
            bound = f"at most {metric.most:g} is asked for"
        else:
            return ""
        said = f"On new examples your {metric.words} is {reached:.2g}; {bound}."
        return f"{said} {metric.hint}".rstrip()


def trained(checks: Sequence[Check]) -> set[str]:
    """The functions of a notebook that train models when they are checked."""
    bare = [check.check if isinstance(check, Ruled) else check for check in checks]
    return {check.function for check in bare if isinstance(check, Training)}
