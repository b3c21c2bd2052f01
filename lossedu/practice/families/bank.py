"""All families: one a file in ``lossedu/practice/bank``, and those that follow from specs.

Names are known from the names of files, so a session that needs one family reads one file.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from lossedu.names import unknown_name
from lossedu.practice.families.question import Family
from lossedu.practice.families.reading import read_family

_SUFFIX = ".yaml"


class _Families(Mapping[str, Family]):
    """Families by id, in alphabetical order, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._paths = {path.stem: path for path in sorted(folder.glob(f"*{_SUFFIX}"))}
        self._read: dict[str, Family] = {}

    def __getitem__(self, key: str) -> Family:
        if key not in self._read:
            self._read[key] = read_family(self._paths[key])
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._paths  # without reading the file

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def bank_folder() -> Path:
    """Where the written families lie."""
    return Path(str(files("lossedu.practice") / "bank"))


@cache
def families() -> Mapping[str, Family]:
    """Every family by its id.

    Example:
        >>> "squared-error-one-outlier" in families()
        True
    """
    return _Families(bank_folder())


def family(id: str) -> Family:  # noqa: A002  the name that it has in files and on pages
    """The family with an id.

    Raises:
        ValueError: If there is none; the message names what is near.

    Example:
        >>> family("squared-error-one-outlier").kind
        'number'
    """
    known = families()
    if id not in known:
        raise ValueError(unknown_name("id", id, known, listing="lossedu drill check-bank"))
    return known[id]
