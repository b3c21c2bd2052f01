"""``make`` works where nothing can be graded, and writes nothing outside the clone."""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from autograder.sandbox.layers import floor_is_met, live_layers
from tests import needs

ROOT = Path(__file__).parent.parent
INSTALLED = ("pyproject.toml", "constraints.txt", ".venv/.torch", ".venv/.course")
_PROGRAM = '#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\n'


def program(path: Path, text: str) -> None:
    """A program of a few lines of shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def make(clone: Path, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run make in a clone whose environment is installed already."""
    there = {"PATH": os.environ["PATH"]} | {name: str(value) for name, value in variables.items()}
    command = ["make", "-o", ".venv/.course", *arguments]
    return subprocess.run(
        command, cwd=clone, env=there, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture
def shell(tmp_path) -> Path:
    """A clone in which every program only notes that it was called, and with what."""
    clone = tmp_path / "my clone"
    for name in ("focal", "ranking"):
        (clone / "solutions" / name).mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", clone)
    for name in ("autograder", "python"):
        program(clone / ".venv" / "bin" / name, _PROGRAM)
    for number, name in enumerate(INSTALLED):
        (clone / name).touch()
        os.utime(clone / name, (number, number))
    return clone


@pytest.mark.parametrize(
    ("system", "last"),
    [("Linux", "autograder sample-class focal"), ("Darwin", "autograder doctor")],
)
def test_the_course_is_made_on_any_system_and_graded_on_linux(shell, tmp_path, system, last):
    program(tmp_path / "bin" / "uname", f"#!/bin/sh\necho {system}\n")
    program(shell / ".venv" / "bin" / "autograder", f'{_PROGRAM}[ "$1" != doctor ]\n')
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])

    done = make(shell, "course", PATH=path, CALLS=tmp_path / "calls")

    assert done.returncode == 0, done.stderr
    assert "The course is ready." in done.stdout
    book, *rest = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert book == "python book/build.py"
    assert rest == ["autograder release focal ranking", last]


@pytest.mark.parametrize(
    ("folder", "place"), [("my clone", "elsewhere/torchinductor_"), ("clone", "clone/.cache/")]
)
def test_compiled_code_is_kept_in_the_clone_unless_its_path_has_a_space(
    shell, tmp_path, folder, place
):
    clone = shell.rename(tmp_path / folder)
    show = 'show: ; @printf %s "$$TORCHINDUCTOR_CACHE_DIR"'

    done = make(clone, "-s", f"--eval={show}", "show", TMPDIR=tmp_path / "elsewhere")

    assert done.stdout.startswith(str(tmp_path / place))


def test_clean_removes_what_was_kept(shell, tmp_path):
    make(shell, "book", CALLS=tmp_path / "calls")
    assert (shell / ".cache").is_dir()

    assert make(shell, "clean").returncode == 0

    assert sorted(path.name for path in shell.iterdir()) == [
        "Makefile",
        "constraints.txt",
        "pyproject.toml",
        "solutions",
    ]


_PAGE = """---
jupytext:
  text_representation:
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# A page

```{code-cell} ipython3
import matplotlib.pyplot as plt
import torch

curve = torch.compile(torch.sinh)(torch.linspace(-1, 1, 9))
figure, axes = plt.subplots()
axes.plot(curve)
```
"""


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with a book of one page, and this environment."""
    folder = tmp_path / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "book" / "page.md").write_text(_PAGE, encoding="utf-8")
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: page\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.book
def test_a_book_a_release_and_a_graded_submission_write_nothing_outside_the_clone(clone, tmp_path):
    if not floor_is_met(live_layers()):
        needs.lacking(needs.SANDBOX)
    needs.compiler()  # the page compiles a function, which leaves files
    home = tmp_path / "home"
    home.mkdir()
    grade = (
        "graded: ; $(BIN)/autograder release focal"
        " && $(BIN)/autograder grade --assignment focal exercises/focal"
    )

    with tempfile.TemporaryDirectory(prefix="t") as short:  # the address of a socket must be short
        for arguments in (["book"], [f"--eval={grade}", "graded"]):
            done = make(clone, *arguments, HOME=home, TMPDIR=Path(short))
            assert done.returncode == 0, done.stdout + done.stderr
        left = sorted(Path(short).rglob("*"))

    assert sorted(home.rglob("*")) == []
    assert left == []
    assert {path.name for path in (clone / ".cache").iterdir()} >= {
        "inductor",
        "ipython",
        "matplotlib",
    }
