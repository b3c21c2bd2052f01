"""Families that follow from specs: current, right at points, and there for a new loss."""

import dataclasses

import pytest
import sympy as sp
import torch

from lossedu import catalog
from lossedu.losses import mse_loss
from lossedu.practice.families import draw, family_of, grade, own_answer
from lossedu.practice.families.scope import scope_of
from lossedu.practice.families.soundness import faults_of
from lossedu.practice.formulas import compare, parse_formula, points_in, value_of
from lossedu.practice.generated import families_of, kept_folder, made_families
from lossedu.practice.generated.boxes import boxes
from lossedu.practice.generated.made import as_text, gradient_answer
from lossedu.practice.generated.printing import typed, typed_name
from lossedu.practice.generated.subjects import ranges_of, subject
from lossedu.practice.generated.words import name_of
from lossedu.symbolic.functions import numeric

SPECS = list(catalog.specs().values())
COSTS = [[0.0, 1.0, 5.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
ROWS = {"class": [torch.tensor([0])], "shares": [[[0.5, 0.3, 0.2]]], "none": []}
"""The targets of a row of three classes, as the questions state them."""
TUPLES = {
    "cumulative_link_loss": lambda a: ([a], torch.tensor([1]), [-1.0, 1.0]),
    "softmax_dice_loss": lambda a: ([[[0.0, a]]], torch.tensor([[1]])),
    "generalized_dice_loss": lambda a: (
        [[[0.0, a], *[[60.0, 0.0]] * 9]],
        torch.tensor([[1, *[0] * 9]]),
    ),
    "ctc_loss": lambda a: ([[0.0, a], [0.0, a]], torch.tensor([1])),
    "contrastive_loss": lambda a: ([[a]], [[0.0]], torch.tensor([False])),
    "info_nce_loss": lambda a: ([[1.0]], [[a]]),
    "nt_xent_loss": lambda a: (
        [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]],
        [[a, (1 - a * a) ** 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
    ),
    "supervised_contrastive_loss": lambda a: (
        [[1.0, 0, 0], [a, (1 - a * a) ** 0.5, 0], [a, -((1 - a * a) ** 0.5), 0], [0, 0, 1.0]],
        torch.tensor([0, 0, 0, 1]),
    ),
    "triplet_loss": lambda a: ([[0.0]], [[3.0]], [[3.0 + a]]),
    "policy_gradient_loss": lambda a: ([a], [1.0]),
    "td_loss": lambda a: ([a], [0.0], [0.0]),
}
"""The arguments of a loss whose place on its axis is the number ``a``."""
OPTIONS = {
    "cost_sensitive_loss": {"costs": COSTS},
    "info_nce_loss": {"negatives": [[0.0]], "normalize": False},
    "nt_xent_loss": {"weight": [1.0, 0.0]},
    "soft_f1_loss": {"dim": -1},
    "supervised_contrastive_loss": {"weight": [1.0, 0.0, 0.0, 0.0]},
}
ENDINGS = {"gradient", "value", "estimand", "limits"}


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_what_is_kept_is_what_the_spec_gives(spec):
    kept = (kept_folder() / f"{name_of(spec)}.json").read_text(encoding="utf-8")

    assert kept == as_text(families_of(spec)), "run python -m lossedu.practice.generated"


def test_nothing_is_kept_of_losses_that_are_gone():
    assert {path.stem for path in kept_folder().iterdir()} == set(map(name_of, SPECS))


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_each_loss_is_asked_for_derivative_value_limits_and_estimand(spec):
    asked = {one.removeprefix(f"{name_of(spec)}-") for one in made_families()}

    assert asked >= ENDINGS


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_the_typed_derivative_has_the_value_of_the_derived_one(spec):
    asked = subject(spec)
    ranges = ranges_of(asked.slope) | ranges_of(asked.argument)
    letters = {one.name: one for one in asked.slope.free_symbols | {asked.argument}}
    derived = numeric([letters[name] for name in ranges], asked.slope)
    tree = parse_formula(typed(asked.slope), [typed_name(name) for name in ranges])

    for box in boxes(asked.slope, ranges):
        for point in points_in([{name: tuple(side) for name, side in box.items()}])[0]:
            ours = value_of(tree, {typed_name(name): x for name, x in point.items()})
            assert ours == pytest.approx(float(derived(*point.values())), abs=1e-9)


def tensors(parts):
    """Lists as float64, and whatever else as it is."""
    lists = (list, tuple)
    return [torch.tensor(x, dtype=torch.float64) if isinstance(x, lists) else x for x in parts]


def by_function(spec, values):
    """A loss as its function gives it, at the inputs that a question states."""
    name = spec.function.__name__
    if spec.unit == "entry":
        arguments = values[spec.argument], values[spec.target]
    elif spec.unit == "row":
        arguments = [values[spec.argument]], *ROWS[spec.targets]
    elif spec.unit == "list":
        other = -values["a"] if spec.targets == "event" else 0.0
        arguments = [[values["a"], other]], [[1.0, 0.0]]
    else:
        arguments = TUPLES[name](values["a"])
    options = OPTIONS.get(name, {})
    options = dict(zip(options, tensors(options.values()), strict=True))
    return spec.function(*tensors(arguments), **options, **spec.variant).item()


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_the_key_of_a_value_is_what_the_function_gives(spec):
    asked = made_families()[f"{name_of(spec)}-value"]

    for variant in range(8):
        loss = by_function(spec, scope_of(asked, variant).values)
        assert draw(asked, variant).answer["value"] == pytest.approx(loss, rel=1e-9)


def test_a_probability_has_no_positive_logarithm():
    asked = made_families()["policy-gradient-loss-value"]

    assert all(scope_of(asked, variant).values["a"] < 0 for variant in range(8))


def test_a_new_loss_brings_sound_families():
    spec = dataclasses.replace(
        catalog.spec("mse_loss"),
        title="Quartic error",
        function=lambda x, y: mse_loss(x, y),
        formula="(x - y)**4",
        estimand="a location between mean and midrange",
    )

    documents = families_of(spec)

    families = [family_of(one, f"{one['id']}.json") for one in documents]
    assert {one.id.rpartition("-")[2] for one in families} >= ENDINGS
    assert [fault for one in families for fault in faults_of(one, seeds=2)] == []
    gradient = draw(families[0], 0)
    assert grade(gradient, "4(x - y)^3").verdict == "right"
    assert grade(gradient, "3(x - y)^3").verdict == "wrong"


def test_pieces_are_typed_as_steps_and_have_a_box_each():
    x = sp.Symbol("x", real=True)
    pieces = sp.Piecewise((x**2, x > 1), (3 * x, True))

    found = boxes(pieces, {"x": (-2, 2)})

    assert typed(pieces) == "x^2*step(x - 1) + 3*x*step(1 - x)"
    assert sorted(box["x"][0] >= 1 for box in found) == [False, True]


def test_a_wrong_piece_is_seen():
    answer = gradient_answer("huber_loss")
    regions = [{k: tuple(side) for k, side in box.items()} for box in answer["regions"]]

    one_piece_only = compare("x - y", answer["formula"], regions)

    assert one_piece_only.verdict == "wrong"
    assert abs(one_piece_only.witness.point["x"]) > 2


def test_the_mistake_of_the_chain_rule_is_named():
    question = draw(made_families()["binary-cross-entropy-with-logits-gradient"], 0)

    graded = grade(question, "(p - y)/(p(1 - p))")

    assert graded.verdict == "known"
    assert "p(1 − p)" in graded.says
    assert grade(question, own_answer(question)).verdict == "right"
