"""Families that follow from specs: made once, kept beside the package, read in milliseconds.

`families_of` derives them with SymPy, which takes seconds.  What it gives is kept in ``kept/``, a
file a loss, so that a session needs no SymPy; a test makes them anew and compares.
``python -m lossedu.practice.generated`` writes them.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lossedu.losses import LossSpec
from lossedu.names import unknown_name
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Family
from lossedu.practice.families.reading import family_of
from lossedu.practice.generated.words import beginning, name_of
from lossedu.whole_files import write_whole

_SUFFIX = ".json"


def families_of(spec: LossSpec) -> list[dict[str, Any]]:
    """The families that follow from a spec, as documents."""
    from lossedu.practice.generated.gradients import gradient_family
    from lossedu.practice.generated.traits import trait_families
    from lossedu.practice.generated.values import value_family

    return [gradient_family(spec), value_family(spec), *trait_families(spec)]


def kept_folder() -> Path:
    """Where the made families lie."""
    return Path(str(files("lossedu.practice.generated") / "kept"))


def as_text(documents: list[dict[str, Any]]) -> str:
    """Families as they are kept."""
    return json.dumps(documents, indent=1, ensure_ascii=False) + "\n"


def write(spec: LossSpec) -> Path:
    """Make the families of a loss and keep them."""
    path = kept_folder() / f"{name_of(spec)}{_SUFFIX}"
    write_whole(path, as_text(families_of(spec)))
    return path


def gradient_answer(name: str) -> Mapping[str, Any]:
    """The answer to the question for a loss's derivative, by the name of its spec.

    Raises:
        FamilyError: If there is no such spec.

    Example:
        >>> gradient_answer("mse_loss")["formula"]
        '2*(x - y)'
    """
    made = made_families()
    identity = f"{beginning(name)}-gradient"
    if identity not in made:
        known = [one.removesuffix("-gradient") for one in made if one.endswith("-gradient")]
        raise FamilyError(unknown_name("gradient_of", name, known, listing="lossedu.catalog"))
    return made[identity].answer


@cache
def made_families() -> Mapping[str, Family]:
    """The kept families by id."""
    found: dict[str, Family] = {}
    for path in sorted(kept_folder().glob(f"*{_SUFFIX}")):
        for document in json.loads(path.read_text(encoding="utf-8")):
            found[document["id"]] = family_of(document, f"{document['id']}{_SUFFIX}")
    return found
