"""All incidents by name."""

from functools import cache

from lossedu.monitoring.scenarios import deploys, serving, watching
from lossedu.monitoring.scenarios.scenario import Scenario
from lossedu.names import unknown_name

_FAMILIES = (serving.SCENARIOS, deploys.SCENARIOS, watching.SCENARIOS)


@cache
def scenarios() -> dict[str, Scenario]:
    """Name -> incident, in the order in which one would learn from them."""
    return {one.name: one for family in _FAMILIES for one in family}


def scenario(name: str) -> Scenario:
    """The incident of that name.

    Raises:
        ValueError: If there is none; the text says which are near.
    """
    known = scenarios()
    if name not in known:
        raise ValueError(unknown_name("name", name, known))
    return known[name]


def other_causes(one: Scenario) -> tuple[str, ...]:
    """What else an incident could have been: the causes of those of its kind."""
    family = next(family for family in _FAMILIES if one in family)
    return tuple(other.cause for other in family if other is not one)
