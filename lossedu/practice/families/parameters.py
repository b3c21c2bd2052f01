"""The closed generators of parameters, and which combination of them a variant gets.

Where a family's parameters allow for a few thousand combinations, these are listed, those that its
conditions exclude are dropped, and what is left is shuffled once: variants repeat only when there
is nothing else.  Where there are more, each variant draws until its conditions hold.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from lossedu.practice.families.expressions import true
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Family
from lossedu.practice.random_numbers import RandomNumbers, seed_of

Drawn: TypeAlias = "float | str | tuple[float, ...]"

LISTED = 3000
"""As many combinations are listed; of more, each variant draws its own."""
TRIES = 500
"""As often a variant draws until its conditions hold."""


def combinations(family: Family) -> int | None:
    """How many combinations of a family's parameters there are; None where they are not listed."""
    listed = _listed(family)
    return None if listed is None else len(listed)


def drawn(family: Family, variant: int) -> dict[str, Drawn]:
    """The parameters of a variant, the same on every machine.

    Raises:
        FamilyError: If the conditions exclude every combination, or too many.
    """
    listed = _listed(family)
    if listed is not None:
        return dict(listed[variant % len(listed)])
    generator = _stream(family.id, variant, "parameters")
    for _ in range(TRIES):
        values = {name: _one(how, generator) for name, how in _generators(family).items()}
        if holds(family, values):
            return values
    raise FamilyError(
        f"{family.id}: params.where must hold for one draw in {TRIES}, but holds for none."
    )


def holds(family: Family, values: Mapping[str, Drawn]) -> bool:
    """Whether parameters keep a family's conditions."""
    conditions = family.params.get("where", ())
    texts = [conditions] if isinstance(conditions, str) else conditions
    return all(true(text, values) for text in texts)


def _stream(*words: object) -> RandomNumbers:
    return RandomNumbers(seed_of(*words))


def _generators(family: Family) -> dict[str, Any]:
    return {name: how for name, how in family.params.items() if name != "where"}


@lru_cache(maxsize=64)
def _listed(family: Family) -> list[dict[str, Drawn]] | None:
    generators = _generators(family)
    domains = [_domain(how) for how in generators.values()]
    if any(domain is None for domain in domains):
        return None
    known = [domain for domain in domains if domain is not None]
    if math.prod(map(len, known)) > LISTED:
        return None
    combined = (dict(zip(generators, row, strict=True)) for row in itertools.product(*known))
    found = [values for values in combined if holds(family, values)]
    if not found:
        raise FamilyError(f"{family.id}: params.where must hold for one combination at least.")
    return _stream(family.id, "combinations").shuffled(found)


def _domain(how: Mapping[str, Any]) -> Sequence[Drawn] | None:
    """All that a generator of one value can draw; None for arrays."""
    if "choice" in how:
        return list(how["choice"])
    if "integer" in how:
        low, high = how["integer"]
        return range(low, high + 1)
    if "grid" in how:
        return _grid(*how["grid"])
    return None


def _grid(start: float, stop: float, step: float) -> list[float]:
    """Start, start + step ... up to stop; decimals as they are written, 0.3 and not 0.30000004."""
    steps = math.floor((stop - start) / step + 1e-9)
    return [round(start + step * k, 12) for k in range(steps + 1)]


def _one(how: Mapping[str, Any], generator: RandomNumbers) -> Drawn:
    if "array" not in how:
        domain = _domain(how)
        assert domain is not None  # every other generator has one
        return generator.choice(domain)
    array = how["array"]
    domain = _domain(array)
    if domain is None:
        raise FamilyError("an array must be of choice, integer or grid, but is of none of them.")
    values: list[Any] = list(domain)
    if array.get("distinct"):
        values = generator.shuffled(values)[: array["size"]]
    else:
        values = [generator.choice(values) for _ in range(array["size"])]
    return tuple(sorted(values) if array.get("sorted") else values)


def arrangement(family: Family, variant: int, size: int, *, shuffled: bool = False) -> list[int]:
    """The order in which a variant shows so many things.

    Args:
        family: Whose things they are.
        variant: Orders repeat only when there is no other.
        size: How many there are.
        shuffled: Whether they may not stay in the order in which they are written.
    """
    if math.factorial(size) <= LISTED:
        orders = _orders(family.id, size, shuffled)
        return list(orders[variant % len(orders)])
    generator = _stream(family.id, variant, "order")
    order = generator.shuffled(range(size))
    while shuffled and order == sorted(order):
        order = generator.shuffled(order)
    return order


def arrangements(size: int, *, shuffled: bool = False) -> int:
    """How many orders of so many things there are."""
    return max(1, math.factorial(size) - shuffled)


@lru_cache(maxsize=64)
def _orders(identity: str, size: int, shuffled: bool) -> list[tuple[int, ...]]:
    orders = list(itertools.permutations(range(size)))
    if shuffled and len(orders) > 1:
        orders.remove(tuple(range(size)))
    return _stream(identity, "orders").shuffled(orders)
