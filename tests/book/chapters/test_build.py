"""Sphinx builds a book of chapters: what runs, what is read, what is written, and what is said."""

import io
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from chapters import one_page
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

HEAD = """\
---
file_format: mystnb
kernelspec: {name: python3}
---
"""
ROOT_PAGE = "# A book\n\n```{toctree}\npart/square\npart/absolute\npart/words\n```\n"


@dataclass(frozen=True)
class Built:
    """What a build says, and whether it is content."""

    status: int
    log: str
    warnings: str


def page(title: str, code: str) -> str:
    """The text of a chapter with one cell and a link to another."""
    return f"{HEAD}# {title}\n\n[words](words.md)\n\n```{{code-cell}} ipython3\n{code}\n```\n"


def work(key: str) -> str:
    """An entry of a bibliography."""
    return f"@misc{{{key}, author = {{A. Author}}, title = {{A title}}, year = {{1900}}}}\n"


@pytest.fixture
def build(tiny, monkeypatch):
    """Build the tiny book with Sphinx, as the book is built."""
    monkeypatch.delenv(one_page.VARIABLE, raising=False)
    tiny.write("book/index.md", ROOT_PAGE)
    square = page("Square", "from tiny.losses import square\nprint('square', square(3))")
    tiny.write("book/part/square.md", square)
    absolute = page("Absolute", "from tiny.losses import absolute\nprint('size', absolute(-2))")
    tiny.write("book/part/absolute.md", absolute)
    tiny.write("book/part/words.md", "# Words\n\n[back](square.md)\n")
    tiny.write("book/works.bib", work("gauss"))
    config = {
        "extensions": ["myst_nb", "sphinxcontrib.bibtex", "chapters"],
        "bibtex_bibfiles": ["works.bib"],
        "nb_execution_mode": "cache",
        "nb_execution_cache_path": str(tiny.kept),
        "chapter_packages": ["tiny"],
    }

    def run() -> Built:
        log, complaints = io.StringIO(), io.StringIO()
        folders = (tiny.book, None, tiny.root / "site", tiny.root / "doctrees")
        with patch_docutils(), docutils_namespace(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages that Sphinx loads
            app = Sphinx(*folders, "html", config, log, complaints, keep_going=True)
            app.build()
        return Built(app.statuscode, log.getvalue(), complaints.getvalue())

    return run


def shown(tiny, name: str) -> str:
    """The HTML of a page."""
    return (tiny.root / "site" / f"{name}.html").read_text(encoding="utf-8")


def test_the_log_says_which_chapters_run_and_why_and_their_pages_follow(tiny, build):
    first = build()
    assert first.warnings == ""
    assert "part/square: it has not been run" in first.log
    assert "square 9" in shown(tiny, "part/square")

    again = build()
    assert "up to date: part/absolute, part/square" in again.log
    assert "no targets are out of date" in again.log

    tiny.write("tiny/losses/square.py", "def square(x):\n    return x**2 + 1\n")
    edited = build()
    assert "part/square: tiny/losses/square.py changed" in edited.log
    assert "up to date: part/absolute" in edited.log
    assert "square 10" in shown(tiny, "part/square")


def test_a_build_with_a_chapter_that_fails_is_not_well_but_shows_the_other_pages(tiny, build):
    tiny.write("book/part/absolute.md", page("Absolute", "value = 1\nprint(value / 0)"))

    broken = build()

    assert broken.status == 1
    assert broken.warnings.count("WARNING") == 1
    assert "part/absolute: cell 1 (line 10) failed:" in broken.warnings
    assert "print(value / 0)" in broken.warnings
    assert "ZeroDivisionError: division by zero" in broken.warnings
    assert "square 9" in shown(tiny, "part/square")
    tiny.write("book/part/absolute.md", page("Absolute", "print('mended')"))
    mended = build()
    assert (mended.status, mended.warnings) == (0, "")
    assert "part/square" not in mended.log.partition("up to date")[0]
    assert "mended" in shown(tiny, "part/absolute")


def test_a_chapter_whose_module_breaks_keeps_its_page_until_it_is_mended(tiny, build):
    build()
    tiny.write("tiny/losses/square.py", "def square(x):\n    raise ValueError('broken')\n")
    broken = build()
    assert broken.status == 1
    assert "ValueError: broken" in broken.warnings
    assert "square 9" in shown(tiny, "part/square")

    tiny.write("tiny/losses/square.py", "def square(x):\n    return 11\n")

    assert build().status == 0
    assert "square 11" in shown(tiny, "part/square")


def test_one_page_of_a_book_that_was_never_built_runs_and_writes_that_page(
    tiny, build, monkeypatch
):
    monkeypatch.setenv(one_page.VARIABLE, "book/part/square.md")

    one = build()

    assert one.warnings == ""
    assert "part/absolute" not in one.log.partition("reading sources")[0]
    assert "square 9" in shown(tiny, "part/square")
    assert 'href="words.html"' in shown(tiny, "part/square")
    assert not (tiny.root / "site" / "part" / "absolute.html").exists()
    monkeypatch.delenv(one_page.VARIABLE)
    whole = build()
    assert whole.warnings == ""
    assert "up to date: part/square" in whole.log
    assert "size 2" in shown(tiny, "part/absolute")
    assert (tiny.root / "site" / "part" / "words.html").exists()


def test_one_page_of_a_built_book_leaves_the_others_for_the_next_build(tiny, build, monkeypatch):
    build()
    for loss in ("square", "absolute"):
        tiny.write(f"tiny/losses/{loss}.py", f"def {loss}(x):\n    return 100\n")
    tiny.write("book/part/words.md", "# Other words\n\n[back](square.md)\n")
    monkeypatch.setenv(one_page.VARIABLE, "part/square")
    assert build().warnings == ""
    assert "square 100" in shown(tiny, "part/square")
    assert "size 2" in shown(tiny, "part/absolute")
    assert "Other words" not in shown(tiny, "part/words")

    monkeypatch.delenv(one_page.VARIABLE)

    assert build().warnings == ""
    assert "size 100" in shown(tiny, "part/absolute")
    assert "Other words" in shown(tiny, "part/words")


def test_one_page_may_name_a_term_and_a_work_that_were_added_after_the_book_was_built(
    tiny, build, monkeypatch
):
    glossary = "# Words\n\n```{{glossary}}\nloss\n  A price.\n{more}```\n"
    works = "# Works\n\n```{bibliography}\n:all:\n```\n"
    tiny.write("book/part/words.md", glossary.format(more=""))
    tiny.write("book/part/works.md", works)
    tiny.write("book/index.md", ROOT_PAGE.replace("part/words", "part/words\npart/works"))
    assert build().warnings == ""

    tiny.write("book/part/words.md", glossary.format(more="\nmetric\n  A score.\n"))
    tiny.write("book/works.bib", work("gauss") + work("laplace"))
    square = page("Square", "print('square')")
    tiny.write("book/part/square.md", square + "\nA {term}`metric` {cite}`laplace`.\n")
    monkeypatch.setenv(one_page.VARIABLE, "part/square")

    one = build()

    assert one.warnings == ""
    assert 'href="words.html#term-metric"' in shown(tiny, "part/square")
    assert 'href="works.html#' in shown(tiny, "part/square")
    assert "metric" in shown(tiny, "part/words")
    assert shown(tiny, "part/works").count("A title") == 2


def test_a_page_that_does_not_exist_is_refused_with_those_that_are_like_it(build, monkeypatch):
    monkeypatch.setenv(one_page.VARIABLE, "part/squares")

    with pytest.raises(SphinxError, match="CHAPTER must be a page of the book, but is"):
        build()


def test_a_page_that_was_read_but_not_written_is_written_by_the_next_build(tiny, build):
    build()
    written = tiny.root / "site" / "part" / "square.html"
    written.write_text("of an earlier build")
    os.utime(written, (1, 1))
    os.utime(tiny.book / "part" / "square.md", (0, 0))

    build()

    assert "square 9" in shown(tiny, "part/square")


INTERRUPTED = """
import sys
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
book, site, trees, kept = sys.argv[1:]
config = {"extensions": ["myst_nb", "chapters"], "nb_execution_mode": "cache",
          "nb_execution_cache_path": kept, "chapter_packages": ["tiny"]}
with patch_docutils(), docutils_namespace():
    Sphinx(book, None, site, trees, "html", config).build()
"""


def wait_for(path: Path, running: subprocess.Popen[str]) -> None:
    """Wait until a file is there; a process that ends before has failed."""
    while not path.exists():
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)


