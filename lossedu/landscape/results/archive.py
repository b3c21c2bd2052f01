"""Arrays in an ``.npz`` file, which numpy reads without pickle: whole or not at all."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lossedu.whole_files import replacing

DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    RuntimeError,
    BadZipFile,
    zlib.error,
)
"""What numpy, zipfile and zlib raise for files that are cut off, overwritten or of another kind."""


def write_arrays(file: Path, arrays: Mapping[str, NDArray[Any]], *, small: bool = True) -> None:
    """Write arrays by their names.

    Args:
        file: Where; what was there before is replaced in one step.
        arrays: What; no array of objects.
        small: Whether to compress them: losses become much smaller, weights hardly do.
    """
    write = np.savez_compressed if small else np.savez
    with replacing(file) as part, part.open("wb") as stream:
        write(stream, allow_pickle=False, **arrays)


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file.

    Raises:
        Exception: One of `DAMAGED`, if it is no such file.
    """
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return dict(arrays)
