"""Losses that are known already, in a file that an interrupted run goes on from."""

import time
from pathlib import Path

import numpy as np

from lossedu.landscape.results.archive import DAMAGED, read_arrays, write_arrays

Place = tuple[float, ...]
EVERY_S = 3.0


class Store:
    """The loss at each place, in memory and, if a file is given, on the disk.

    The file is replaced as a whole, so that it is complete at any moment.

    Args:
        file: An ``.npz`` file, made if it is missing; None keeps everything in memory.
        digest: What the losses depend on; see `digest_of`.
        writes: Whether this process writes; of several only one does.

    Raises:
        ValueError: If the file is of other losses, or no such file at all.
    """

    def __init__(self, file: str | Path | None, digest: str, *, writes: bool = True) -> None:
        self._file = None if file is None else Path(file)
        self._digest = digest
        self._writes = writes
        self._saved_s = time.monotonic()
        self._unsaved = True
        self.known: dict[Place, float] = {}
        if self._file is not None and self._file.exists():
            self.known = self._read(self._file)

    def add(self, place: Place, loss: float) -> None:
        """Keep a loss; every few seconds, all of them on the disk."""
        self.known[place] = loss
        self._unsaved = True
        if time.monotonic() - self._saved_s > EVERY_S:
            self.save()

    def save(self) -> None:
        """Write what is known, if that is more than the file has."""
        if self._file is None or not (self._writes and self._unsaved):
            return
        arrays = {
            "digest": np.array(self._digest),
            "places": np.array(list(self.known), dtype=np.float64),
            "losses": np.array(list(self.known.values()), dtype=np.float64),
        }
        write_arrays(self._file, arrays)
        self._saved_s, self._unsaved = time.monotonic(), False

    def _read(self, file: Path) -> dict[Place, float]:
        try:
            arrays = read_arrays(file)
            digest = str(arrays["digest"])
            places, losses = arrays["places"].tolist(), arrays["losses"].tolist()
            known = {tuple(place): loss for place, loss in zip(places, losses, strict=True)}
        except DAMAGED as error:
            raise ValueError(
                f"file must hold losses at places, but {file} does not: {error}. Hint: give "
                "another name, or remove it."
            ) from error
        if digest != self._digest:
            raise ValueError(
                f"file must be of this run, but {file} is of another: of other parameters, data, "
                "directions or settings. Hint: give another name, or remove it to start anew."
            )
        return known