def test_ctrl_c_stops_the_kernels_and_keeps_what_is_done(tiny, build):
    endless = (
        "import os, time\nfrom pathlib import Path\nPath('kernel').write_text(str(os.getpid()))"
    )
    tiny.write("book/part/absolute.md", page("Absolute", f"{endless}\nwhile True: time.sleep(0.1)"))
    folders = [tiny.book, tiny.root / "site", tiny.root / "doctrees", tiny.kept]
    path = os.pathsep.join([os.environ["PYTHONPATH"], extensions()])
    running = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *map(str, folders)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(tiny.kept / "chapters" / "part" / "square.json", running)
    wait_for(tiny.book / "part" / "kernel", running)
    time.sleep(0.2)  # until its number stands in the file
    kernel = int((tiny.book / "part" / "kernel").read_text())

    running.send_signal(signal.SIGINT)
    log, _ = running.communicate()

    assert running.returncode == 130
    assert "Interrupted: the chapters that are done are kept." in log
    assert "part/absolute: failed" not in log
    assert not psutil.pid_exists(kernel)
    tiny.write("book/part/absolute.md", page("Absolute", "print('size', 2)"))
    assert "up to date: part/square" in build().log
    assert "size 2" in shown(tiny, "part/absolute")


def extensions() -> str:
    """The folder of the book's extensions."""
    return str(Path(one_page.__file__).parent.parent)
