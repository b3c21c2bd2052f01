"""What is drawn: the same on every machine, within its conditions, and written as people write."""

import json

import pytest

from lossedu.practice.families import (
    FamilyError,
    draw,
    families,
    family,
    family_of,
    plot_html,
    plot_text,
)
from lossedu.practice.families.calls import called, public_function
from lossedu.practice.families.expressions import evaluated, true
from lossedu.practice.families.wording import filled, written
from tests.practice.families.test_grading import question


def one(**changes):
    document = {
        "id": "one",
        "title": "One",
        "skills": ["design"],
        "level": 3,
        "kind": "number",
        "seconds": 60,
        "chapter": "start/roadmap",
        "topics": ["one"],
        "prompt": "How much?",
        "answer": {"value": "1", "digits": 1},
    }
    return family_of(document | changes, "one.yaml")


def values(asked, name, variants):
    """What a parameter is in the first variants, read off the prompt."""
    return [draw(asked, variant).prompt for variant in range(variants)]


def test_variants_are_the_same_on_every_machine():
    asked = one(params={"n": {"integer": [1, 9]}}, prompt="{n}")

    assert "".join(values(asked, "n", 9)) == "491835267"


def test_variants_differ_until_nothing_else_is_left():
    asked = one(params={"n": {"choice": [1, 2, 3]}, "where": "n != 2"}, prompt="{n}")

    assert asked.variants == 2
    assert sorted(values(asked, "n", 2)) == ["1", "3"]
    assert values(asked, "n", 4) == values(asked, "n", 2) * 2


def test_a_family_without_parameters_and_shuffles_has_one_variant():
    assert one().variants == 1
    assert one(params={"x": {"array": {"size": 5, "integer": [-9, 9]}}}).variants == 24


def test_options_are_shown_in_every_order_before_one_comes_again():
    options = [{"text": "a", "right": True}, {"text": "b"}, {"text": "c"}]
    asked = one(kind="choice", answer={"options": options})

    orders = {
        "".join(option["text"] for option in draw(asked, variant).answer["options"])
        for variant in range(asked.variants)
    }

    assert asked.variants == len(orders) == 6


@pytest.mark.parametrize("variant", range(12))
def test_arrays_keep_their_size_their_range_and_what_is_asked_of_them(variant):
    array = {"size": 4, "integer": [-3, 3], "distinct": True, "sorted": True}
    asked = one(params={"x": {"array": array}, "where": "x_1 < 0"}, prompt="{x}")

    drawn = json.loads(draw(asked, variant).prompt.replace("−", "-"))

    assert drawn == sorted(set(drawn))
    assert len(drawn) == 4
    assert -3 <= drawn[0] < 0


def test_conditions_that_nothing_keeps_are_an_error_that_names_the_family():
    with pytest.raises(FamilyError, match=r"^one: params.where must hold"):
        draw(one(params={"n": {"choice": [1]}, "where": "n > 1"}), 0)
    array = {"array": {"size": 9, "integer": [0, 9]}}
    with pytest.raises(FamilyError, match=r"^one: params.where must hold"):
        draw(one(params={"x": array, "where": "x_1 > 10"}), 0)


def test_a_grid_has_the_decimals_that_are_written():
    asked = one(params={"p": {"grid": [0.1, 0.9, 0.1]}}, prompt="{p}")

    assert sorted(values(asked, "p", 9)) == [f"0.{k}" for k in range(1, 10)]


def test_a_question_is_plain_data():
    for identity in families():
        if identity.startswith("kinds-"):
            data = draw(family(identity), 3).as_json()
            assert json.loads(json.dumps(data)) == data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{n} and {p:.2g}", "3 and 0.12"),
        ("{m}", "−2"),
        ("$x^{m}$", "$x^{-2}$"),
        ("$\\frac{a}{b}$", "$\\frac{a}{b}$"),
        ("`f({m})`", "`f(-2)`"),
        ("```\nx = {m}\ny = f'{z:.2f}'\n```", "```\nx = -2\ny = f'{z:.2f}'\n```"),
        ("{x}", "[1, −2]"),
        ("{x_2}", "−2"),
        ("{{n}}", "{n}"),
        ("{tiny:.2g}", "1.2 × 10⁻⁷"),
        ("${tiny:.2g}$", "${1.2 \\times 10^{-7}}$"),
        ("{p:.1%}", "12.3%"),
    ],
)
def test_values_are_filled_in_as_people_write_them(text, expected):
    known = {"n": 3.0, "m": -2, "p": 0.12345, "x": (1, -2.0), "tiny": 1.2345e-7}

    assert filled(text, known) == expected


