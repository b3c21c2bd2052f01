"""The book, built once for all tests that look at its pages, and served on loopback."""

import importlib.util
import io
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tests import once
from tests.book.serving import served
from tests.book.visiting import Reader

ROOT = Path(__file__).parent.parent.parent
EXTENSIONS = ROOT / "book" / "_ext"


@pytest.fixture(scope="session")
def built(shared_by_the_run: None) -> Path:
    """The folder of the built site, built once however many processes test."""
    once.folder_once_a_run("book", lambda _: build())
    return ROOT / "book" / "_build" / "html"


def build() -> None:
    """Build the book; warnings are errors, executed cells come from the cache."""
    command = [Path(sys.executable).parent / "jupyter-book", "build", "book"]
    command += ["--config", "_config.yml", "--path-output", "book", "-W", "--keep-going"]
    # What a chapter costs depends on the machine; tests of the budget have a book of their own.
    patient = os.environ | {"LOSSEDU_CHAPTER_SECONDS": "0"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=patient)
    assert done.returncode == 0, f"the book does not build:\n{(done.stdout + done.stderr)[-6000:]}"


@pytest.fixture
def own_extensions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The book's extensions can be imported, and are forgotten together.

    If some were forgotten and others not, these would hold classes that nobody else knows.
    """
    monkeypatch.syspath_prepend(EXTENSIONS)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if EXTENSIONS in Path(getattr(sys.modules[name], "__file__", None) or ROOT).parents:
            del sys.modules[name]


@pytest.fixture
def loaded_extension(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load one of the book's own extensions by name."""
    monkeypatch.syspath_prepend(EXTENSIONS)

    def load(name: str) -> ModuleType:
        path = EXTENSIONS / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


class SmallBook:
    """A book of few pages, built with the book's own extensions."""

    def __init__(self, folder: Path) -> None:
        self.source, self.site = folder / "source", folder / "site"
        self.source.mkdir()

    def build(self, pages: dict[str, str], *, fresh: bool = True, **settings: object) -> str:
        """Build pages from their text; what Sphinx complained of.

        If not fresh, pages whose text is still the same are not read again.
        """
        for name, text in pages.items():
            path = self.source / f"{name}.md"
            path.parent.mkdir(exist_ok=True, parents=True)
            text = textwrap.dedent(text).lstrip()
            if fresh or not path.exists() or path.read_text() != text:
                path.write_text(text)
        settings = {
            "extensions": ["myst_nb", "folds", "drills"],
            "root_doc": next(iter(pages)),
            "myst_enable_extensions": ["colon_fence", "dollarmath"],
            "suppress_warnings": ["toc.not_included"],
            "nb_execution_mode": "off",
            **settings,
        }
        complaints = io.StringIO()
        folders = (self.source, None, self.site, self.site.parent / "doctrees")
        with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages that Sphinx loads
            app = Sphinx(
                *folders, "html", settings, status=None, warning=complaints, freshenv=fresh
            )
            app.build()
        return complaints.getvalue()

    def page(self, text: str, **settings: object) -> str:
        """The HTML of a page that builds without complaint."""
        complaints = self.build({"page": text}, **settings)
        assert complaints == ""
        return (self.site / "page.html").read_text()


@pytest.fixture
def small_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallBook:
    """Build a few pages of one's own with the book's extensions."""
    monkeypatch.syspath_prepend(EXTENSIONS)
    return SmallBook(tmp_path)


@pytest.fixture(scope="module")
def shared_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBook]:
    """The same for all tests of a file that look at one book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXTENSIONS)
        yield SmallBook(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[str]:
    """The address at which the site is served."""
    with served(built) as address:
        yield address


@pytest.fixture(scope="session")
def reader(browser: Browser) -> Reader:
    """Whose windows stay open from test to test."""
    return Reader(browser)
