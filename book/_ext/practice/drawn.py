"""The families' scripts, drawn again only where something that they come from has changed.

A family's script depends on the family, on the modules of the package that its questions lead to,
on the versions of what these import, and on this extension.  Whether anything has changed at all
is seen from sizes and times of files, so a build without changes reads none of them.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chapters import digests
from chapters.closure import Packages
from chapters.names import Use

import lossedu
from lossedu.practice.families import Family, FamilyError, families, family
from lossedu.practice.families.soundness import faults_of
from lossedu.whole_files import write_whole

from . import page_data

_OWN = Path(__file__).parent
_PACKAGE = Path(next(iter(lossedu.__path__)))
_STAMP, _KEYS = "stamp", "keys.json"


class Drawn:
    """Scripts of families in a folder.

    Args:
        folder: Where they are kept from one build to the next.
        packages: The packages whose modules count one by one.
    """

    def __init__(self, folder: Path, packages: Packages) -> None:
        self.folder = folder
        self._packages = packages
        self._keys: dict[str, str] = self._read_keys()
        self._base: str | None = None

    def path(self, name: str) -> Path:
        """The script of a family."""
        return self.folder / f"{name}.js"

    def count(self, name: str) -> int:
        """How many variants the script of a family has."""
        return int(self._keys[name].partition(" ")[0])

    def is_current(self) -> bool:
        """Whether nothing was touched since all families were drawn."""
        stamp = self.folder / _STAMP
        return stamp.exists() and stamp.read_text(encoding="utf-8") == _stamp()

    def bring_up_to_date(self, names: Iterable[str] | None = None) -> list[str]:
        """Draw what has changed, of some families or of all; which were drawn."""
        if self.is_current():
            return []
        stamp = _stamp()
        wanted = families() if names is None else {name: family(name) for name in names}
        keys = {name: self._key(one) for name, one in wanted.items()}
        stale = [
            name
            for name, key in keys.items()
            if self._keys.get(name, "").partition(" ")[2] != key or not self.path(name).exists()
        ]
        try:
            for name in stale:  # one after the other: a second process would load torch as well
                write_whole(self.path(name), _script(wanted[name]))
                self._keys[name] = f"{wanted[name].variants} {keys[name]}"
        finally:
            if names is None:
                self._forget_all_but(wanted)
            write_whole(self.folder / _KEYS, json.dumps(self._keys, indent=0, sort_keys=True))
        if names is None:
            write_whole(self.folder / _STAMP, stamp)
        return stale

    def _forget_all_but(self, known: Mapping[str, Any]) -> None:
        self._keys = {name: key for name, key in self._keys.items() if name in known}
        for path in self.folder.glob("*.js"):
            if path.stem not in known:
                path.unlink(missing_ok=True)

    def _read_keys(self) -> dict[str, str]:
        try:
            return dict(json.loads((self.folder / _KEYS).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _key(self, one: Family) -> str:
        called = sorted(set(_called(asdict(one))))
        return digests.of_data([self._basis(), asdict(one), self._of_modules(called)])

    def _basis(self) -> str:
        """What all families come from."""
        if self._base is None:
            own = {path.name: digests.of_path(path) for path in sorted(_OWN.glob("*.py"))}
            drawing = self._of_modules(["lossedu.practice.families", "lossedu.figures.palette"])
            self._base = digests.of_data([own, drawing])
        return self._base

    def _of_modules(self, names: Iterable[str]) -> str:
        modules = self._packages.closure({Use(name, whole=True) for name in names})
        code = {name: digests.of_code(self._packages.tree(name)) for name in sorted(modules)}
        return digests.of_data([code, digests.versions(self._packages.externals(modules))])


def _called(data: Any) -> Iterator[str]:
    """The functions that a family names, wherever in it."""
    if isinstance(data, Mapping):
        if isinstance(data.get("call"), str):
            yield data["call"]
        for part in data.values():
            yield from _called(part)
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _called(part)


def _stamp() -> str:
    """Sizes and times of all files that a script can depend on."""
    files = [*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.yaml"), *_OWN.glob("*.py")]
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(files)]
    return digests.of_data([seen, sys.version])


def _script(one: Family) -> str:
    # A task that passes its own check teaches nothing; the bank's tests look at all the rest.
    if one.kind == "code" and (faults := faults_of(one, seeds=1)):
        raise FamilyError(" ".join(faults))
    return page_data.script(one)
