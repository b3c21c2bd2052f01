"""A small book with a drill of every kind, built once and opened from its folder."""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from lossedu.practice.families import bank
from tests import once
from tests.book.serving import served
from tests.book.visiting import Reader, chosen

ROOT = Path(__file__).parent.parent.parent.parent
FAMILIES = Path(__file__).parent / "families"
KEY = "lossedu.practice.v1"
FRONT = {"classification": ["focal", "cross-entropy"], "foundations": ["what-a-loss-asks"]}
"""Pages that families name as their chapters."""

# The second frame from now begins when the first has been drawn.
DRAWN = "() => new Promise(so => requestAnimationFrame(() => requestAnimationFrame(so)))"


def names() -> list[str]:
    return sorted(path.stem for path in FAMILIES.glob("*.yaml"))


@pytest.fixture(scope="session")
def practice_book(shared_by_the_run: None) -> Path:
    """The folder of the site, whose families are those beside this file."""
    return once.folder_once_a_run("practice", _make) / "html"


def _make(folder: Path) -> None:
    source = folder / "source"
    _write_pages(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "book" / "_ext")
        with _small_bank(patch):
            _build(source, folder)
    (folder / "html" / "favicon.ico").touch()  # browsers ask for it by themselves


@contextmanager
def _small_bank(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bank is the folder beside this file, and nothing else, until the block ends."""
    patch.setattr(bank, "bank_folder", lambda: FAMILIES)
    patch.setattr(bank, "made_families", dict)
    bank.families.cache_clear()
    yield
    patch.undo()
    bank.families.cache_clear()


@pytest.fixture
def small_bank() -> Iterator[None]:
    """The families of the small book are all that there are."""
    with pytest.MonkeyPatch.context() as patch, _small_bank(patch):
        yield


def _write_pages(source: Path) -> None:
    pages = {"index": "# Book\n", "part/drills": "# Drills\n"}
    for name in names():
        pages["part/drills"] += f"\n```{{drill}} {name}\n```\n"
    pages["part/drills"] += "\nSee {ref}`a-number`.\n"
    for part, chapters in FRONT.items():
        pages |= {f"{part}/{name}": f"# {name.capitalize()}\n" for name in chapters}
    for path in (ROOT / "book" / "interview").glob("*.md"):
        if "{practice-app}" in (text := path.read_text(encoding="utf-8")):
            pages[f"interview/{path.stem}"] = text
    listed = "\n".join(name for name in pages if name != "index")
    pages["index"] += f"\n```{{toctree}}\n{listed}\n```\n"
    for name, text in pages.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    vendored = source / "_vendor"
    vendored.symlink_to(ROOT / "book" / "_vendor")


def _build(source: Path, folder: Path) -> None:
    book = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    known = book["sphinx"]["config"]
    static = ROOT / "book" / "_static"
    settings = {
        "extensions": ["myst_nb", "sphinx_book_theme", "folds", "site_files", "drills", "practice"],
        "root_doc": "index",
        "exclude_patterns": ["_vendor"],
        "html_theme": "sphinx_book_theme",
        "html_static_path": [str(static)],
        "html_css_files": [path.relative_to(static).as_posix() for path in static.rglob("*.css")],
        "myst_enable_extensions": book["parse"]["myst_enable_extensions"],
        "suppress_warnings": ["toc.not_included"],
        "nb_execution_mode": "off",
        **{
            key: known[key]
            for key in ("mathjax_path", "mathjax3_config", "html_theme_options", "language")
        },
        "chapter_packages": known["chapter_packages"],
        "chapter_lookups": known["chapter_lookups"],
    }
    places = (str(source), None, str(folder / "html"), str(folder / "doctrees"), "html")
    with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that Sphinx loads
        app = Sphinx(*places, settings, status=None, freshenv=True, warningiserror=True)
        app.build()
    assert app.statuscode == 0


@pytest.fixture(scope="session")
def practice_site(practice_book: Path) -> Iterator[str]:
    """The address at which that site is served."""
    with served(practice_book) as address:
        yield address


@pytest.fixture
def folder(reader: Reader, practice_book: Path) -> Iterator[Callable[..., Page]]:
    """Open a page of the saved folder; what it complains of, or asks of a host, fails the test.

    Each page that it loads begins with nothing kept but what the test says.
    """
    with _opening(reader, practice_book.as_uri(), first="localStorage.clear();") as open_page:
        yield open_page


@pytest.fixture
def online(reader: Reader, practice_site: str) -> Iterator[Callable[..., Page]]:
    """Open a served page, for a test that loads one twice or in two tabs.

    What a page of a folder has stored Chromium forgets in a few of a hundred loads if the machine
    is busy; what a served page has stored, in none.
    """
    with _opening(reader, practice_site) as open_page:
        yield open_page


@contextmanager
def _opening(reader: Reader, address: str, *, first: str = "") -> Iterator[Callable[..., Page]]:
    complaints = []
    ours = (f"{address}/", "data:", "blob:")
    events = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda said: said.type == "error" and complaints.append(said.text),
        "request": lambda asked: _must_be_of(ours, asked.url, complaints),
    }
    with ExitStack() as stack:

        def open_page(
            name: str,
            *,
            state: object = None,
            script: str = "",
            mode: str = "light",
            **options: object,
        ) -> Page:
            before = first + chosen(mode) + _kept(state) + script
            page = stack.enter_context(reader.window(script=before, **options))
            for event, hear in events.items():
                page.on(event, hear)
                stack.callback(page.remove_listener, event, hear)
            page.goto(f"{address}/{name}.html", wait_until="load")
            return page

        yield open_page
    assert complaints == []


def _kept(state: object) -> str:
    """A script after which a page finds what it has kept."""
    if state is None:
        return ""
    text = state if isinstance(state, str) else json.dumps(state)
    kept = f"localStorage.setItem({KEY!r}, {json.dumps(text)})"
    return f"\nif (!localStorage.getItem({KEY!r})) {{ {kept}; }}"


def _must_be_of(ours: tuple[str, ...], url: str, complaints: list[str]) -> None:
    if not url.startswith(ours):
        complaints.append(f"asks {url}")


@pytest.fixture
def drill(folder: Callable[..., Page]) -> Callable[..., Page]:
    """Open the page of drills with one of them in view and ready."""

    def show(name: str, page: Page | None = None, **options: object):
        page = page or folder("part/drills", **options)
        box = page.locator(f"#{name}")
        box.scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name}[data-ready]")
        return box

    return show


@pytest.fixture
def kept() -> Callable[[Page], dict]:
    """What the browser keeps."""
    return lambda page: json.loads(page.evaluate(f"localStorage.getItem({KEY!r})"))
