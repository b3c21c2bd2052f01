"""What is published: a wheel with all that a student runs, and an sdist that it can be made from.

What only a teacher may have is in a wheel of its own, which the clone makes.
"""

import itertools
import re
import subprocess
import tarfile
from email.message import Message
from email.parser import Parser
from importlib import import_module
from pathlib import Path

import pytest

from tests import publishing
from tests.publishing import ROOT, build, wheel_in

PACKAGES = ("lossedu", "autograder")
MOVED = {"solutions": "autograder/assignments", "samples": "autograder/samples"}
BANKS = re.compile(r"autograder/rubrics/\w+/(mistakes/\w+|\w*mistakes)\.py")


@pytest.fixture(scope="module")
def published(shared_by_the_run: None) -> Path:
    return publishing.published()


@pytest.fixture(scope="module")
def wheel(published) -> dict[str, bytes]:
    return wheel_in(published)


@pytest.fixture(scope="module")
def sdist(published, tmp_path_factory) -> Path:
    """The sdist, unpacked."""
    (path,) = published.glob("*.tar.gz")
    out = tmp_path_factory.mktemp("sdist")
    # Pythons before 3.11.4 know no filters; later ones warn where none is named.
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(path) as archive:
        archive.extractall(out, **safely)
    (folder,) = out.iterdir()
    return folder


def kept_by_git(*folders: str) -> set[str]:
    """The files below folders that belong to the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}


def teachers() -> dict[str, str]:
    """What only a teacher has: where it is in the clone, by where it is installed."""
    moved = {
        f"{target}/{name.partition('/')[2]}": name
        for source, target in MOVED.items()
        for name in kept_by_git(source)
    }
    return moved | {name: name for name in kept_by_git("autograder") if BANKS.fullmatch(name)}


def test_the_wheel_holds_the_packages_without_the_teachers_part_and_what_describes_it(wheel):
    described = {name for name in wheel if ".dist-info/" in name}

    assert set(wheel) - described == kept_by_git(*PACKAGES) - set(teachers())
    assert {name.partition("/")[2] for name in described} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "licenses/LICENSE-TEXT",
    }


@pytest.fixture(scope="module")
def for_teachers(tmp_path_factory) -> dict[str, bytes]:
    """The files of the wheel for teachers."""
    out = tmp_path_factory.mktemp("teachers")
    build(ROOT / "teacher", out, "wheel")
    return wheel_in(out)


def test_the_teachers_wheel_holds_what_the_students_leaves_out_and_nothing_else(
    for_teachers, wheel
):
    held = {name for name in for_teachers if ".dist-info/" not in name}

    assert held == set(teachers())
    assert {name: for_teachers[name] for name in held} == {
        name: (ROOT / source).read_bytes() for name, source in teachers().items()
    }
    assert held & set(wheel) == set(), "each file is installed, and removed, by one of the two"


def test_both_wheels_together_are_the_packages_of_the_clone(for_teachers, wheel):
    data = {name for name in teachers() if name.startswith(tuple(MOVED.values()))}
    held = {name for name in (*wheel, *for_teachers) if ".dist-info/" not in name}

    assert held - data == kept_by_git(*PACKAGES)


# --- no answer is in what a student installs ------------------------------------------------------

LEAST = 28  # characters: what is shorter is anybody's line
ASSIGNMENTS = sorted(ROOT.glob("solutions/*/*.md"))
WRITTEN = re.compile(r'\+\+\+ \{"nbgrader": .*"kind": "manual".*\n((?s:.*?))(?=\n\+\+\+|\Z)')


def squeezed(text: str) -> str:
    """A text without what a formatter, or a quote in Python or JSON, may change."""
    return re.sub(r"[\s\\\"']+", "", text)


def long_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if len(squeezed(line)) >= LEAST]


def model_answers(text: str) -> list[str]:
    """What an assignment's text solves for its teacher: blocks of code, and written answers."""
    blocks = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", text, re.S)
    return blocks + [sentences(answer) for answer in WRITTEN.findall(text)]


