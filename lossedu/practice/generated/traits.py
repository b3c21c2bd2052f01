"""What a loss is like: limits, slope and convexity, special cases, what it estimates."""

from collections.abc import Iterator, Sequence
from typing import Any

from lossedu import catalog
from lossedu.losses import LossSpec
from lossedu.practice.generated.words import shared, with_options
from lossedu.properties import Properties, properties
from lossedu.tables import as_text

_INFINITY = float("inf")
_LIMITS = (
    (_INFINITY, 0.0),
    (_INFINITY, _INFINITY),
    (0.0, _INFINITY),
    (1.0, 0.0),
    (_INFINITY, -_INFINITY),
    (0.0, 0.0),
)
_OPTIONS = 4


def trait_families(spec: LossSpec) -> Iterator[dict[str, Any]]:
    """The families about a loss that ask for an option, or for pairs."""
    facts = properties(spec)
    yield _limits(spec, facts)
    if not spec.flat:  # a jump has no slope to speak of
        yield _shape(spec, facts)
    yield _match(spec)
    yield from _special_cases(spec)


def _along(spec: LossSpec, facts: Properties) -> str:
    return f"Take {spec.title}{with_options(spec)} along its axis: {facts.axis}."


def _pair(limits: Sequence[float]) -> str:
    return f"{as_text(limits[0])} at the far left, {as_text(limits[1])} at the far right"


def _limits(spec: LossSpec, facts: Properties) -> dict[str, Any]:
    right = facts.limits
    wrong = [pair for pair in _LIMITS if pair != right][: _OPTIONS - 1]
    because = f"The loss tends to {_pair(right)}."
    title = f"{spec.title}: limits"
    return shared(spec, "limits", "choice", level=3, seconds=45, title=title) | {
        "prompt": f"{_along(spec, facts)} What does the loss tend to, towards −∞ and towards ∞?",
        "answer": {
            "options": [
                {"text": _pair(right), "right": True},
                *({"text": _pair(pair), "says": because} for pair in wrong),
            ]
        },
        "hints": [
            "Which of the two ends is a perfect answer, and which a hopeless one?",
            "At each end, keep the term that outgrows all others.",
            because,
        ],
        "explanation": because,
    }


def _shape(spec: LossSpec, facts: Properties) -> dict[str, Any]:
    bounded = facts.lipschitz < _INFINITY
    reasons = [
        f"Its slope is at most {as_text(facts.lipschitz)} in size."
        if bounded
        else "Its slope grows without bound.",
        "Its curvature is negative nowhere, and its slope never jumps down."
        if facts.nonconvex is None
        else f"Its slope falls {_between(*map(as_text, facts.nonconvex))}.",
    ]
    because = " ".join(reasons)
    options = [
        {
            "text": _kind(convex, limited),
            **(
                {"right": True}
                if (convex, limited) == (facts.convex, bounded)
                else {"says": because}
            ),
        }
        for convex in (True, False)
        for limited in (True, False)
    ]
    title = f"{spec.title}: convex? bounded?"
    return shared(spec, "shape", "choice", level=4, seconds=60, title=title) | {
        "prompt": f"{_along(spec, facts)} Which is it?",
        "answer": {"options": options},
        "hints": [
            "Sketch the loss, then its slope.",
            "A convex loss has a slope that never falls. A slope is bounded if it levels off.",
            f"{_kind(facts.convex, bounded)}. {because}",
        ],
        "explanation": because,
    }


def _between(low: str, high: str) -> str:
    return f"at {low}" if low == high else f"somewhere between {low} and {high}"


def _kind(convex: bool, bounded: bool) -> str:
    shape = "Convex" if convex else "Not convex"
    return f"{shape}, with a slope that is {'bounded' if bounded else 'unbounded'}"


def _mates(spec: LossSpec) -> list[LossSpec]:
    """Other losses, those of the same family first, that estimate something else."""
    every = list(catalog.specs().values())
    place = next((k for k, other in enumerate(every) if other is spec), 0)
    near = [*every[place + 1 :], *every[:place]]
    near.sort(key=lambda other: other.family != spec.family)
    mates: list[LossSpec] = []
    for other in near:
        taken = [spec, *mates]
        if all(other.estimand != one.estimand and other.title != one.title for one in taken):
            mates.append(other)
    return mates[: _OPTIONS - 1]


def _match(spec: LossSpec) -> dict[str, Any]:
    four = [spec, *_mates(spec)]
    pairs = [[one.title, one.estimand] for one in four]
    full = "; ".join(f"{one.title}: {one.estimand}" for one in four)
    title = f"{spec.title} and others: what is estimated"
    return shared(spec, "estimand", "match", level=3, seconds=60, title=title) | {
        "prompt": "Match each loss with what minimises its expectation.",
        "answer": {"pairs": pairs},
        "hints": [
            "Set the expected slope to zero and ask which prediction does that.",
            "Squares lead to means, absolute values to quantiles, logarithms to probabilities.",
            f"{full}.",
        ],
        "explanation": f"{full}.",
    }


def _special_cases(spec: LossSpec) -> Iterator[dict[str, Any]]:
    for number, case in enumerate(spec.special_cases, 1):
        equal = catalog.spec(case.equals)
        others = [one for one in _mates(equal) if one.title != spec.title]
        wrong = [one.title for one in others][: _OPTIONS - 1]
        settings = " and ".join(
            f"{name.replace('_', ' ')} {as_text(value)}" for name, value in case.settings.items()
        )
        times = "" if case.factor == 1 else f", up to a factor of {as_text(case.factor)}"
        because = f"With {settings} it is {equal.title}{times}."
        title = f"{spec.title}: a special case"
        ending = f"case-{number}"
        yield shared(spec, ending, "choice", level=3, seconds=30, title=title) | {
            "prompt": f"Which loss is {spec.title} with {settings}{times}?",
            "answer": {
                "options": [
                    {"text": equal.title, "right": True},
                    *({"text": text, "says": because} for text in wrong),
                ]
            },
            "hints": [
                "Put the setting into the formula.",
                "Drop the terms and factors that the setting makes trivial.",
                because,
            ],
            "explanation": because,
        }
