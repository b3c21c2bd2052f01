r"""An objective for the share of bad events, and the policies that watch its error budget.

With a target of $o$ in a window, a share of $1 - o$ of the events may be bad: the error budget.
The burn rate is how many times faster than that it is spent: $\text{bad share} / (1 - o)$.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lossedu.monitoring.timeline import Series

Severity = Literal["page", "ticket"]

SHORT_SHARE = 12  # a short window is this part of its long one, so that an alert ends soon


class SLOError(ValueError):
    """An objective cannot be used; the text says which part of it, and what to do."""


@dataclass(frozen=True)
class Policy:
    """One alert: fires while the budget burns faster than ``burn`` in two windows at once.

    Attributes:
        name: What the alert is called.
        severity: ``"page"`` wakes somebody, ``"ticket"`` waits until the morning.
        burn: Times the rate that would spend the budget exactly within the objective's window.
        long_s: The window whose share must be bad, in seconds.
        short_s: A window whose share must be bad still, so that the alert ends when the trouble
            does, in seconds.
        hold_s: How long both must hold before the alert fires, in seconds.
        least: Events that the long window must have.
    """

    name: str
    severity: Severity
    burn: float
    long_s: float
    short_s: float
    hold_s: float = 0.0
    least: int = 1

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        for part, value in [
            ("burn", self.burn),
            ("long_s", self.long_s),
            ("short_s", self.short_s),
        ]:
            if not 0 < value < float("inf"):
                raise SLOError(f"{part} of {self.name} must be above 0, but is {value}.")
        if not self.short_s < self.long_s:
            raise SLOError(
                f"short_s of {self.name} must be less than long_s, "
                f"but {self.short_s:g} s is not less than {self.long_s:g} s."
            )
        if self.hold_s < 0 or self.least < 1:
            raise SLOError(
                f"hold_s of {self.name} must be at least 0 and least at least 1, "
                f"but are {self.hold_s:g} and {self.least}."
            )
        if self.severity not in ("page", "ticket"):
            raise SLOError(
                f'severity of {self.name} must be "page" or "ticket", but is {self.severity!r}.'
            )


@dataclass(frozen=True)
class SLO:
    """What share of events must be good, over what time, and which alerts say that it will not be.

    Attributes:
        name: Words joined by hyphens, such as ``"margin-violations"``.
        title: The same for people.
        service: Whose events they are.
        target: The share that must be good, above 0 and below 1.
        window_s: The rolling window of the objective, in seconds.
        bad: The counter of bad events; all series with its labels are summed.
        total: The counter of all events, likewise.
        policies: Its alerts.

    Raises:
        SLOError: If the target is no share, the window is not above 0, or an alert cannot fire.
    """

    name: str
    title: str
    service: str
    target: float
    window_s: float
    bad: Series
    total: Series
    policies: tuple[Policy, ...]

    def __post_init__(self) -> None:
        """Refuse an objective of which nothing can be expected."""
        if not 0 < self.target < 1:
            raise SLOError(
                f"target of {self.name} must be above 0 and below 1, but is {self.target}. "
                "Hint: at 1 there is no budget to spend."
            )
        if not self.window_s > 0:
            raise SLOError(f"window_s of {self.name} must be above 0, but is {self.window_s}.")
        names = [policy.name for policy in self.policies]
        if len(set(names)) < len(names):
            raise SLOError(
                f"policies of {self.name} must have names of their own, but are {names}."
            )
        self._refuse_silent(self.policies)

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return 1 - self.target

    @property
    def largest_burn(self) -> float:
        """The burn rate when every event is bad."""
        return 1 / self.budget

    def threshold(self, policy: Policy) -> float:
        """The bad share above which a policy's windows burn too fast."""
        return policy.burn * self.budget

    def _refuse_silent(self, policies: Iterable[Policy]) -> None:
        for policy in policies:
            if self.threshold(policy) >= 1:
                raise SLOError(
                    f"{policy.name} of {self.name} can never fire: a burn rate above "
                    f"{policy.burn:g} asks for more than {self.threshold(policy):.0%} bad events, "
                    f"and a target of {self.target:g} lets it reach {self.largest_burn:.3g} at "
                    "most. Hint: take a burn rate below that, or a higher target."
                )
            if policy.long_s > self.window_s:
                raise SLOError(
                    f"long_s of {policy.name} must be at most the window of {self.name}, "
                    f"but {policy.long_s:g} s is more than {self.window_s:g} s."
                )
