"""No text runs code, raises anything but a refusal, or costs more than its parts."""

import inspect
import json
import sys

import pytest

import lossedu.practice.formulas.values as values
from lossedu.practice.formulas import FormulaError, compare, language, latex_of, parse_formula
from lossedu.practice.formulas.tokens import tokens_of
from tests.practice.formulas.hostile import NAMES, crafted, random_formulas, random_texts

REGIONS = [{"p": [0.02, 0.98], "gamma": [0.3, 4], "y_hat": [-5, 5], "x1": [0, 40]}]
TRUTH = "p*gamma + y_hat*x1"
VERDICTS = {"right", "rounded", "known", "wrong", "undefined", "unreadable"}


def judged(text):
    """The verdict on a text, which must be clean plain data."""
    verdict = compare(text, TRUTH, REGIONS)
    assert verdict.verdict in VERDICTS
    assert verdict.verdict != "right"
    assert (verdict.position is None) == (verdict.verdict != "unreadable")
    assert verdict.position is None or 0 <= verdict.position <= len(text)
    verdict.says.encode()  # no half of a surrogate pair reaches a terminal
    json.dumps(verdict.as_json(), allow_nan=False)
    return verdict


@pytest.mark.parametrize("text", [*crafted()], ids=lambda text: ascii(text[:20]))
def test_a_crafted_text_gets_a_clean_verdict(text):
    judged(text)


@pytest.mark.parametrize("make", [random_texts, random_formulas])
def test_texts_by_chance_get_a_clean_verdict(make):
    for text in make(seed=1, count=1500):
        judged(text)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_thousand_texts_by_chance_get_a_clean_verdict(seed):
    for text in random_texts(seed=100 + seed, count=10_000):
        judged(text)


def test_chance_makes_all_kinds_of_verdicts():
    texts = [*random_texts(seed=1, count=300), *random_formulas(seed=1, count=300)]

    assert {judged(text).verdict for text in texts} == {"wrong", "undefined", "unreadable"}


def test_the_work_for_a_text_is_bounded_by_its_parts():
    for text in [*crafted(), *random_formulas(seed=2, count=500)]:
        try:
            tree = parse_formula(text, NAMES)
        except FormulaError:
            continue

        parts = len(tokens_of(text, NAMES)) - 1
        assert parts <= language.MOST_PARTS
        assert sum(1 for _ in tree.walk()) <= 2 * parts
        assert len(latex_of(tree)) <= 40 * len(text)


def test_a_value_takes_one_step_a_part_at_each_point(monkeypatch):
    steps = []
    step = values.bounded_value
    monkeypatch.setattr(values, "bounded_value", lambda *a: steps.append(1) or step(*a))
    text = "p" + "+p" * 99
    tree = parse_formula(text, NAMES)

    values.bounded_value(tree, {"p": values.arithmetic().mpf(1)})

    assert len(steps) == sum(1 for _ in tree.walk())


def test_reading_and_valuing_nest_little_whatever_is_typed():
    limit = sys.getrecursionlimit()
    depth = len(inspect.stack(context=0))
    try:
        sys.setrecursionlimit(depth + 420)
        for text in crafted():
            judged(text)
    finally:
        sys.setrecursionlimit(limit)


def test_numbers_stay_small_in_memory():
    mp = values.arithmetic()
    for text in ["9^(9^(9^9))", "exp(exp(exp(9)))", "(((9^12)^12)^12)^12", "1e29^12*1e29^12"]:
        assert judged(text).verdict == "undefined"

    value, _ = values.bounded_value(parse_formula("(1e29)^10", []), {})
    assert value.man.bit_length() <= mp.prec


def test_nothing_that_is_typed_is_looked_up_in_python(monkeypatch):
    monkeypatch.setattr("builtins.eval", None)
    monkeypatch.setattr("builtins.exec", None)
    monkeypatch.setattr("builtins.compile", None)

    for text in ["__import__('os')", "p.__class__", "().__class__", "eval(p)", "lambda p: p"]:
        assert judged(text).verdict == "unreadable"
    assert compare(TRUTH, TRUTH, REGIONS).verdict == "right"