def sentences(text: str) -> str:
    """A written text with a line for each sentence, however it is set."""
    return re.sub(r"(?<=[.:;])\s+", "\n", text)


def that_are_in(texts: list[str], files: dict[str, bytes]) -> list[tuple[str, str]]:
    """The texts that a file holds, and which file."""
    held = {name: squeezed(content.decode("utf-8", "replace")) for name, content in files.items()}
    return [(text, name) for text in texts for name in held if squeezed(text) in held[name]]


def graders(wheel: dict[str, bytes]) -> dict[str, bytes]:
    """The autograder's files: the library may have a line in common with an answer."""
    return {name: content for name, content in wheel.items() if name.startswith("autograder/")}


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_no_model_answer_and_no_mark_scheme_is_in_what_a_student_installs(
    path, wheel, for_teachers
):
    text = path.read_text(encoding="utf-8")
    scheme = long_lines(sentences(text.partition("### BEGIN MARK SCHEME")[2]))
    blocks = model_answers(text)
    lines = [line for block in blocks for line in long_lines(block)]
    pairs = ["\n".join(pair) for block in blocks for pair in itertools.pairwise(long_lines(block))]

    assert len(lines) >= 20
    assert len(scheme) >= 3
    assert set(scheme) <= set(lines)
    assert {line for line, _ in that_are_in(lines, for_teachers)} == set(lines)
    assert that_are_in(lines, graders(wheel)) == []
    assert that_are_in(pairs, wheel) == []


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda path: path.stem)
def test_no_right_sample_and_no_recipe_is_in_what_a_student_installs(path, wheel):
    name = path.parent.name
    bank = import_module(f"autograder.rubrics.{name}.mistakes").BANK
    recipes = [bank.right(recipe.function).source for recipe in bank.recipes]
    samples = (ROOT / "samples" / name).glob("right*.py")
    right = [path.read_text(encoding="utf-8") for path in samples]

    lines = [line for text in (*recipes, *right) for line in long_lines(text)]

    assert len(lines) >= 40
    assert [one for one in that_are_in(lines, graders(wheel)) if "import" not in one[0]] == []


def test_data_that_is_no_python_is_in_the_wheel_and_tests_are_not(wheel):
    endings = {Path(name).suffix for name in wheel}

    assert endings >= {".py", ".typed", ".js", ".mplstyle", ".j2", ".yaml", ".json", ".jsonl"}
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel)
    assert [name for name in wheel if Path(name).name.startswith(("test_", "conftest"))] == []


def test_the_sdist_holds_what_the_wheel_is_made_from_and_nothing_else(sdist):
    held = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    written = {".gitignore", "PKG-INFO"}
    beside = {"CHANGELOG.md", "LICENSE", "LICENSE-TEXT", "README.md", "pyproject.toml"}

    assert held - written == (kept_by_git(*PACKAGES) - set(teachers())) | beside


def test_the_wheel_of_the_sdist_is_the_same_file_by_file(sdist, wheel, tmp_path):
    build(sdist, tmp_path, "wheel")

    assert wheel_in(tmp_path) == wheel


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    (text,) = (content for name, content in wheel.items() if name.endswith("/METADATA"))
    return Parser().parsestr(text.decode())


def test_the_metadata_names_the_authors_the_systems_and_the_pythons(metadata):
    classifiers = metadata.get_all("Classifier")

    assert metadata["Author"] == "The lossedu authors"
    assert metadata["License-Expression"] == "BSD-3-Clause AND CC-BY-4.0"
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    for system in ("POSIX :: Linux", "MacOS", "Microsoft :: Windows"):
        assert f"Operating System :: {system}" in classifiers


def test_the_version_is_written_once(metadata):
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.opt")[0]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert 'dynamic = ["version"]' in project
    assert f"\nversion: {metadata['Version']}\n" in citation
