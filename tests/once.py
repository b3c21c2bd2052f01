"""What several tests ask for is computed once a run, whichever process of the run asks first."""

import hashlib
import inspect
import pickle
import shutil
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from filelock import FileLock

from lossedu.whole_files import write_whole

_folder: list[Path] = []


def share_in(folder: Path) -> None:
    """Say where the processes of this run keep what they share."""
    folder.mkdir(parents=True, exist_ok=True)
    _folder[:] = [folder]


def once_a_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember a function of texts and numbers for all processes of a run.

    Two processes that ask at the same moment both compute it, and neither waits.
    """
    known: dict[str, Any] = {}
    signature = inspect.signature(function)

    @wraps(function)
    def asked(*arguments, **words):
        bound = signature.bind(*arguments, **words)
        bound.apply_defaults()  # however it is called, it is one call
        call = (function.__module__, function.__qualname__, sorted(bound.arguments.items()))
        key = hashlib.blake2b(repr(call).encode(), digest_size=16).hexdigest()
        if key not in known:
            file = _folder[0] / f"{key}.pickle"
            if not file.exists():
                write_whole(file, pickle.dumps(function(*arguments, **words)))
            known[key] = pickle.loads(file.read_bytes())
        return known[key]

    return asked


def folder_once_a_run(name: str, fill: Callable[[Path], object]) -> Path:
    """A folder that one process of a run fills, while others that ask for it wait.

    Args:
        name: Of the folder.
        fill: Fills it; if it fails, the next who asks begins anew.
    """
    folder = _folder[0] / name
    done = _folder[0] / f"{name}.done"
    with FileLock(_folder[0] / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder
