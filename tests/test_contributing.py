"""Every example of CONTRIBUTING runs, and every path that it names is there or has its place."""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.bridge.sources import KINDS, notebook_of
from autograder.student.notebook_check import check
from lossedu import catalog, symbolic
from lossedu.claims import claim
from lossedu.figures.page import show
from lossedu.practice import verify_drill
from lossedu.proofs import prove
from lossedu.symbolic import formula
from tests.documents import blocks, spans

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PYTHON = blocks(TEXT, "python")
QUIETLY = ["-q", "-rf", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider"]
CALLS = {"show": show, "check": check, "symbolic.show": symbolic.show}


def block_with(text):
    (found,) = [block for block in PYTHON if text in block]
    return found


# --- the loss ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_cauchy(tmp_path_factory):
    """A copy of the package in which somebody has written the example's module, and no more."""
    root = tmp_path_factory.mktemp("copy")
    nothing_built = shutil.ignore_patterns("__pycache__")
    for folder in ("lossedu", "tests/losses"):
        shutil.copytree(ROOT / folder, root / folder, ignore=nothing_built)
    for file in ("pyproject.toml", "book/references.bib", "tests/test_house.py"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    for beside in (ROOT / "tests").glob("*.py"):
        if not beside.name.startswith("test_"):
            shutil.copy(beside, root / "tests")
    (root / "lossedu" / "losses" / "cauchy.py").write_text(
        block_with("def cauchy_loss"), encoding="utf-8"
    )
    return root


@pytest.mark.slow
def test_the_examples_loss_keeps_every_law_and_the_house_names_what_is_missing(with_cauchy):
    command = re.search(r"\*\*Run\*\* `\.venv/bin/pytest ([^`]+)`", TEXT)[1].split()
    chosen = "cauchy or public_names_are or independence_contract"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *command, "-k", chosen, *QUIETLY],
        cwd=with_cauchy,
        env=os.environ | {"PYTHONPATH": str(with_cauchy)},
        capture_output=True,
        encoding="utf-8",
    )

    failed = {name.partition(" ")[0] for name in re.findall(r"^FAILED (.*)$", done.stdout, re.M)}
    house = "tests/test_house.py::test_"
    assert failed == {
        house + "a_loss_has_its_test_module_and_its_public_name_and_says_which_chapter_is_its_own"
        "[cauchy_loss]",
        house + "a_loss_documents_every_section_and_every_argument[cauchy_loss]",
        house + "public_names_are_what_the_modules_define",
        house + "every_module_of_losses_has_its_own_tests[cauchy]",
        house + "the_independence_contract_names_every_loss_module",
    }, done.stdout + done.stderr
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 50, done.stdout  # the laws, each with each option


def test_the_example_has_one_loss_and_its_references_are_in_the_bibliography():
    tree = ast.parse(block_with("def cauchy_loss"))
    (spec,) = [node for node in tree.body if isinstance(node, ast.Assign)]
    keys = {k.arg: k.value for k in spec.value.keywords}

    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert all(f"{{{key}," in bibliography for key in ast.literal_eval(keys["references"]))


# --- the chapter ---------------------------------------------------------------------------------


def test_the_examples_step_proves_itself_and_a_wrong_one_does_not():
    source = block_with("prove(")
    names = {
        "prove": prove,
        "formula": formula,
        "SPEC": catalog.spec("binary_cross_entropy_with_logits"),
    }

    exec(source, dict(names))
    with pytest.raises(AssertionError, match="gradient"):
        exec(source.replace("p - y", "p + y"), dict(names))


def test_the_examples_claim_holds_and_with_the_other_outcome_it_does_not():
    source = block_with("claim(")

    exec(source, {"claim": claim})
    with pytest.raises(AssertionError):
        exec(source.replace("(1 - 0.9) ** 2", "0.0"), {"claim": claim})


@pytest.mark.parametrize(
    "call", [s for s in spans(TEXT) if "(" in s and s.partition("(")[0] in CALLS]
)
def test_a_call_in_the_text_has_the_functions_arguments(call):
    node = ast.parse(call, mode="eval").body
    function = CALLS[ast.unparse(node.func)]

    positional = [None for argument in node.args if ast.unparse(argument) != "..."]
    inspect.signature(function).bind(*positional, **{k.arg: None for k in node.keywords})


def test_the_cell_that_hands_over_numbers_is_one_that_chapters_have():
    (cell,) = [b for b in blocks(TEXT, "") if "remove-cell" in b]

    python = blocks(cell, "{code-cell} ipython3")[0].split("\n", 1)[1]
    handed = {}
    exec(
        python.replace("from myst_nb import glue", ""),
        {"lead": 0.123, "glue": lambda name, text: handed.update({name: text})},
    )
    assert handed == {"lead": "0.12"}


def test_the_examples_drill_refuses_the_task_and_the_mistake_and_accepts_the_solution():
    (drill,) = [b for b in blocks(TEXT, "") if "::::{drill}" in b]
    parts = {kind: blocks(drill, f"{{{kind}}}") for kind in ("task", "check", "mistake")}
    names = {"weight_of_a_positive": lambda a: a, "weight_of_a_negative": lambda a: 1 - a}
    (task,), (check_,), mistakes = parts.values()
    (solution,) = blocks(drill, "python")

    assert mistakes
    verify_drill(
        "CONTRIBUTING",
        task=task,
        check=check_,
        solution=solution,
        mistakes=mistakes,
        names={"math": __import__("math"), **names},
    )


# --- the assignment ------------------------------------------------------------------------------


def test_the_examples_cell_is_one_that_nbgrader_takes_and_its_solution_runs():
    (cell,) = [b for b in blocks(TEXT, "") if ":nbgrader:" in b]
    head = "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n---\n\n"

    (found,) = notebook_of(head + cell).cells
    space = {}
    exec(found.source, space)

    assert found.metadata.nbgrader.grade_id == "name-task"
    assert found.metadata.nbgrader.solution
    assert space["task"](1) == 2


def test_the_kinds_of_cells_are_those_that_there_are():
    (sentence,) = re.findall(r"^ *Kinds are (.*?);", TEXT, re.M) or re.findall(
        r"^ *Kinds are (.*?)\. A test", TEXT, re.M
    )

    assert set(re.findall(r"`(\w+)`", sentence)) - {"points"} == set(KINDS)


# --- paths ---------------------------------------------------------------------------------------

PATHS = sorted({s for s in spans(TEXT) if re.fullmatch(r"[\w./-]+(/|\.\w+)", s) and "/" in s})


def test_there_are_paths_to_look_at():
    assert len(PATHS) > 10


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_there_or_is_what_the_reader_will_write(path):
    place = ROOT / path
    while re.search(r"NAME|cauchy", place.name) or "NAME" in place.parent.name:
        place = place.parent

    assert place.exists()
