"""What a chapter's results depend on, and what of it has changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Key:
    """Short names for everything that a chapter's results depend on.

    Attributes:
        code: Its own cells.
        modules: File of each module that it loads -> what the module does.
        files: File or folder that it reads -> what is in it.
        versions: Other packages that it imports -> the installed version.
    """

    code: str
    modules: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The key as JSON holds it."""
        return asdict(self)


def changes(old: Key, new: Key) -> list[str]:
    """What is different, in words for the log."""
    found = [] if old.code == new.code else ["its cells changed"]
    for before, after in ((old.modules, new.modules), (old.files, new.files)):
        for path in sorted({*before, *after}):
            if path not in before:
                found.append(f"{path} is new to it")
            elif path not in after:
                found.append(f"{path} is not used any more")
            elif before[path] != after[path]:
                found.append(f"{path} changed")
    for package in sorted({*old.versions, *new.versions}):
        before_, after_ = old.versions.get(package), new.versions.get(package)
        if before_ != after_:
            found.append(f"{package} {before_ or 'absent'} -> {after_ or 'absent'}")
    return found


def in_brief(reasons: list[str], most: int = 3) -> str:
    """A line of the log; of many reasons the first ones."""
    more = len(reasons) - most
    return "; ".join(reasons[:most]) + (f"; and {more} more" if more > 0 else "")
