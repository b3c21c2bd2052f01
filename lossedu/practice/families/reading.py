"""From a file to a family: fast where families are used, thorough where they are checked.

Reading looks only at what would break a session: the keys, and that the name of the file is the
id.  `schema_faults` compares all of a file with ``schema.json``, which takes a library that is slow
to load; `lossedu drill check-bank` and the tests do that.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lossedu.extras import explained
from lossedu.names import unknown_name
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.question import Family

_PARTS = {part.name: part for part in fields(Family)}
_REQUIRED = {
    name for name, part in _PARTS.items() if MISSING is part.default is part.default_factory
}


def read_family(path: Path) -> Family:
    """The family in a YAML file.

    Raises:
        FamilyError: If the file is no family; the text begins with the name of the file and, where
            there is one, the line.
    """
    return family_of(_document(path), path.name)


def _document(path: Path) -> Any:
    with explained("lossedu.practice.families", "practice"):
        from lossedu.practice.families.yaml_text import parsed
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise FamilyError(f"{path.name}: must be UTF-8 text, but {error.reason}.") from error
    except FamilyError as error:
        raise FamilyError(f"{path.name}, {error}") from error


def family_of(document: Any, place: str) -> Family:
    """The family that a document describes.

    Args:
        document: What a YAML file holds.
        place: The name of the file, whose stem is the id.

    Raises:
        FamilyError: If keys are missing or unknown, or the id is another one.
    """
    if not isinstance(document, dict):
        raise FamilyError(f"{place}: must hold keys and values, but holds {document!r:.40}.")
    for key in document:
        if key not in _PARTS:
            raise FamilyError(f"{place}: {unknown_name('a key', key, _PARTS, listing='schema')}")
    if missing := sorted(_REQUIRED - set(document)):
        raise FamilyError(f"{place}: must have the key {missing[0]!r}, but has not.")
    if document["id"] != Path(place).stem:
        raise FamilyError(f"{place}: id must be the file's name, but is {document['id']!r}.")
    return Family(**{key: _frozen(value) for key, value in document.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def schema_faults(path: Path) -> list[str]:
    """Where a file departs from ``schema.json``: file, line, key and rule, a line each."""
    from lossedu.practice.families.yaml_text import line_of

    document = _document(path)
    text = path.read_text(encoding="utf-8")
    faults = []
    for error in _validator().iter_errors(document):
        line = line_of(text, list(error.absolute_path))
        key = ".".join(map(str, error.absolute_path)) or "the family"
        faults.append(f"{path.name}, line {line}: {key} must {_rule(error)}.")
    return faults


@cache
def schema() -> Mapping[str, Any]:
    """The JSON schema of a family."""
    text = (files(__package__) / "schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _validator() -> Any:
    with explained("check-bank", "practice"):
        import jsonschema
    return jsonschema.Draft202012Validator(schema())


def _rule(error: Any) -> str:
    """A departure in words: what the schema asks for, and what there is."""
    shown = repr(error.instance)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    wanted = {
        "type": f"be of type {error.validator_value}",
        "enum": f"be one of {error.validator_value}",
        "pattern": f"match {error.validator_value}",
        "minItems": f"have {error.validator_value} items or more",
        "maxItems": f"have {error.validator_value} items at most",
        "minimum": f"be {error.validator_value} or more",
        "maximum": f"be {error.validator_value} at most",
    }
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"have the key {missing!r}, but has not"
    if error.validator == "not":
        return f"have no key {error.validator_value['required'][0]!r}, but has it"
    if error.validator in wanted:
        return f"{wanted[error.validator]}, but is {shown}"
    return f"keep the schema, but {error.message if len(error.message) < 200 else shown}"
