"""A chapter: a page of the book that holds code to run."""

import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from myst_nb.core.read import create_nb_reader
from sphinx.environment import BuildEnvironment

from . import digests

# What a cell's tags can change about how it runs.
_TAGS = {"raises-exception", "skip-execution"}
_NOT_EXECUTED = ("off", "inline")


@dataclass(frozen=True)
class Chapter:
    """A page as a notebook that has not run.

    Attributes:
        name: The page, as Sphinx calls it: ``classification/focal``.
        path: Its file.
        notebook: Its cells.
        as_written: Whether the cells stand in the file as they are, so that its lines count.
    """

    name: str
    path: Path
    notebook: Any
    as_written: bool = True

    @cached_property
    def code(self) -> list[str]:
        """The source of each cell with code."""
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]

    @cached_property
    def digest(self) -> str:
        """A short name for what runs: the code, and what says how it runs."""
        cells = [
            (cell.source, sorted(_TAGS & set(cell.metadata.get("tags", []))))
            for cell in self.notebook.cells
            if cell.cell_type == "code"
        ]
        metadata = self.notebook.metadata
        kernel = metadata.get("kernelspec", {}).get("name", "")
        return digests.of_data([cells, kernel, metadata.get("mystnb", {})])

    def line(self, index: int) -> int | None:
        """The line of the file at which a cell begins; None where other text was put in."""
        lines = self.notebook.metadata.get("source_map")
        return lines[index] + 1 if lines and self.as_written else None

    def copy_to_run(self) -> Any:
        """A notebook of its own for a run to write into."""
        return copy.deepcopy(self.notebook)


def read(env: BuildEnvironment, name: str) -> Chapter | None:
    """Read a page as the book's reader will read it; None if it has no code to run."""
    path = Path(env.doc2path(name))
    written = path.read_text(encoding="utf-8-sig")
    if _reader(env, path, written) is None:
        return None
    text = [written]
    env.prepare_settings(name)
    env.app.emit("source-read", name, text)  # the loss atlas, the drills: cells may be put in
    env.temp_data.clear()
    notebook = _reader(env, path, text[0]).read(text[0])
    mode = notebook.metadata.get("mystnb", {}).get("execution_mode", "")
    chapter = Chapter(name, path, notebook, as_written=text[0] == written)
    return chapter if any(map(str.strip, chapter.code)) and mode not in _NOT_EXECUTED else None


def _reader(env: BuildEnvironment, path: Path, text: str) -> Any:
    """What reads a page as a notebook; None if it is none."""
    return create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
