"""Known-wrong variants of the focal assignment lose points and are named; right ones are not."""

import sys
from pathlib import Path

import pytest
import torch

from autograder.course.sample_class import answers_in
from autograder.rubrics import rubric
from autograder.rubrics.focal.mistakes import BANK
from autograder.student.notebook_check import NotebookWork
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

# The same mistakes as students write them, not as the bank does: name -> (function, body).
BY_OTHERS = {
    "bce-mean": "def binary_cross_entropy(z, y):\n    return F.softplus(z).mean() - (y * z).mean()",
    "bce-sum": "def binary_cross_entropy(z, y):\n    return (F.softplus(z) - y * z).sum()",
    "bce-sign": "def binary_cross_entropy(z, y):\n    return y * z - F.softplus(z)",
    "bce-positives-only": "def binary_cross_entropy(z, y):\n    return y * F.softplus(-z)",
    "bce-p-for-p-t": "def binary_cross_entropy(z, y):\n    return F.softplus(-z) + 0 * y",
    "bce-flipped": "def binary_cross_entropy(z, y):\n    return F.softplus(z) - (1 - y) * z",
    "bce-base-two": (
        "def binary_cross_entropy(z, y):\n"
        "    p = torch.sigmoid(z)\n"
        "    return torch.where(y == 1, -torch.log2(p), -torch.log2(1 - p))"
    ),
    "bce-sigmoid-twice": (
        "def binary_cross_entropy(z, y):\n"
        "    p = z.sigmoid()\n"
        "    return -(y * F.logsigmoid(p) + (1 - y) * F.logsigmoid(-p))"
    ),
    "bce-squared": "def binary_cross_entropy(z, y):\n    return (z.sigmoid() - y).square()",
    "bce-no-log": "def binary_cross_entropy(z, y):\n    return (z.sigmoid() - y).abs()",
    "bce-log-of-rounded": (
        "def binary_cross_entropy(z, y):\n"
        "    p = 1 / (1 + torch.exp(-z))\n"
        "    return -(y * p.log() + (1 - y) * (1 - p).log())"
    ),
    "bce-floor-under-probability": (
        "def binary_cross_entropy(z, y):\n"
        "    p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)\n"
        "    return -(y * p.log() + (1 - y) * (1 - p).log())"
    ),
    "focal-no-factor": "def focal_loss(z, y, g, a):\n    return W(y, a) * B(z, y)",
    "focal-gamma-fixed": (
        "def focal_loss(z, y, g, a):\n"
        "    return W(y, a) * (1 - torch.exp(-B(z, y))).square() * B(z, y)"
    ),
    "focal-p-for-p-t": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * torch.pow(1 - z.sigmoid(), g) * B(z, y)"
    ),
    "focal-factor-of-truth": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * torch.exp(-g * B(z, y)) * B(z, y)"
    ),
    "focal-gamma-multiplied": (
        "def focal_loss(z, y, g, a):\n"
        "    return W(y, a) * ((1 - torch.exp(-B(z, y))) * g) * B(z, y)"
    ),
    "focal-detached": (
        "def focal_loss(z, y, g, a):\n"
        "    with torch.no_grad():\n"
        "        weight = W(y, a) * torch.exp(-g * B(z, 1 - y))\n"
        "    return weight * B(z, y)"
    ),
    "focal-factor-of-mean": (
        "def focal_loss(z, y, g, a):\n"
        "    pt = torch.exp(-B(z, y).mean())\n"
        "    return W(y, a) * (1 - pt) ** g * B(z, y)"
    ),
    "focal-mean": "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, a).mean()",
    "focal-divided-by-positives": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, a) / max(1, (y == 1).sum().item())"
    ),
    "focal-positives-only": "def focal_loss(z, y, g, a):\n    return y * FOCAL(z, y, g, a)",
    "focal-flipped": "def focal_loss(z, y, g, a):\n    return FOCAL(z, (y == 0).to(z), g, a)",
    "focal-alpha-ignored": "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None)",
    "focal-alpha-for-all": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None) * (1 if a is None else a)"
    ),
    "focal-alpha-swapped": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, None if a is None else 1 - a)"
    ),
    "focal-alpha-for-positives-only": (
        "def focal_loss(z, y, g, a):\n"
        "    return FOCAL(z, y, g, None) * (1 if a is None else torch.where(y == 1, a, 1.0))"
    ),
    "focal-none-is-a-quarter": (
        "def focal_loss(z, y, g, a):\n    return FOCAL(z, y, g, 0.25 if a is None else a)"
    ),
    "focal-power-of-rounded": (
        "def focal_loss(z, y, g, a):\n    return W(y, a) * (1 - torch.exp(-B(z, y))) ** g * B(z, y)"
    ),
    "grad-same-sign-for-negatives": (
        "def focal_loss_grad(z, y, g, a):\n    return (2 * y - 1) * GRAD(z, y, g, a)"
    ),
    "grad-opposite": "def focal_loss_grad(z, y, g, a):\n    return 0 - GRAD(z, y, g, a)",
    "grad-lost-factor": (
        "def focal_loss_grad(z, y, g, a):\n"
        "    p = z.sigmoid()\n"
        "    return W(y, a) * (p - y) * (p - y).abs() ** g"
    ),
    "grad-cross-entropy": (
        "def focal_loss_grad(z, y, g, a):\n    return W(y, a) * (z.sigmoid() - y)"
    ),
    "grad-by-probability": (
        "def focal_loss_grad(z, y, g, a):\n"
        "    p = z.sigmoid()\n"
        "    return GRAD(z, y, g, a) / p / (1 - p)"
    ),
    "grad-alpha-ignored": ("def focal_loss_grad(z, y, g, a):\n    return GRAD(z, y, g, None)"),
    "grad-mean": "def focal_loss_grad(z, y, g, a):\n    return GRAD(z, y, g, a) / z.numel()",
    "multiclass-softmax-over-examples": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z - z.logsumexp(0), t, g, a, 0)"
    ),
    "multiclass-factor-of-truth": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    ce = F.cross_entropy(z, t, reduction='none')\n"
        "    return (1 if a is None else a[t]) * torch.exp(-ce) ** g * ce"
    ),
    "multiclass-no-factor": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    return F.cross_entropy(z, t, weight=a, reduction='none')"
    ),
    "multiclass-alpha-ignored": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z, t, g, None)"
    ),
    "multiclass-sum": (
        "def multiclass_focal_loss(z, t, g, a):\n    return CLASSES(z, t, g, a).sum()"
    ),
    "multiclass-detached": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    ce = F.cross_entropy(z, t, weight=a, reduction='none')\n"
        "    return (1 - torch.softmax(z, 1).gather(1, t[:, None])[:, 0].data) ** g * ce"
    ),
    "multiclass-log-of-rounded": (
        "def multiclass_focal_loss(z, t, g, a):\n"
        "    p = z.softmax(1)[range(len(t)), t]\n"
        "    return (1 if a is None else a[t]) * (1 - p) ** g * -p.log()"
    ),
}
# What the bodies above may use: right pieces under short names.
PIECES = """
def B(z, y):
    return F.softplus(torch.where(y == 1, -z, z))

def W(y, a):
    return torch.ones_like(y) if a is None else torch.where(y == 1, a, 1 - a).to(y.dtype)

FOCAL, GRAD = focal_loss, focal_loss_grad

def CLASSES(z, t, g, a, dim=1):
    log_p = (z if dim == 0 else z.log_softmax(1)).gather(1, t[:, None])[:, 0]
    return -(1 if a is None else a[t]) * (1 - log_p.exp()) ** g * log_p
"""


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
