"""Laws of a loss that weighs two kinds of mistakes and a severity.

Each law measures what it needs and says what is wrong with it, or nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from autograder.checks.check import Finding
from autograder.checks.comparison import as_tensor
from autograder.checks.recognition import Exchange, Known
from autograder.checks.wording import shown, trouble
from autograder.rubrics.design.case_charges import (
    Case,
    Charges,
    Grid,
    Shown,
    ask,
    ask_singly,
    batch_of,
    measure,
)
from autograder.sandbox.session import Call, Reply, Work

COST = 20.0
# The sizes hold log 20 - 1 and log 20 + 1, between which a shift by log 20 mirrors charges.
PUBLIC = Grid((0.25, math.log(COST) - 1, math.log(COST) + 1, 10.0), (1.0, 5.5, 10.0))
BATCH = (
    Case(1.0, 0.0, 2.0),
    Case(-0.5, 1.0, 9.0),
    Case(2.0, 1.0, 4.0),
    Case(-1.5, 0.0, 7.0),
)

Law = Callable[[Work, str, Grid, bool], Finding | str]
Sign = Callable[[Shown], bool]


@dataclass(frozen=True)
class CaseLaw:
    """A law that charges must obey.

    Attributes:
        id: As ``"design.cost"``.
        cell: The graded cell.
        points: What it is worth.
        function: The function's name in the notebook: of logits, targets and severities.
        law: Which.
        bank: What to say of known mistakes; None says nothing.
        signs: By name of a mistake: how it shows in what is charged.  A loss that is designed may
            grow with severity as it likes, so its mistakes are told by ratios, not by values.
    """

    id: str
    cell: str
    points: float
    function: str
    law: Law
    bank: Known | None
    signs: Mapping[str, Sign]

    costly: ClassVar[bool] = False

    def judge(self, work: Work, secret: torch.Generator | None) -> Finding:
        """Try the law on open cases and, for the grader, on hidden ones."""
        grids = [(PUBLIC, True)] + ([] if secret is None else [(_drawn(secret), False)])
        for grid, public in grids:
            found = self.law(work, self.function, grid, public)
            if isinstance(found, Finding):
                return found
            if found:
                return self._named(work) or Finding("failed", 0.0, found)
        return Finding("passed", 1.0)

    def _named(self, work: Work) -> Finding | None:
        """The known mistakes that show, two at most."""
        shown_by = None if self.bank is None else _shown_by(work, self.function)
        if self.bank is None or shown_by is None:
            return None
        known = {mistake.name: mistake for mistake in self.bank.mistakes}
        mistakes = [known[name] for name, sign in self.signs.items() if sign(shown_by)][:2]
        if not mistakes:
            return None
        says = " And a second thing: ".join(mistake.says for mistake in mistakes)
        name = " + ".join(mistake.name for mistake in mistakes)
        return Finding("failed", 0.0, says, name, mistakes[0].link)


def _shown_by(work: Work, function: str) -> Shown | None:
    charges = measure(work, function, PUBLIC, True, ask_singly)
    singly = ask_singly(work, function, BATCH, True)
    far = ask_singly(work, function, [Case(1e4, 0.0, 5.0), Case(-1e4, 1.0, 5.0)], True)
    if isinstance(charges, Finding) or isinstance(singly, Finding) or isinstance(far, Finding):
        return None
    (reply,) = work.call([Call(function, batch_of(BATCH))])
    together = as_tensor(reply.value) if reply.status == "ok" else None
    return Shown(charges, singly[0], together, far)


def _drawn(secret: torch.Generator) -> Grid:
    sizes = (0.1 + 6 * torch.rand(3, generator=secret)).sort().values
    middle = 1.5 + 8 * torch.rand(1, generator=secret).item()
    return Grid(tuple(sizes.tolist()), (1.0, middle, 10.0))


def _measured(
    work: Work, function: str, grid: Grid, public: bool, fault: Callable[[Charges], str]
) -> Finding | str:
    charges = measure(work, function, grid, public)
    if isinstance(charges, Finding):
        return charges
    if not bool(charges.values.isfinite().all()):
        return f"{function} gives infinity or NaN for a single case with a moderate logit."
    return fault(charges)


def form(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """Charges are never negative, and a case's charge depends on that case alone."""

    def negative(charges: Charges) -> str:
        return "A charge must never be negative." if bool((charges.values < -1e-6).any()) else ""

    return _measured(work, function, grid, public, negative) or _alone(work, function)


