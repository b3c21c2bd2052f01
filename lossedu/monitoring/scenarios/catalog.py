"""All incidents by name."""

from functools import cache

from lossedu.monitoring.scenarios import deploys, serving, watching
from lossedu.monitoring.scenarios.scenario import Scenario
from lossedu.names import unknown_name

_ALL = (*serving.SCENARIOS, *deploys.SCENARIOS, *watching.SCENARIOS)


@cache
def scenarios() -> dict[str, Scenario]:
    """Name -> incident, in the order in which one would learn from them."""
    return {one.name: one for one in _ALL}


def scenario(name: str) -> Scenario:
    """The incident of that name.

    Raises:
        ValueError: If there is none; the text says which are near.
    """
    known = scenarios()
    if name not in known:
        raise ValueError(unknown_name("name", name, known))
    return known[name]
