"""Known-wrong variants of the focal assignment lose points and are named; right ones are not."""

import sys
from pathlib import Path

import pytest
import torch

from autograder.course.sample_class import answers_in
from autograder.rubrics import rubric
from autograder.rubrics.focal.mistakes import BANK
from autograder.student.notebook_check import NotebookWork
from tests.autograder.rubrics.focal_by_others import BY_OTHERS, PIECES
from tests.once import once_a_run

ROOT = Path(__file__).parents[3]
RUBRIC = rubric("focal")
TRAINED = ("detector", "calibrated")
CHECKS = [ruled for ruled in RUBRIC.checks if ruled.check.function not in TRAINED]
TRAINING = [ruled for ruled in RUBRIC.checks if ruled.check.function in TRAINED]
IMPORTS = "import torch\nfrom torch.nn import functional as F\n"
RIGHT = "\n\n".join(
    body
    for cell, body in answers_in((ROOT / "samples" / "focal" / "right.py").read_text()).items()
    if cell != "focal-conclusion"
)
FUNCTIONS = [recipe.function for recipe in BANK.recipes]
SINGLES = {variant.name: variant for variant in BANK.singles()}


@once_a_run
def judged(source, seed=5, trains=False):
    namespace = {}
    exec(IMPORTS + source, namespace)
    work = NotebookWork(namespace, {"all": IMPORTS + source})
    secret = None if seed is None else torch.Generator().manual_seed(seed)
    return {check.id: check.judge(work, secret) for check in (TRAINING if trains else CHECKS)}


def lost(findings):
    return {name: one for name, one in findings.items() if one.status != "passed"}


def named(findings):
    return {one.misconception for one in findings.values()} - {None}


def test_the_bank_knows_more_than_twenty_five_mistakes_and_each_says_something_of_its_own():
    assert len(SINGLES) >= 25
    assert len({variant.says for variant in SINGLES.values()}) == len(SINGLES)
    for variant in SINGLES.values():
        assert variant.function in variant.says
        assert variant.says.count(". ") <= 1, f"{variant.name} says more than two sentences"


def test_every_link_leads_to_a_section_of_the_book():
    for variant in SINGLES.values():
        page, _, anchor = variant.link.partition("#")
        text = (ROOT / "book" / page).with_suffix(".md").read_text()
        headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
        slugs = ["-".join(title.lower().replace(",", "").split()) for title in headings]
        assert anchor in slugs, f"{variant.name} links to {variant.link}"


@pytest.mark.parametrize("name", SINGLES)
def test_a_known_mistake_costs_points_and_is_named(name):
    found = lost(judged(RIGHT + "\n" + SINGLES[name].source))

    assert found
    assert named(found) == {name}
    assert all(one.misconception for check, one in found.items() if check != "focal.shapes")


@pytest.mark.parametrize("name", SINGLES)
def test_open_examples_alone_tell_the_same(name):
    """What a student reads in the notebook is what the grader will say."""
    assert named(lost(judged(RIGHT + "\n" + SINGLES[name].source, seed=None))) == {name}


@pytest.mark.parametrize("name", BY_OTHERS)
def test_a_mistake_that_is_written_otherwise_is_named_all_the_same(name):
    found = lost(judged(f"{RIGHT}\n{PIECES}\n{BY_OTHERS[name]}"))

    assert name in named(found)


def pairs():
    for function in FUNCTIONS:
        both = [v for v in BANK.variants(function) if len(v.mistakes) == 2]
        moderate = [v for v in both if not any(m.only_at_extremes for m in v.mistakes)]
        yield from moderate[::7]


PAIRS = {f"{variant.function}: {variant.name}": variant for variant in pairs()}


@pytest.mark.parametrize("name", PAIRS)
def test_two_mistakes_at_once_cost_points_and_what_is_said_explains_them(name):
    """Where a pair behaves as one mistake or another pair on all inputs, that may be named."""
    found = lost(judged(RIGHT + "\n" + PAIRS[name].source))

    assert found
    assert named(found)


def test_nine_pairs_in_ten_are_named_exactly():
    inexact = [
        name
        for name, pair in PAIRS.items()
        if pair.name not in named(lost(judged(RIGHT + "\n" + pair.source)))
    ]

    assert len(PAIRS) >= 40
    assert len(inexact) <= len(PAIRS) / 10, inexact


BOTH_KINDS = (
    ("focal_loss", "focal-alpha-swapped + focal-log-of-rounded"),
    ("focal_loss", "focal-p-for-p-t + focal-log-of-rounded"),
    ("focal_loss", "focal-log-of-rounded + focal-power-of-rounded"),
    ("binary_cross_entropy", "bce-mean + bce-log-of-rounded"),
    ("focal_loss_grad", "grad-alpha-swapped + grad-log-of-rounded"),
    ("multiclass_focal_loss", "multiclass-detached + multiclass-log-of-rounded"),
)


@pytest.mark.parametrize(("function", "name"), BOTH_KINDS)
def test_a_mistake_beside_an_unstable_formula_is_told_with_it(function, name):
    pair = next(variant for variant in BANK.variants(function) if variant.name == name)

    assert name in named(lost(judged(RIGHT + "\n" + pair.source)))


SAMPLES = sorted((ROOT / "samples" / "focal").glob("right*.py"))


def solution(path):
    answers = answers_in(path.read_text())
    answers.pop("focal-conclusion", None)
    return "\n\n".join(answers.values())


def test_there_are_six_unusual_right_solutions():
    assert len(SAMPLES) >= 7


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", [None, *range(5)])
def test_a_right_solution_loses_nothing_and_is_never_named(path, seed):
    assert lost(judged(solution(path), seed)) == {}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_right_solution_trains_a_detector_that_is_good_enough(path):
    assert lost(judged(solution(path), 11, trains=True)) == {}


def test_a_half_right_submission_is_named_only_where_it_is_wrong():
    source = RIGHT + "\n" + SINGLES["grad-lost-factor"].source

    assert all(
        name.startswith("focal.grad") and name != "focal.gradients" for name in lost(judged(source))
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_message_depends_on_the_secret_seed(seed):
    for name in ("focal-factor-of-mean", "bce-squared", "grad-no-p-t", "multiclass-winner"):
        said = [
            {
                check: one.message
                for check, one in judged(RIGHT + "\n" + SINGLES[name].source, s).items()
            }
            for s in (seed, 100 + seed)
        ]
        assert said[0] == said[1]


def test_the_table_of_variants_and_checks(capsys):
    """Prints share by variant and check, and proves: nine mistakes in ten are named exactly."""
    columns = [check.id.removeprefix("focal.") for check in CHECKS]
    rows, exact = [], 0
    sources = {name: variant.source for name, variant in SINGLES.items()}
    for name, source in {"right": "", **sources}.items():
        findings = judged(RIGHT + "\n" + source)
        exact += named(lost(findings)) == {name}
        cells = [
            "." if one.status == "passed" else f"{one.share:.2f}{'*' * bool(one.misconception)}"
            for one in findings.values()
        ]
        rows.append([name, *cells])
    width = max(len(row[0]) for row in rows)
    table = [f"{'variant':{width}}  " + " ".join(f"{title[:10]:>10}" for title in columns)]
    table += [f"{row[0]:{width}}  " + " ".join(f"{c:>10}" for c in row[1:]) for row in rows]
    table += [f"{exact} of {len(SINGLES)} named exactly; share of points kept, * = named"]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(table) + "\n")
    assert all(cell == "." for cell in rows[0][1:])
    assert all(any(cell != "." for cell in row[1:]) for row in rows[1:])
    assert exact / len(SINGLES) >= 0.9
