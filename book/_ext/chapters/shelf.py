"""Keeps what chapters gave when they ran, and says which of it still holds.

The outputs lie in the cache of jupyter-cache, where the book's reader finds them by the cells'
code.  Beside it lies a record for each chapter: what it depended on, what it cost.  It is written
last and whole, so a build that is interrupted leaves no outputs that pass for others.
"""

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from lossedu.whole_files import write_whole

from .chapter import Chapter
from .kernel import Run
from .key import Key, changes
from .time_budget import Cost

NO_RUN = "it has not been run"


@dataclass(frozen=True)
class Record:
    """What is known of a chapter's last run.

    Attributes:
        key: What it depended on.
        read: The files and folders that it read.
        written: The files that it wrote.
        cost: What it cost.
        outputs: Where jupyter-cache has its outputs.
        fault: Why it has to run again in any case; nothing if it does not.
    """

    key: Key
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    cost: Cost = field(default_factory=Cost)
    outputs: str = ""
    fault: str = ""


class Shelf:
    """Records and outputs in one folder.

    Args:
        folder: The folder of jupyter-cache.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache = get_cache(str(folder))

    def record(self, name: str) -> Record | None:
        """What is known of a chapter's last run; None if it has not run, or left nothing whole."""
        try:
            data = json.loads(self._path(name).read_text(encoding="utf-8"))
            cells = tuple((line, seconds) for line, seconds in data["cost"]["cells"])
            read, written = tuple(data["read"]), tuple(data["written"])
            return Record(
                Key(**data["key"]), read, written, Cost(cells), data["outputs"], data["fault"]
            )
        except (OSError, ValueError, KeyError, TypeError):  # of another version of this file
            return None

    def why_run(
        self, chapter: Chapter, record: Record | None, now: Key, budget_s: float
    ) -> list[str]:
        """The reasons to run a chapter (again); none if what is kept still holds."""
        if record is None:
            return [NO_RUN]
        if record.fault:
            return [record.fault]
        if found := changes(record.key, now):
            return found
        if not self._has_outputs(chapter):
            return ["its outputs are gone"]
        if record.cost.total_s > budget_s:
            return [f"it took {record.cost.total_s:.1f} s the last time"]
        return []

    def keep(self, run: Run, record: Record) -> None:
        """Keep the outputs of a run, then its record."""
        earlier = self.record(run.chapter.name)
        bundle = CacheBundleIn(
            run.notebook, str(run.chapter.path), data={"execution_seconds": run.wall_s}
        )
        kept = self._cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        self._write(run.chapter.name, {**asdict(record), "outputs": kept.hashkey})
        if earlier and earlier.outputs != kept.hashkey:
            self._drop(earlier.outputs)

    def keep_fault(self, name: str, record: Record) -> None:
        """Keep only that a chapter has to run again."""
        earlier = self.record(name)
        self._write(name, {**asdict(record), "outputs": earlier.outputs if earlier else ""})

    def forget_all_but(self, names: Collection[str]) -> None:
        """Drop what is kept of chapters that the book has no more."""
        keep = {self._path(name) for name in names}
        for path in self._records.rglob("*.json"):
            if path not in keep:
                outputs = json.loads(path.read_text(encoding="utf-8")).get("outputs", "")
                path.unlink()
                self._drop(outputs)

    @property
    def _records(self) -> Path:
        return self._folder / "chapters"

    def _path(self, name: str) -> Path:
        return self._records / f"{name}.json"

    def _has_outputs(self, chapter: Chapter) -> bool:
        try:
            self._cache.merge_match_into_notebook(chapter.notebook)
        except (KeyError, ValueError, OSError):
            return False
        return True

    def _drop(self, outputs: str) -> None:
        """Remove outputs that no chapter uses any more."""
        used = [json.loads(p.read_text(encoding="utf-8")) for p in self._records.rglob("*.json")]
        if outputs and all(record["outputs"] != outputs for record in used):
            with suppress(KeyError):
                pk = next(r.pk for r in self._cache.list_cache_records() if r.hashkey == outputs)
                self._cache.remove_cache(pk)

    def _write(self, name: str, data: dict[str, Any]) -> None:
        write_whole(self._path(name), json.dumps(data, indent=1))