def _alone(work: Work, function: str) -> Finding | str:
    singly = ask_singly(work, function, BATCH, True)
    if isinstance(singly, Finding):
        return singly
    call = Call(function, batch_of(BATCH))
    (reply,) = work.call([call])
    value = as_tensor(reply.value)
    due = singly[0] if value is not None and value.ndim else singly[0].mean()
    found = trouble(Exchange(call, reply, Reply("ok", due), True))
    if found is not None:
        return found
    if value is not None and torch.allclose(value, due, rtol=1e-3, atol=1e-6):
        return ""
    what = "their mean" if not due.ndim else "the same as each case by itself"
    return f"{shown(call)} should be {what}: a charge depends on its case alone."


def cost(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """A miss costs 20 times what the mirrored false alarm costs."""

    def fault(charges: Charges) -> str:
        if bool(torch.isclose(charges.at_mirrors(), torch.tensor(COST).double(), rtol=2e-3).all()):
            return ""
        return (
            f"{function} should charge a miss at logit -z 20 times what it charges a false alarm "
            "at logit z, for each z and at each severity. Compare z = 0.25 and z = 10."
        )

    return _measured(work, function, grid, public, fault)


def severity(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """Charges rise with severity, noticeably and within bounds, for both targets."""

    def fault(charges: Charges) -> str:
        for target, kind in enumerate(("normal", "abnormal")):
            growth = charges.growth(target)
            if not bool((growth.diff(dim=0) > 1e-6).all()):
                return f"A higher severity should always cost more, also for {kind} cases."
            most, least = growth[-1].max().item(), growth[-1].min().item()
            if least < 1.5 - 1e-3 or most > 20 + 1e-2:
                return (
                    f"For {kind} cases severity 10 should cost 1.5 to 20 times what severity 1 "
                    "costs, at each logit."
                )
        return ""

    return _measured(work, function, grid, public, fault)


def slope(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """Charges fall towards the right side, and no less steeply the more wrong a case is."""

    def fault(charges: Charges) -> str:
        if not bool(charges.slopes.any()):
            return (
                f"No gradient reaches the logits: {function} leaves torch on the way, or detaches."
            )
        towards = charges.slopes * torch.tensor([1.0, -1.0]).view(2, 1, 1)
        scale = charges.slopes.abs().max()
        if bool((towards < -1e-5 * scale).any()):
            return (
                "A higher logit should never lower the charge of a normal case, nor raise that of "
                "an abnormal one."
            )
        steep = torch.stack([charges.wrong_slopes(target) for target in (0, 1)])
        if bool((steep <= 0).any()) or bool((steep.diff(dim=2) < -1e-4 * steep[..., 1:]).any()):
            return "The slope fades where a case is badly wrong: there it should be steepest."
        return ""

    return _measured(work, function, grid, public, fault)


def best_answer(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """The average charge is least at the log-odds plus log 20.

    With slopes that never fade (another law), it is enough that the average falls a little before
    that logit and rises a little behind it.
    """
    chances = (0.02, 1 / 21, 0.3, 0.7)
    steps, levels = (-0.1, 0.1), (grid.severities[0], grid.severities[-1])
    cases = [
        Case(math.log(p / (1 - p) * COST) + step, target, level)
        for p in chances
        for level in levels
        for step in steps
        for target in (0.0, 1.0)
    ]
    asked = ask(work, function, cases, public)
    if isinstance(asked, Finding):
        return asked
    slopes = asked[1].reshape(len(chances), len(levels), len(steps), 2)
    chance = torch.tensor(chances).double().view(-1, 1, 1)
    average = (1 - chance) * slopes[..., 0] + chance * slopes[..., 1]
    if bool((average[..., 0] < 0).all() and (average[..., 1] > 0).all()):
        return ""
    return (
        "For a case that is abnormal with probability p, the average charge should be least at the "
        f"logit log(p / (1 - p)) + log 20. Try p = 1/21: is the average of {function} least at 0, "
        "at severity 1 and at severity 10?"
    )


def extremes(work: Work, function: str, grid: Grid, public: bool) -> Finding | str:
    """Finite at ±10 000, and still steep on the wrong side."""
    levels = (grid.severities[0], grid.severities[-1])
    cases = [
        Case(logit, target, level)
        for logit in (1e4, -1e4)
        for target in (0.0, 1.0)
        for level in levels
    ]
    asked = ask(work, function, cases, public)
    if isinstance(asked, Finding):
        return asked
    values, slopes = asked
    if not bool(values.isfinite().all()):
        return f"{function} is infinite or NaN at logits of ±10 000."
    if not bool(slopes.isfinite().all()):
        return f"The gradient of {function} is infinite or NaN at logits of ±10 000."
    wrong = torch.tensor([(case.logit > 0) != (case.target > 0) for case in cases])
    if not bool((slopes[wrong] != 0).all()):
        return f"The gradient of {function} is 0 at ±10 000 on the wrong side: it stops learning."
    return ""
