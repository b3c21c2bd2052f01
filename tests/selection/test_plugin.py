"""A change runs the tests that can see it: of this repository, by what is written in it."""

import subprocess
from types import SimpleNamespace

import pytest

from lossedu import catalog
from lossedu.losses import mse_loss
from tests.selection.cases import is_of_a_loss, uses_of_case
from tests.selection.changes import changed_files
from tests.selection.plugin import ROOT, Selection
from tests.selection.report import Report

MSE = "lossedu/losses/mse.py"


@pytest.fixture(scope="module")
def mse():
    return Selection(ROOT, [MSE], "HEAD")


def item(place, test, **values):
    """A test as pytest would hand it over."""
    found = SimpleNamespace(path=ROOT / place, nodeid=f"{place}::{test}")
    if values:
        found.callspec = SimpleNamespace(params=values)
    return found


def laws(loss):
    case = SimpleNamespace(params={"case": catalog.spec(loss)})
    name = "test_value_agrees_with_the_formula_to_twelve_digits"
    found = item("tests/losses/test_laws.py", name)
    found.callspec = case
    return found


def test_of_the_laws_the_cases_of_the_changed_loss_are_run(mse):
    assert mse.ways(laws("mse_loss")) == {MSE: "has a case of"}
    assert mse.ways(laws("sigmoid_focal_loss")) == {}


@pytest.mark.parametrize(
    ("value", "losses"),
    [
        ("mse_loss", {"mse_loss"}),
        ("huber_loss(delta=1) and l1_loss", {"huber_loss", "l1_loss"}),
        ({"of": [mse_loss]}, {"mse"}),  # a function is known by its module
        (catalog.spec("mse_loss").special_cases, set()),
        ("a loss", set()),
        (3.0, set()),
    ],
)
def test_the_losses_of_a_case_are_known_by_name_or_from_their_functions(value, losses):
    used = uses_of_case({"value": value})

    assert {use.path.rpartition(".")[2] for use in used} == losses
    assert is_of_a_loss(used) == bool(losses)


@pytest.mark.parametrize(
    ("family", "touched"),
    [("squared-error-one-outlier", False), ("mse-loss-gradient", True)],
)
def test_a_family_of_questions_says_which_losses_it_needs(mse, family, touched):
    test = item("tests/practice/families/test_bank.py", "test_a_family_is_sound", identity=family)

    assert (MSE in mse.ways(test)) == touched


@pytest.mark.parametrize("other", [MSE, "lossedu/losses/l1.py"])
def test_a_case_that_is_about_a_file_is_run_if_that_file_has_changed(mse, other):
    test = item("tests/test_house.py", "test_modules_and_functions_stay_short", path=ROOT / other)

    assert (MSE in mse.ways(test)) == (other == MSE)


@pytest.mark.parametrize(
    ("place", "is_run"),
    [
        ("tests/losses/test_mse.py", True),
        ("tests/test_style.py", True),  # its tools look at every file
        ("tests/training/test_recipes.py", True),
        ("tests/training/test_sampling.py", False),
        ("tests/figures/test_palette.py", False),
        ("tests/losses/conftest.py", True),
    ],
)
def test_files_in_which_nothing_can_be_touched_are_not_imported(mse, place, is_run):
    assert (mse.pytest_ignore_collect(ROOT / place) is None) == is_run


@pytest.mark.parametrize(
    ("module", "is_run"),
    [("losses/mse.py", True), ("properties/facts.py", True), ("tables.py", False)],
)
def test_examples_in_docstrings_are_run_where_they_lead_to_the_change(mse, module, is_run):
    assert (mse.pytest_ignore_collect(ROOT / "lossedu" / module) is None) == is_run


