"""The facts of each loss with its defaults, computed once: all take SymPy seconds.

They lie in ``kept.json``, each with a mark of all in its spec that they follow from: of a spec that
has changed they are computed anew.  ``python -m lossedu.properties`` writes the file, and a test
computes all of it and compares.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lossedu.losses import LossSpec
from lossedu.properties.facts import Properties
from lossedu.whole_files import write_whole


def kept(spec: LossSpec) -> Properties | None:
    """The facts of a loss with its defaults; None if they are not known for this very spec."""
    known = _known().get(spec.name)
    if known is None or known["of"] != mark(spec):
        return None
    return Properties(**{key: _read(value) for key, value in known["facts"].items()})


def names_of_kept() -> set[str]:
    """The losses of which facts are kept."""
    return set(_known())


def mark(spec: LossSpec) -> str:
    """What distinguishes a spec from one with other facts."""
    said = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name in _BEARING}
    options = [(p.name, dict(p.binds), dict(p.off)) for p in spec.parameters]
    text = repr((sorted(_plain(said).items()), _plain(spec.defaults), options))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def write(found: Iterable[tuple[LossSpec, Properties]]) -> Path:
    """Keep facts instead of those that are kept."""
    rows = {spec.name: {"of": mark(spec), "facts": _plain(asdict(facts))} for spec, facts in found}
    text = json.dumps(rows, indent=1, ensure_ascii=False, default=str)
    write_whole(_file(), text + "\n")
    return _file()


_BEARING = ("unit", "targets", "formula", "link", "argument", "target", "axis", "given", "kinks")


@cache
def _known() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
    return found


def _file() -> Path:
    return Path(str(files("lossedu.properties") / "kept.json"))


def _plain(value: Any) -> Any:
    """As JSON has it: infinities are words there, a mapping has an order."""
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value in (float("inf"), -float("inf")):
        return str(value)
    return value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(part) for part in value)
    return float(value) if value in ("inf", "-inf") else value
