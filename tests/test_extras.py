"""What an extra brings, and what is said where it is missing."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

from lossedu.extras import EXTRAS, MissingLibraryError, explained, missing, require
from lossedu.installing import install_line
from tests import other_machines
from tests.other_machines import ROOT, distributions, python_without, run_without

PACKAGES = ("lossedu", "autograder")
FOR_PEOPLE = sorted(set(other_machines.EXTRAS) - {"dev"})


def imported_libraries() -> set[str]:
    """Top-level modules that the packages import anywhere, but their own and Python's."""
    found: set[str] = set()
    for path in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - set(PACKAGES)


def test_every_library_that_is_imported_is_brought_by_the_base_or_by_a_known_extra():
    base = {"torch", "numpy"}

    assert imported_libraries() - base == set(EXTRAS)


@pytest.mark.parametrize("module", EXTRAS)
def test_the_extras_of_a_module_are_those_that_name_its_distribution(module):
    holders = distributions()[module]

    naming = {extra for extra in FOR_PEOPLE if holders & other_machines.direct([extra])}

    assert set(EXTRAS[module]) == naming


def test_no_extra_is_offered_without_code_that_imports_what_it_brings():
    # SQLAlchemy loads a driver by the gradebook's address; `make book` runs what builds the site.
    others = {"postgres", "site"}
    used = {extra for extras in EXTRAS.values() for extra in extras}

    assert set(FOR_PEOPLE) - used - others == set()


@pytest.mark.parametrize(
    ("line", "needs", "extra"),
    [
        ("lossedu", "lossedu needs typer", "cli"),
        ("lossedu losses focal", "lossedu losses needs typer", "cli"),
        ("lossedu train digits", "lossedu train needs typer", "train"),
        ("lossedu diagnose runs", "lossedu diagnose needs typer", "train"),
        ("lossedu landscape gate runs", "lossedu landscape needs typer", "landscape"),
        ("lossedu choose number", "lossedu choose needs typer", "cli"),
        ("lossedu drill today", "lossedu drill needs typer", "practice"),
        ("autograder", "autograder needs typer", "grade"),
        ("autograder grade --assignment focal", "autograder needs typer", "grade"),
    ],
)
def test_with_the_base_alone_a_command_names_the_extra_in_one_line(line, needs, extra):
    done = run_without(other_machines.lacking(), *line.split())

    assert done.stderr == f"{needs}, which is not installed. Hint: {install_line(extra)}\n"
    assert (done.stdout, done.returncode) == ("", 2)


@pytest.mark.parametrize("command", PACKAGES)
def test_the_version_is_said_also_by_the_base_alone(command):
    done = run_without(other_machines.lacking(), command, "--version")

    assert done.returncode == 0
    assert done.stdout == f"{command} {other_machines.distribution_version()}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "module", "extra"),
    [
        ("lossedu losses focal", "rich", "cli"),
        ("lossedu train digits", "yaml", "train"),
        ("lossedu train digits", "accelerate", "train"),
        ("lossedu train digits", "safetensors", "train"),
        ("lossedu train digits", "matplotlib", "train"),
        ("lossedu train digits", "sklearn", "train"),
        ("lossedu landscape plane runs", "plotly", "landscape"),
        ("lossedu landscape line runs", "matplotlib", "landscape"),
        ("lossedu drill today", "fsrs", "practice"),
        ("lossedu drill export anki", "genanki", "practice"),
        ("autograder release focal", "nbgrader", "grade"),
        ("autograder try exercises/focal/focal.ipynb", "nbformat", "grade"),
        ("autograder grade exercises/focal --assignment focal", "joblib", "grade"),
    ],
)
def test_one_missing_library_is_named_before_any_work(line, module, extra, tmp_path):
    out = ("--out", tmp_path / "runs") if "train" in line else ()

    done = run_without([module], *line.split(), *out)

    assert done.returncode == 2
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    assert said.endswith(f" needs {module}, which is not installed. Hint: {install_line(extra)}")
    assert list(tmp_path.rglob("*.svg")) == []