def test_a_change_of_what_every_test_depends_on_runs_everything():
    selection = Selection(ROOT, ["pyproject.toml"], "HEAD")
    items = [item("tests/figures/test_palette.py", "test_a"), laws("l1_loss")]
    kept = list(items)

    selection.pytest_collection_modifyitems(None, items)

    assert items == kept
    assert selection.pytest_ignore_collect(ROOT / "tests/figures/test_palette.py") is None
    assert "every test depends on pyproject.toml" in "\n".join(selection.report.lines())


def test_a_helper_of_tests_runs_those_that_use_it():
    selection = Selection(ROOT, ["tests/other_machines.py"], "HEAD")

    assert selection.pytest_ignore_collect(ROOT / "tests/losses/test_mse.py") is True
    users = ROOT.glob("tests/**/test_*.py")
    named = [p for p in users if "from tests.other_machines import" in p.read_text("utf-8")]
    assert named
    assert [p for p in named if selection.pytest_ignore_collect(p) is not None] == []


def test_a_file_that_is_read_runs_those_who_name_it_or_its_folder():
    selection = Selection(ROOT, ["Makefile", "solutions/focal/focal.md"], "HEAD")

    makefile = item("tests/test_makefile.py", "test_clean_removes_what_was_kept")
    assert selection.ways(makefile) == {"Makefile": "reads"} | selection.ways(makefile)
    assert selection.pytest_ignore_collect(ROOT / "tests/losses/test_mse.py") is True


def test_a_rubric_that_is_loaded_by_its_name_runs_who_asks_for_it():
    selection = Selection(ROOT, ["autograder/rubrics/focal/rubric.py"], "HEAD")

    assert selection.pytest_ignore_collect(ROOT / "tests/autograder/grading/test_grader.py") is None


# --- what has changed ----------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b.invalid", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    git("init", "-q", "-b", "main")
    (tmp_path / ".gitignore").write_text("ignored\n")
    for name in ("kept", "edited", "removed"):
        (tmp_path / name).write_text(name)
    git("add", ".")
    git("commit", "-q", "-m", "First")
    git("switch", "-q", "-c", "branch")
    return tmp_path, git


def test_edited_removed_and_new_files_have_changed_and_ignored_ones_have_not(repository):
    folder, _ = repository
    (folder / "edited").write_text("anew")
    (folder / "removed").unlink()
    for name in ("new", "ignored", "größe"):
        (folder / name).touch()

    assert changed_files(folder, "HEAD") == ["edited", "größe", "new", "removed"]


def test_since_a_branch_is_since_this_one_left_it(repository):
    folder, git = repository
    (folder / "edited").write_text("anew")
    git("commit", "-q", "-a", "-m", "Second")
    git("switch", "-q", "main")
    (folder / "kept").write_text("of others")
    git("commit", "-q", "-a", "-m", "Third")
    git("switch", "-q", "branch")

    assert changed_files(folder, "HEAD") == []
    assert changed_files(folder, "main") == ["edited"]


def test_what_is_no_commit_is_refused(repository):
    with pytest.raises(ValueError, match=r"SINCE must name a commit .* but is 'nowhere'"):
        changed_files(repository[0], "nowhere")


# --- what is said --------------------------------------------------------------------------------


def test_the_report_says_what_was_run_why_and_what_is_left():
    report = Report("HEAD", [MSE, "notes.txt"], [])
    report.count("tests/test_a.py", {MSE: "imports"}, chosen=True, long=False)
    report.count("tests/test_a.py", {}, chosen=False, long=False)
    report.count("tests/test_b.py", {MSE: "reads"}, chosen=False, long=True)

    lines = list(report.lines())

    assert lines == [
        "changed since HEAD: lossedu/losses/mse.py, notes.txt",
        "     1 of 2     tests/test_a.py: imports lossedu/losses/mse.py",
        "left to `make test`, for they take long: 1 in tests/test_b.py (1)",
        "no test is known to depend on notes.txt. Hint: make test",
    ]


def test_without_a_change_nothing_is_run():
    report = Report("main", [], [])

    assert list(report.lines()) == ["nothing has changed since main: nothing was run"]
