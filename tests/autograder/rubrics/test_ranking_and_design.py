"""Both assignments: what is right loses nothing, each known mistake loses points and is named."""

import re
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.sample_class import answers_in
from autograder.rubrics.design.chosen_brief import ChosenBrief
from autograder.student.notebook_check import NotebookWork
from tests.autograder.rubrics.both_assignments import (
    ASSIGNMENTS,
    BANKS,
    NOTEBOOKS,
    ROOT,
    RUBRICS,
    both,
)
from tests.once import once_a_run

BRIEFS = {"rating": "ratings", "stock": "stock", "best": "stock"}
SINGLES = [(name, variant) for name, bank in BANKS.items() for variant in bank.singles()]
SAMPLES = [
    (name, path) for name in ASSIGNMENTS for path in sorted((ROOT / "samples" / name).glob("*.py"))
]


def of_samples(kind):
    found = [(name, path) for name, path in SAMPLES if path.stem.startswith(kind)]
    names = [f"{name}-{path.stem}" for name, path in found]
    return pytest.mark.parametrize(("assignment", "path"), found, ids=names)


def teachers_names(assignment):
    """What the model answers define; cells that only print are left out."""
    space = {"check": lambda question: None}
    for cell in NOTEBOOKS[assignment].cells:
        if cell.cell_type == "code" and "print(" not in cell.source:
            exec(cell.source.replace("from autograder import check", ""), space)
    return space


def starter_names(assignment):
    """What a student has before the first line is written."""
    region = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
    space = {"check": lambda question: None}
    for cell in NOTEBOOKS[assignment].cells:
        if cell.cell_type != "code" or "print(" in cell.source:
            continue
        stub = region.sub(f'raise NotImplementedError("{cell.id}")', cell.source)
        try:
            exec(stub.replace("from autograder import check", ""), space)
        except NotImplementedError:
            continue
    return space


def sample_names(assignment, path, space):
    code = {cell.id for cell in NOTEBOOKS[assignment].cells if cell.cell_type == "code"}
    for cell, body in answers_in(path.read_text()).items():
        if cell in code:
            exec(body, space)
    return space


def asks(check, function):
    if isinstance(check, ChosenBrief):
        return any(one.function == function for one in check.choices.values())
    return getattr(check, "check", check).function == function


def judged(checks, names, seed):
    secret = None if seed is None else torch.Generator().manual_seed(seed)
    work = NotebookWork(names, {})
    return {check.id: check.judge(work, secret) for check in checks}


def failed(findings):
    return {name: found for name, found in findings.items() if found.status != "passed"}


@once_a_run
def handed_in(assignment, source, function, seed=1):
    """What the checks find of a function with a mistake, among right ones."""
    space = teachers_names(assignment)
    exec(source, space)
    if assignment == "design":
        prefix = function.partition("_")[0]
        space["BRIEF"] = BRIEFS.get(prefix, "labels")
    checks = [check for check in RUBRICS[assignment].checks if asks(check, function)]
    return judged(checks, space, seed)


# --- what is right -------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_model_answers_pass_every_check(assignment, seed):
    # What trains is judged once: its data do not depend on what others draw.
    checks = [c for c in RUBRICS[assignment].checks if seed == 1 or not c.costly]

    findings = judged(checks, teachers_names(assignment), seed)

    assert failed(findings) == {}


@both
@settings(max_examples=15)
@given(seed=st.integers(0, 2**62))
def test_model_answers_pass_whatever_the_secret_is(assignment, seed):
    checks = [check for check in RUBRICS[assignment].checks if not check.costly]

    findings = judged(checks, teachers_names(assignment), seed)

    assert failed(findings) == {}


@of_samples("right")
def test_right_answers_lose_nothing_and_are_never_named(assignment, path):
    names = sample_names(assignment, path, starter_names(assignment))

    seen = judged([c for c in RUBRICS[assignment].checks if not c.costly], names, None)
    graded = judged(RUBRICS[assignment].checks, names, 5)

    assert failed(seen) == {}
    assert failed(graded) == {}
    assert all(found.misconception is None for found in graded.values())


@both
def test_there_are_six_right_answers_that_differ_from_the_model_ones(assignment):
    right = [path for name, path in SAMPLES if name == assignment and "right" in path.stem]

    assert len(right) >= 6
    assert len({path.read_text() for path in right}) == len(right)


# --- what is wrong -------------------------------------------------------------------------------


@both
def test_the_starter_earns_nothing_and_is_told_that_it_is_not_solved(assignment):
    findings = judged(RUBRICS[assignment].checks, starter_names(assignment), 1)

    assert {found.status for found in findings.values()} == {"missing"}
    assert all(found.share == 0 for found in findings.values())


@both
def test_a_stub_stands_within_a_function_so_that_running_all_cells_defines_them(assignment):
    names = starter_names(assignment)
    wanted = {recipe.function for recipe in BANKS[assignment].recipes}

    assert wanted <= set(names)


@of_samples("wrong")
def test_wrong_answers_lose_points(assignment, path):
    names = sample_names(assignment, path, teachers_names(assignment))

    lost = failed(judged(RUBRICS[assignment].checks, names, 5))

    assert lost
    assert all(found.share < 1 and found.message for found in lost.values())


@pytest.mark.parametrize(
    ("assignment", "variant"), SINGLES, ids=[variant.name for _, variant in SINGLES]
)
def test_a_known_mistake_loses_points(assignment, variant):
    lost = failed(handed_in(assignment, variant.source, variant.function))

    assert lost
    assert all(found.share < 1 for found in lost.values())


@both
def test_known_mistakes_are_named_exactly(assignment):
    """Prints the two-way table, variant by check: where each loses, and whether it is named."""
    table = {
        variant.name: handed_in(assignment, variant.source, variant.function)
        for variant in BANKS[assignment].singles()
    }

    wide = max(map(len, table))
    for name, findings in table.items():
        row = (f"{check} {_mark(name, found)}" for check, found in findings.items())
        sys.stdout.write(f"{name:{wide}s}  {'  '.join(row)}\n")
    named = [
        name
        for name, findings in table.items()
        if all(found.misconception == name for found in failed(findings).values())
    ]
    sys.stdout.write(f"{len(named)} of {len(table)} are named by every check that they fail\n")

    assert len(table) >= {"ranking": 25, "design": 15}[assignment]
    assert len(named) >= 0.9 * len(table), sorted(set(table) - set(named))


def _mark(name, found):
    if found.status == "passed":
        return "."
    return "named" if found.misconception == name else "lost"


@both
def test_two_mistakes_together_lose_points_and_most_are_named(assignment):
    pairs = [
        variant
        for recipe in BANKS[assignment].recipes
        for variant in BANKS[assignment].variants(recipe.function)
        if len(variant.mistakes) == 2
    ][::9]
    found = {
        variant.name: failed(handed_in(assignment, variant.source, variant.function))
        for variant in pairs
    }
    named = [
        name
        for name, lost in found.items()
        if any(set(name.split(" + ")) <= _words(one) for one in lost.values())
    ]

    assert [name for name, lost in found.items() if not lost] == []
    assert len(named) >= 0.6 * len(pairs), sorted(set(found) - set(named))


def _words(finding):
    return set((finding.misconception or "").split(" + "))


@pytest.mark.parametrize(("assignment", "variant"), SINGLES[::4])
def test_a_message_does_not_depend_on_the_secret(assignment, variant):
    one = handed_in(assignment, variant.source, variant.function, 1)
    other = handed_in(assignment, variant.source, variant.function, 2)

    assert {name: found.message for name, found in one.items()} == {
        name: found.message for name, found in other.items()
    }
