"""What a candidate has to keep, from a file.

.. code-block:: yaml

    least: 500             # examples, below which nothing is decided
    confidence: 0.95
    checks:
      mean_loss: {most_increase: 0.01}
      tail_loss: {most_increase: 0.05}
      violation_rate: {most_increase: 0.01}
      recall: {most_drop: 0.02}          # of every class
      precision: {most_drop: 0.02}
      calibration_error: {most: 0.05}    # of the candidate by itself
      invalid: {most: 0}
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["most", "most_increase", "most_drop"]

KINDS: Mapping[str, tuple[Kind, ...]] = {
    "mean_loss": ("most_increase", "most"),
    "tail_loss": ("most_increase", "most"),
    "violation_rate": ("most_increase", "most"),
    "recall": ("most_drop",),
    "precision": ("most_drop",),
    "calibration_error": ("most", "most_increase"),
    "invalid": ("most",),
}
"""The checks there are, and how each may be limited."""


class PolicyError(ValueError):
    """A policy is not understood; the text says which part, and what to do."""


@dataclass(frozen=True)
class Limit:
    """How far a candidate may go.

    Attributes:
        check: One of `KINDS`.
        kind: Whether the limit is the candidate's own value, its increase over the baseline, or its
            decrease.
        value: The limit.
    """

    check: str
    kind: Kind
    value: float


@dataclass(frozen=True)
class Policy:
    """What a candidate has to keep.

    Attributes:
        limits: In the order of the file.
        least: The fewest examples from which anything is decided.
        confidence: Of the intervals.
    """

    limits: tuple[Limit, ...]
    least: int = 500
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Refuse a policy that asks for nothing, or for certainty."""
        if not self.limits:
            raise PolicyError("checks must name at least one check, but names none.")
        if self.least < 1:
            raise PolicyError(f"least must be at least 1, but is {self.least}.")
        if not 0.5 < self.confidence < 1:
            raise PolicyError(
                f"confidence must be above 0.5 and below 1, but is {self.confidence}."
            )


def read(path: str | Path) -> Policy:
    """The policy of a file.

    Raises:
        PolicyError: If it is not understood; the text names the file and the part.
    """
    import yaml

    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise PolicyError(f"{path} must be text in UTF-8, but is not.") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{path} must be YAML: {error}") from None
    try:
        return parsed(document)
    except PolicyError as error:
        raise PolicyError(f"{path}: {error}") from None


def parsed(document: object) -> Policy:
    """The policy of a document.

    Raises:
        PolicyError: If it is not understood.
    """
    whole = _mapping("the policy", document)
    unknown = sorted(set(whole) - {"least", "confidence", "checks"})
    if unknown:
        raise PolicyError(
            f"the policy must have least, confidence and checks, but has {unknown[0]}."
        )
    checks = _mapping("checks", whole.get("checks", {}))
    limits = [limit for name, asked in checks.items() for limit in _limits(str(name), asked)]
    settings = {
        name: _number(name, whole[name], kind)
        for name, kind in (("least", int), ("confidence", float))
        if name in whole
    }
    return Policy(tuple(limits), **settings)


def _limits(name: str, asked: object) -> list[Limit]:
    if name not in KINDS:
        raise PolicyError(f"checks must be among {', '.join(KINDS)}, but have {name}.")
    limits = []
    for kind, value in _mapping(name, asked).items():
        known = next((one for one in KINDS[name] if one == kind), None)
        if known is None:
            raise PolicyError(f"{name} must have {' or '.join(KINDS[name])}, but has {kind}.")
        limits.append(Limit(name, known, _number(f"{kind} of {name}", value, float)))
    if not limits:
        raise PolicyError(f"{name} must have {' or '.join(KINDS[name])}, but has nothing.")
    return limits


def _number(name: str, value: object, kind: type[Any]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise PolicyError(f"{name} must be a number, but is {value!r}.")
    if not math.isfinite(value) or (kind is int and value != int(value)):
        raise PolicyError(
            f"{name} must be a {'whole' if kind is int else 'finite'} number, but is {value}."
        )
    return kind(value)


def _mapping(name: str, value: object) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{name} must be a mapping, but is {value!r}.")
    return value