@pytest.mark.parametrize("text", ["{q}", "{n", "n}", "{n:q}", "$x^{q:.2g}$", "{n!r}"])
def test_what_cannot_be_filled_in_is_an_error(text):
    with pytest.raises(FamilyError):
        filled(text, {"n": 1})


def test_no_number_is_minus_zero():
    assert written(-0.0004, ".2f") == "0.00"
    assert written(0.1 + 0.2) == "0.3"


def test_conditions_compare_up_to_rounding():
    known = {"a": 0.1 + 0.2, "b": 0.3, "kind": "mean"}

    assert true("a == b and a <= b and a >= b", known)
    assert not true("a != b", known)
    assert not true("a < b", known)
    assert true("0 < a < 1", known)
    assert true("kind == mean", known)
    with pytest.raises(FamilyError, match="must compare"):
        true("a", known)


def test_lists_and_calls_have_values():
    known = {"x": (1.0, 2.0, 6.0), "p": 0.25}

    assert evaluated("[p, [2p, x_3]]", known) == (0.25, (0.5, 6.0))
    assert called({"call": "median", "with": {"values": "x"}}, known) == 2.0
    assert called({"call": "mean", "with": {"values": "x"}}, known) == 3.0


def test_a_public_function_is_called_with_tensors_and_differentiated():
    arguments = {"predictions": "x", "targets": [0, 0, 0], "reduction": {"text": "sum"}}
    loss = {"call": "lossedu.losses.mse_loss", "with": arguments}
    known = {"x": (1.0, 2.0, 3.0)}

    assert called(loss, known) == pytest.approx(14)
    assert called({**loss, "gradient": "predictions"}, known) == pytest.approx((2, 4, 6))
    assert called({**loss, "gradient": "predictions", "take": 1}, known) == pytest.approx(4)


def test_the_function_that_is_called_and_the_formula_agree():
    call = {
        "call": "lossedu.losses.sigmoid_focal_loss",
        "with": {"logits": "[log(p/(1-p))]", "targets": [1], "gamma": 2},
    }

    assert evaluated(call, {"p": 0.3}) == pytest.approx(evaluated("-(1-p)^2 log(p)", {"p": 0.3}))


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "lossedu.whole_files.write_whole",
        "lossedu.losses.torch",
        "lossedu.losses.__import__",
        "lossedu.losses.LossSpec.__init__",
        "eval",
    ],
)
def test_nothing_else_can_be_called(name):
    with pytest.raises(FamilyError):
        public_function(name)


def test_an_argument_that_a_function_refuses_is_said():
    call = {"call": "lossedu.losses.mse_loss", "with": {"predictions": [1], "targets": [1, 2]}}

    with pytest.raises(FamilyError, match="must accept its arguments"):
        called(call, {})


def test_a_value_that_cannot_be_computed_names_family_and_key():
    with pytest.raises(FamilyError, match=r"^one: let.b: "):
        draw(one(let={"b": "1/0"}), 0)
    with pytest.raises(FamilyError, match=r"^one: .*'q'|^one: .*“q”"):
        draw(one(answer={"value": "q", "digits": 1}), 0)


def test_a_plot_is_drawn_for_a_terminal_and_for_a_page():
    plot = draw(family("kinds-plot-focal-crossing"), 0).answer["plot"]

    text = plot_text(plot, columns=40).splitlines()
    page = plot_html(plot, "one")

    assert max(map(len, text)) <= 48
    assert text[0] == plot["y_label"]
    assert plot["x_label"] in text[-1]
    assert "⠀" <= max("".join(text)) <= "⣿"
    assert page.startswith("<figure")
    assert plot["alt"] in page


def test_several_curves_have_a_digit_each_and_keep_to_the_plot():
    plot = draw(family("kinds-plot-which-loss"), 0).answer["plot"]

    text = plot_text(plot)

    assert "1 first curve" in text
    assert text.count("1") > 20
    assert text.count("2") > 20


def test_the_misread_family_is_drawn_from_the_answer_that_it_has():
    asked = question(params={"n": {"choice": [4]}}, answer={"value": "n^2", "digits": 2})

    assert (asked.answer["value"], asked.answer["shown"]) == (16.0, "16")