@pytest.mark.parametrize(
    ("statement", "module", "extra"),
    [
        ("from lossedu.figures import triptych", "matplotlib", "landscape"),
        ("from lossedu.training import bundled; bundled('digits')", "sklearn", "train"),
        ("from lossedu.training import History; History().plot()", "matplotlib", "train"),
        ("from lossedu.landscape import read_limits; read_limits('x.yaml')", "yaml", "landscape"),
    ],
)
def test_a_function_says_what_it_needs(statement, module, extra, tmp_path):
    (tmp_path / "x.yaml").write_text("top_eigenvalue: 60\n", encoding="utf-8")

    done = python_without([module], statement, cwd=tmp_path)

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("lossedu.extras.MissingLibraryError: ")
    assert f" needs {module}, which is not installed. Hint: " in last
    assert f"[{extra}]" in last


def test_a_module_that_no_extra_brings_is_a_fault_and_stays_one():
    with (
        pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'") as caught,
        explained("lossedu"),
    ):
        import nowhere  # noqa: F401

    assert not isinstance(caught.value, MissingLibraryError)
    assert missing(caught.value, "lossedu") == ""


def test_what_is_explained_within_is_not_explained_again():
    error = ModuleNotFoundError(name="yaml")

    with (
        pytest.raises(MissingLibraryError, match=r"^read_limits needs yaml"),
        explained("lossedu"),
        explained("read_limits"),
    ):
        raise error


def test_the_first_extra_is_named_where_the_wanted_one_does_not_bring_the_module():
    error = ModuleNotFoundError(name="distributed.client")

    said = missing(error, "autograder", "grade")

    assert said.endswith(install_line("cluster"))


def test_what_is_required_and_there_is_no_fault():
    require("json", "torch")

    with pytest.raises(ModuleNotFoundError, match="'nowhere'"):
        require("json", "nowhere")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A run of one epoch, trained where the base and the extra `train` are all there is."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "config.yaml"
    config.write_text("recipe: digits\nepochs: 1\n", encoding="utf-8")
    out = folder / "runs"
    done = run_without(other_machines.lacking(["train"]), "lossedu", "train", config, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ("cli", "lossedu losses focal"),
        ("cli", "lossedu choose number mean"),
        ("cli", "lossedu choose --outline"),
        ("train", "lossedu train"),
        ("train", "lossedu diagnose RUNS"),
        ("landscape", "lossedu landscape plane RUNS --resolution 3 --out OUT.html"),
        ("landscape", "lossedu landscape line RUNS --resolution 3 --out OUT.svg"),
        ("landscape", "lossedu landscape gate RUNS --limits LIMITS"),
        ("landscape", "lossedu landscape compare RUNS RUNS --out OUT"),
        ("practice", "lossedu drill topic --data OUT"),
        ("practice", "lossedu drill report --data OUT"),
        ("practice", "lossedu drill export anki --out OUT"),
        ("practice", "lossedu drill check-bank --seeds 1"),
        ("grade", "autograder release focal --root COURSE"),
        ("grade", "autograder try COURSE/exercises/focal/focal.ipynb --without-training"),
        ("grade", "autograder similar focal --root COURSE"),
        ("grade", "autograder new-course OUT"),
        ("grade", "autograder doctor"),
    ],
)
def test_with_its_extra_alone_a_command_lacks_nothing(extra, line, runs, tmp_path, request):
    limits = tmp_path / "limits.yaml"
    limits.write_text("loss: 1e9\n", encoding="utf-8")
    words = {"RUNS": runs, "OUT": tmp_path / "out", "LIMITS": limits}
    if "COURSE" in line:
        words["COURSE"] = request.getfixturevalue("course")
    for word, path in words.items():
        line = line.replace(word, str(path))

    done = run_without(other_machines.lacking([extra]), *line.split())

    assert "which is not installed" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1), done.stderr  # 1: something was found, as an unsolved task


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course with one assignment that has been released."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("solutions", "samples", "exercises"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder
