"""Checkpoints that survive: written whole or not at all, checked when read, executing nothing.

A checkpoint is two files: ``last-00000042.json`` and the tensors that it names, in a safetensors
file called after its own checksum.  The tensors are written first, under a temporary name, and
reach the disk before they get their own; the JSON file comes last, so a checkpoint without it does
not exist.  Older ones go only when the new one is complete.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import nn

from lossedu.arguments.checks import check_count, check_positive
from lossedu.training.module_states import load_by_name
from lossedu.training.packing import bytes_of, pack, to_cpu, unpack
from lossedu.whole_files import part_of, put_in_place, write_whole

Kind = Literal["last", "best"]
log = logging.getLogger(__name__)


class CheckpointError(Exception):
    """A checkpoint cannot be written, or none can be read."""


@dataclass(frozen=True)
class Checkpoints:
    """Where checkpoints go, and when.

    Attributes:
        folder: Where; one folder a run.
        every_s: Seconds between checkpoints on time; one more is written at the end.
        every_steps: Steps between checkpoints, besides those on time; None: time alone decides.
        keep: How many of the last ones stay, at least 1; with 2, one damaged file loses little.
        best: Whether to keep the state with the lowest validation loss (without validation data:
            training loss).
        resume: Whether to go on from the newest checkpoint of the folder, if it has one.
    """

    folder: str | Path
    every_s: float = 600.0
    every_steps: int | None = None
    keep: int = 2
    best: bool = True
    resume: bool = True

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        check_positive("every_s", self.every_s)
        check_count("keep", self.keep)
        if self.every_steps is not None:
            check_count("every_steps", self.every_steps)

    def prepare(self) -> None:
        """Make the folder, and see now rather than after an hour that it can be written to.

        Raises:
            CheckpointError: If it cannot, or holds another run's checkpoints.
        """
        folder = Path(self.folder)
        probe = folder / f".probe-{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"0")
            probe.unlink()
            for left in (p for kind in ("last", "best") for p in folder.glob(f".{kind}-*")):
                left.unlink()  # by a run that died while it wrote
        except OSError as error:
            raise CheckpointError(
                f"folder must be one that can be written to, but {folder} cannot: {error.strerror}."
            ) from error
        if not self.resume and next(by_age(folder), None):
            raise CheckpointError(
                f"folder must have no checkpoints where resume=False, but {folder} has some. "
                "Hint: one folder a run."
            )

    def write(self, kind: Kind, step: int, state: dict[str, Any]) -> Path:
        """Write a checkpoint, then remove those that it replaces.

        Raises:
            CheckpointError: If it cannot be written; what was there before is untouched.
        """
        folder = Path(self.folder)
        path = folder / f"{kind}-{step:08d}.json"
        packed, tensors = pack(state)
        try:
            written = _write_tensors(path, to_cpu(tensors))
            about = {"step": step, "state": packed} | written
            write_whole(path, json.dumps(about))
            _sync_folder(folder)
            for other in folder.glob(f"{path.stem}-*.safetensors"):
                if other.name != written["tensors"]:
                    other.unlink()  # of the same step, before the end of its epoch
        except OSError as error:
            known = next(by_age(folder), None)
            rest = f"the last good one is {_said(known)}" if known else "there is none before it"
            raise CheckpointError(
                f"folder must have room for {bytes_of(tensors) / 2**20:.1f} MB, but writing "
                f"{_said(path)} to {folder} failed: {error.strerror or error}; {rest}."
            ) from error
        finally:
            self._remove_old(kind)
        return path

    def _remove_old(self, kind: Kind) -> None:
        """Remove what is replaced, and tensors that no checkpoint names (of a run that died)."""
        keep = self.keep if kind == "last" else 1
        folder = Path(self.folder)
        there = sorted(folder.glob(f"{kind}-*.json"))
        for path in there[:-keep]:
            path.unlink(missing_ok=True)
        stems = tuple(f"{path.stem}-" for path in there[-keep:])
        for path in folder.glob(f"{kind}-*.safetensors"):
            if not path.name.startswith(stems):
                path.unlink(missing_ok=True)

    def latest(self) -> dict[str, Any] | None:
        """The state of the newest checkpoint that is whole; None if the folder has none at all.

        Raises:
            CheckpointError: If it has some, and all are damaged.
        """
        damaged = []
        for path in by_age(Path(self.folder)):
            try:
                return read(path)
            except CheckpointError as error:
                log.warning("%s in %s is damaged: %s", _said(path), path.parent, error.__cause__)
                damaged.append(_said(path))
        if damaged:
            raise CheckpointError(
                f"folder must hold a whole checkpoint, but of {self.folder} all are damaged: "
                f"{', '.join(damaged)}. Hint: remove them to start anew."
            )
        return None


def _said(path: Path) -> str:
    """A checkpoint as people call it: by its step, not by its file."""
    kind, step = path.stem.split("-")
    return f"the {kind} checkpoint of step {int(step)}"


def by_age(folder: Path) -> Iterator[Path]:
    """The checkpoints of a folder, the one of the latest step first."""
    found = [p for kind in ("last", "best") for p in folder.glob(f"{kind}-*.json")]
    yield from sorted(found, key=lambda p: (p.stem.split("-")[1], p.stem), reverse=True)


def read(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint, given its JSON file, and check every byte of its tensors.

    Raises:
        CheckpointError: If it is damaged or lacks a file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = Path(path)
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        data = (path.parent / about["tensors"]).read_bytes()
        if (len(data), zlib.crc32(data)) != (about["bytes"], about["crc32"]):
            raise ValueError("its tensors are not those that were written")
        state: dict[str, Any] = unpack(about["state"], load(data))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"path must be a whole checkpoint, but {path} is damaged: {error}."
        ) from error
    return state


def restore_model(model: nn.Module, folder: str | Path, kind: Kind = "best") -> int:
    """Give a model the parameters of a checkpoint.

    Args:
        model: A model of the same architecture; one of the two may be compiled, or wrapped by
            DistributedDataParallel.
        folder: Where the checkpoints are.
        kind: ``"best"``: of the lowest validation loss; ``"last"``: the newest.

    Returns:
        The number of steps behind it.

    Raises:
        CheckpointError: If there is none, or it is damaged.
    """
    found = [path for path in by_age(Path(folder)) if path.stem.startswith(kind)]
    if not found:
        raise CheckpointError(f"folder must hold a {kind} checkpoint, but {folder} has none.")
    state = read(found[0])
    load_by_name(model, state["model"])
    return int(state["step"])


def _write_tensors(path: Path, tensors: dict[str, Any]) -> dict[str, Any]:
    """Write them; return the file's name, its size and its checksum."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with part_of(path) as part:
        try:
            save_file(tensors, part)
        except SafetensorError as error:  # how it reports a full disk
            raise OSError(str(error)) from error
        checksum, size = _checksum(part)
        target = path.with_name(f"{path.stem}-{checksum:08x}.safetensors")
        put_in_place(part, target)
    return {"tensors": target.name, "bytes": size, "crc32": checksum}


def _checksum(path: Path) -> tuple[int, int]:
    checksum, size = 0, 0
    with path.open("rb") as file:
        while part := file.read(2**22):
            checksum, size = zlib.crc32(part, checksum), size + len(part)
    return checksum, size


def _sync_folder(folder: Path) -> None:
    """Make the new names survive a power cut."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder, and keeps names by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
