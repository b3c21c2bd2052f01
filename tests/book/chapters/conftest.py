"""A book of a few lines and the package that its chapters use, in a folder of their own."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent.parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

from chapters.chapter import Chapter  # noqa: E402
from chapters.closure import Packages  # noqa: E402
from chapters.dependencies import Dependencies  # noqa: E402
from chapters.executing import Executing, Outcome  # noqa: E402
from chapters.kernel import Settings  # noqa: E402
from chapters.shelf import Shelf  # noqa: E402

PACKAGE = {
    "__init__.py": "",
    "losses/__init__.py": """
from typing import TYPE_CHECKING
from lossedu._lazy import load_on_use
if TYPE_CHECKING:
    from tiny.losses.absolute import absolute
    from tiny.losses.square import square
__all__ = ["absolute", "square"]
load_on_use(__name__)
""",
    "losses/square.py": "def square(x):\n    return x * x\n",
    "losses/absolute.py": "def absolute(x):\n    return abs(x)\n",
    "catalog.py": """
from importlib import import_module
def value(name, x):
    return getattr(import_module(f"tiny.losses.{name}"), name)(x)
""",
    "drawing.py": """
from importlib.resources import files
def style():
    return (files("tiny") / "style.txt").read_text(encoding="utf-8")
def names():
    return sorted(path.name for path in (files("tiny") / "bank").iterdir())
""",
    "style.txt": "bold",
    "unread.txt": "nobody reads this",
    "bank/easy.yaml": "1",
}
LOOKUPS = {"tiny.catalog.value": "tiny.losses"}


class TinyBook:
    """Chapters, the package `tiny`, and what running them gives."""

    def __init__(self, root: Path) -> None:
        self.root, self.book = root, root / "book"
        self.kept = root / "kept"
        self.pages: dict[str, Chapter] = {}
        self.lines: list[str] = []
        for name, text in PACKAGE.items():
            self.write(f"tiny/{name}", text)
        (self.book / "part").mkdir(parents=True)

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def page(self, name: str, *cells: str) -> None:
        """Write a chapter, or write it anew."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        self.pages[name] = Chapter(f"part/{name}", self.book / "part" / f"{name}.md", notebook)

    def dependencies(self) -> Dependencies:
        """What its chapters depend on, as the files are now."""
        return Dependencies(Packages(["tiny"], LOOKUPS), self.book)

    def build(self, *, budget_s: float = float("inf"), stop_s: float = float("inf")) -> Outcome:
        """Bring all chapters up to date, as a new process would."""
        self.lines = []
        settings = Settings(("tiny",), 300, budget_s, stop_s)
        executing = Executing(self.dependencies(), Shelf(self.kept), settings, at_once=2)
        return executing.bring_up_to_date(list(self.pages.values()), self.lines.append)

    def printed(self, name: str) -> str:
        """What a chapter printed when it ran last."""
        _, notebook = Shelf(self.kept)._cache.merge_match_into_notebook(self.pages[name].notebook)
        return "".join(out.get("text", "") for cell in notebook.cells for out in cell.outputs)


@pytest.fixture(autouse=True)
def no_loop_is_running() -> Iterator[None]:
    """Chapters run in a loop of their own; a browser of other tests waits in one meanwhile."""
    waiting = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(waiting)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyBook]:
    """A tiny book, whose package this process and its kernels can import."""
    root = tmp_path / "a project"
    root.mkdir()
    monkeypatch.syspath_prepend(root)
    monkeypatch.setenv("PYTHONPATH", f"{root}:{ROOT}")
    yield TinyBook(root)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tiny"]:
        del sys.modules[name]
