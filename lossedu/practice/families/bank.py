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
from lossedu.practice.generated.made import made_families

_SUFFIX = ".yaml"


class _Families(Mapping[str, Family]):
    """Families by id, in alphabetical order, each read when it is first asked for.

    A written family takes the place of a made one with the same id.
    """

    def __init__(self, folder: Path, made: Mapping[str, Family]) -> None:
        self._paths = {path.stem: path for path in folder.glob(f"*{_SUFFIX}")}
        self._made = made
        self._read: dict[str, Family] = {}
        self._ids = dict.fromkeys(sorted({*self._paths, *made}))

    def __getitem__(self, key: str) -> Family:
        if key not in self._paths:
            return self._made[key]
        if key not in self._read:
            self._read[key] = read_family(self._paths[key])
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._ids  # without reading the file

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


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
    return _Families(bank_folder(), made_families())


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
