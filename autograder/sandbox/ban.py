"""What a submission must write by hand, and so must not find ready-made."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate


@dataclass(frozen=True)
class Ban:
    """What is taken out of the process of a submission.

    Attributes:
        names: Patterns of functions, classes and operators, as ``"binary_cross_entropy*"``.
        modules: Packages.
    """

    names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names or self.modules)

    def forbids(self, name: str) -> bool:
        """Whether a name is one of those."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    def forbids_module(self, path: str) -> bool:
        """Whether a module is one of those, or of their packages."""
        return any(path == module or path.startswith(f"{module}.") for module in self.modules)

    def among(self, names: Iterable[str]) -> set[str]:
        """Those of many names that are forbidden."""
        pattern = re.compile("|".join(map(translate, self.names)) or r"(?!)")
        return {name for name in names if pattern.match(name)}


NOTHING = Ban()


def all_of(bans: Iterable[Ban]) -> Ban:
    """One ban of all that several forbid."""
    several = list(bans)
    return Ban(
        tuple(dict.fromkeys(name for ban in several for name in ban.names)),
        tuple(dict.fromkeys(module for ban in several for module in ban.modules)),
    )
