"""The decision: passed, failed, or not enough evidence, which is not a pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lossedu.monitoring.frames import Source
from lossedu.monitoring.gate.evidence import Evidence, paired
from lossedu.monitoring.gate.measures import Measure, measures
from lossedu.monitoring.gate.policy import Limit, Policy
from lossedu.monitoring.timeline import Values
from lossedu.tables import Cell, Table

Verdict = Literal["passed", "failed", "not enough evidence"]
EXIT_CODES: dict[Verdict, int] = {"passed": 0, "failed": 1, "not enough evidence": 2}

_DRAWS, _BLOCK = 2000, 2**22


@dataclass(frozen=True)
class Check:
    """One limit, and how the candidate stands to it.

    Attributes:
        name: Of the check, and of the class where it is of one.
        limit: What it may not exceed.
        candidate: The candidate's figure.
        baseline: The baseline's.
        value: What is limited: the candidate's figure, its increase, or its decrease.
        low: The lower end of the interval for that value.
        high: The upper end.
        verdict: ``"passed"`` if the whole interval keeps the limit, ``"failed"`` if none of it
            does.
    """

    name: str
    limit: Limit
    candidate: float
    baseline: float
    value: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class GateDecision:
    """What a gate decides.

    Attributes:
        checks: In the order of the policy.
        n: Examples.
        policy: What was asked.
    """

    checks: tuple[Check, ...]
    n: int
    policy: Policy

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks: a failure counts more than a doubt."""
        seen = {check.verdict for check in self.checks}
        order: tuple[Verdict, ...] = ("failed", "not enough evidence", "passed")
        return next(verdict for verdict in order if verdict in seen)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 not enough evidence."""
        return EXIT_CODES[self.verdict]

    def table(self) -> Table:
        """A row a check."""
        rows: list[list[Cell]] = [
            [
                check.name,
                check.candidate,
                check.baseline,
                f"{check.value:.4g} [{check.low:.4g}, {check.high:.4g}]".replace("-", "−"),
                f"{check.limit.kind.replace('_', ' ')} {check.limit.value:g}",
                check.verdict,
            ]
            for check in self.checks
        ]
        interval = f"value and {self.policy.confidence:.0%} interval"
        headings = ["check", "candidate", "baseline", interval, "limit", "verdict"]
        return Table(headings, rows, label=f"gate on {self.n} examples: {self.verdict}")


def decide(candidate: Source, baseline: Source, policy: Policy, *, seed: int = 0) -> GateDecision:
    """Hold a candidate's losses against a policy.

    Args:
        candidate: As `lossedu.monitoring.gate.evidence.paired` takes them.
        baseline: Likewise.
        policy: What the candidate has to keep.  Unless it says how many losses may be invalid, none
            may: a mean leaves them out, and they may be those of the hardest examples.
        seed: Of the bootstrap.

    Raises:
        FrameError: If the tables cannot be used or do not match.
        PolicyError: If a check needs columns that are not there.
    """
    evidence = paired(candidate, baseline)
    limits = policy.limits
    spared = ~np.isfinite(evidence.candidate.loss)
    if spared.any() and not any(limit.check == "invalid" for limit in limits):
        limits += (Limit("invalid", "most", 0.0),)
    checks = [check for limit in limits for check in _judged(limit, evidence, policy, seed)]
    return GateDecision(tuple(checks), evidence.n, policy)


def _judged(limit: Limit, evidence: Evidence, policy: Policy, seed: int) -> Iterator[Check]:
    for candidate, baseline in measures(limit.check, evidence):
        new, old = (one.of_sums(one.terms.sum(axis=0)) for one in (candidate, baseline))
        value = float(_limited(limit, new, old))
        if limit.check == "invalid":
            low = high = value  # a count, not an estimate
        else:
            draws = _limited(limit, *_drawn(candidate, baseline, evidence, seed))
            tail = (1 - policy.confidence) / 2
            usable = draws[np.isfinite(draws)]
            ends = np.quantile(usable, [tail, 1 - tail]) if len(usable) else [np.nan, np.nan]
            low, high = map(float, ends)
        verdict = _verdict(limit, value, low, high)
        if evidence.n < policy.least and limit.check != "invalid":
            verdict = "not enough evidence"
        yield Check(candidate.name, limit, float(new), float(old), value, low, high, verdict)


def _verdict(limit: Limit, value: float, low: float, high: float) -> Verdict:
    if np.isnan([value, low, high]).any():
        return "not enough evidence"
    if high <= limit.value:
        return "passed"
    return "failed" if low > limit.value else "not enough evidence"


def _limited(limit: Limit, candidate: Values, baseline: Values) -> Values:
    if limit.kind == "most":
        return candidate
    increase: Values = candidate - baseline
    return increase if limit.kind == "most_increase" else -increase


def _drawn(
    candidate: Measure, baseline: Measure, evidence: Evidence, seed: int
) -> tuple[Values, Values]:
    """Both figures of samples of examples drawn anew; an example's seeds stay together."""
    both = np.concatenate([candidate.terms, baseline.terms], axis=1)
    terms = np.zeros((evidence.n, both.shape[1]))
    np.add.at(terms, evidence.example, both)
    numbers = np.random.default_rng(seed)
    sums = np.empty((_DRAWS, both.shape[1]))
    block = max(1, _BLOCK // max(1, evidence.n))
    for begin in range(0, _DRAWS, block):
        rows = min(block, _DRAWS - begin)
        picks = numbers.integers(evidence.n, size=(rows, evidence.n))
        offsets = evidence.n * np.arange(rows)[:, None]
        weights = np.bincount((picks + offsets).ravel(), minlength=rows * evidence.n)
        sums[begin : begin + rows] = weights.reshape(rows, evidence.n) @ terms
    split = candidate.terms.shape[1]
    return candidate.of_sums(sums[:, :split]), baseline.of_sums(sums[:, split:])
