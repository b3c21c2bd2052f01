"""What is published: a wheel with all that runs, and an sdist that the wheel can be made from."""

import os
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("lossedu", "autograder")
MOVED = {"solutions": "autograder/assignments", "samples": "autograder/samples"}


def build(folder: Path, out: Path, *targets: str) -> None:
    """Build with the backend that pyproject.toml names, without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    command += [word for target in targets for word in ("-t", target)]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wheel_in(folder: Path) -> dict[str, bytes]:
    """The files of the one wheel of a folder."""
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """A folder with the wheel and the sdist of this repository."""
    out = tmp_path_factory.mktemp("published")
    build(ROOT, out, "sdist", "wheel")
    return out


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


def test_the_wheel_holds_the_packages_the_assignments_samples_and_what_describes_it(wheel):
    sources = {
        f"{target}/{name.partition('/')[2]}"
        for source, target in MOVED.items()
        for name in kept_by_git(source)
    }
    described = {name for name in wheel if ".dist-info/" in name}

    assert set(wheel) - described == kept_by_git(*PACKAGES) | sources
    assert {name.partition("/")[2] for name in described} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "licenses/LICENSE-TEXT",
    }


def test_data_that_is_no_python_is_in_the_wheel_and_tests_are_not(wheel):
    endings = {Path(name).suffix for name in wheel}

    assert endings >= {".py", ".typed", ".js", ".mplstyle", ".j2", ".md", ".yaml", ".json"}
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel)
    assert [name for name in wheel if Path(name).name.startswith(("test_", "conftest"))] == []


def test_the_sdist_holds_what_the_wheel_is_made_from_and_nothing_else(sdist):
    held = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    written = {".gitignore", "PKG-INFO"}
    beside = {"CHANGELOG.md", "LICENSE", "LICENSE-TEXT", "README.md", "pyproject.toml"}

    assert held - written == kept_by_git(*PACKAGES, *MOVED) | beside


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


@pytest.mark.slow
def test_what_is_installed_from_a_wheel_says_how_to_install_more(published, tmp_path):
    target = tmp_path / "site"
    wheelhouse = ["--no-index", "--no-deps", "--find-links", str(published)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    subprocess.run([*command, *wheelhouse, "lossedu"], check=True, capture_output=True)
    program = (
        f"import sys; sys.path.insert(0, {str(target)!r}); sys.modules['typer'] = None; "
        "sys.argv = ['lossedu', 'train']; from lossedu.__main__ import main; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PATH": os.defpath},  # no environment is active
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("lossedu train needs typer, which is not installed. Hint: ")
    assert done.stderr.endswith(" -m pip install 'lossedu[train]'\n")
