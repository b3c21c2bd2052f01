"""Every command line that a reader is told to type exists: program, command and options."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderApp
from typer.testing import CliRunner

from autograder.commands.app import app as autograder
from autograder.course import new_course
from lossedu.commands.app import app as lossedu
from tests.documents import blocks, commands, spans

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
OURS = {"lossedu": lossedu, "autograder": autograder}
MADE = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OF_THE_SYSTEM = {"cd", "sudo", "git", "python", "python3"}

TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "book").glob("[!_]*/*.md")),
        *sorted((ROOT / "solutions").glob("*/*.md")),
    ]
}
NEW_COURSE = "a new course's README.md"


def typed(name):
    """What a document tells to type: its shell blocks, and spans that begin with a program."""
    text = TEXTS[name]
    lines = [*blocks(text, "shell"), *blocks(text, "bash")]
    lines += [s for s in spans(text) if s.split()[0] in {*OURS, "make", "nbgrader"} and " " in s]
    return [words for line in lines for words in commands(line)]


def of_a_new_course(folder):
    """The indented lines of the README that a new course gets."""
    new_course.new_course(folder)
    text = (folder / "README.md").read_text(encoding="utf-8")
    return [words for line in re.findall(r"^    (.+)$", text, re.M) for words in commands(line)]


def parses(words):
    """Whether a command of ours takes these words: it is asked for its help with all of them."""
    done = CliRunner().invoke(OURS[words[0]], [*words[1:], "--help"])
    assert done.exit_code == 0, f"{' '.join(words)}: {done.output}"


def exists(words):
    """Whether a command line can be typed."""
    program, *rest = words
    if program in OURS:
        parses(words)
    elif program == "make":
        targets = [word for word in rest if "=" not in word]
        assert set(targets) <= MADE, f"make has no {targets}"
    elif program == "nbgrader":
        says = NbGraderApp.subcommands[rest[0]][1]
        assert "DEPRECATED" not in says
        assert rest[0] not in {"formgrade", "extension"}, "its words are only a message by now"
    elif program == "pytest":
        missing = [word for word in rest if not word.startswith("-") and not (ROOT / word).exists()]
        assert not missing
    elif program == "pip":
        extras = re.findall(r"\[(.*)\]", " ".join(rest))
        assert {name for found in extras for name in found.split(",")} <= set(
            PROJECT["optional-dependencies"]
        )
    elif program == "jupyter":
        assert shutil.which(f"jupyter-{rest[0]}", path=BIN), words
    else:
        assert program in OF_THE_SYSTEM, f"{program} is not known"


LINES = [(name, words) for name in TEXTS for words in typed(name)]


def test_the_documents_tell_readers_to_type_something():
    told = {name for name, _ in LINES}

    assert {"README.md", "CONTRIBUTING.md", "book/teach/teaching.md"} <= told


@pytest.mark.parametrize(
    ("name", "words"), LINES, ids=[f"{name}: {' '.join(words)}" for name, words in LINES]
)
def test_a_command_line_of_a_document_exists(name, words):
    exists(words)


def test_the_command_lines_of_a_new_course_exist(tmp_path):
    lines = of_a_new_course(tmp_path / "spring")

    assert ["autograder", "doctor"] in lines
    for words in lines:
        exists(words)


@pytest.mark.parametrize(
    "words",
    [
        "lossedu trian digits",
        "lossedu train digits --learning-rate 1",
        "autograder grade --assignment focal --force",
        "nbgrader formgrader",
        "nbgrader formgrade",
        "nbgrader extension enable",
        "make everything",
        "pytest tests/nowhere",
        "jupyter formgrader",
        "pip install '.[everything]'",
        "frobnicate",
    ],
)
def test_what_does_not_exist_is_found(words):
    with pytest.raises((AssertionError, KeyError)):
        exists(words.split())
