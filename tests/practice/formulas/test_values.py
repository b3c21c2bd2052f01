"""A formula's value is that of mpmath, and where there is none an error says why."""

import math

import mpmath
import pytest

from lossedu.practice.formulas import UndefinedError, language, parse_formula, value_of

ORACLES = {
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "relu": lambda x: max(x, 0),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "step": lambda x: (mpmath.sign(x) + 1) / 2,
    "log2": lambda x: mpmath.log(x, 2),
    "abs": abs,
}
ONE = [name for name, (least, most) in language.FUNCTIONS.items() if most == 1]


@pytest.mark.parametrize("name", ONE)
def test_a_function_is_that_of_mpmath(name):
    tree = parse_formula(f"{name}(x)", ["x"])

    for x in (0.03, 0.5, 0.97):
        with mpmath.workdps(50):
            truth = float(ORACLES.get(name, getattr(mpmath, name, None))(mpmath.mpf(repr(x))))
        assert math.isclose(value_of(tree, {"x": x}), truth, rel_tol=1e-15)


@pytest.mark.parametrize(
    "name", [n for n in ONE if n not in ("acos", "asin", "logit", "log", "log2")]
)
@pytest.mark.parametrize("x", [-0.9, -1e-12, 1e-12, 30.0])
def test_a_function_is_right_at_other_arguments(name, x):
    if name in ("sqrt", "log10") and x < 0:
        return
    with mpmath.workdps(60):
        truth = float(ORACLES.get(name, getattr(mpmath, name, None))(mpmath.mpf(repr(x))))

    assert math.isclose(
        value_of(parse_formula(f"{name}(x)", ["x"]), {"x": x}), truth, rel_tol=1e-15
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("max(1, x, 3)", 3.0),
        ("min(1, x, 3)", 1.0),
        ("2^-x", 0.25),
        ("(-x)^3", -8.0),
        ("(-x)^(log(8)/log(2))", -8.0),
        ("x - x", 0.0),
        ("exp(-800)", 0.0),
        ("e", math.e),
        ("pi", math.pi),
        ("1e-3", 0.001),
    ],
)
def test_values_are_those_of_school(text, value):
    assert math.isclose(value_of(parse_formula(text, ["x"]), {"x": 2}), value, rel_tol=1e-15)


def test_a_number_counts_as_the_decimal_that_was_written():
    assert str(value_of(parse_formula("1 - p", ["p"]), {"p": 0.9})) == "0.1"


@pytest.mark.parametrize(
    "text",
    [
        "1/(x-x)",
        "log(x-2)",
        "log(-x)",
        "sqrt(-x)",
        "(-x)^0.5",
        "0^0",
        "0^-1",
        "asin(x)",
        "logit(x)",
    ],
)
def test_a_formula_without_a_value_says_so(text):
    with pytest.raises(UndefinedError, match="A formula must have a value, but it "):
        value_of(parse_formula(text, ["x"]), {"x": 2})


@pytest.mark.parametrize(
    "text", ["exp(1e9)", "9^(9^9)", "(9e29)^11", "exp(600)*exp(600)", "sinh(999)"]
)
def test_a_value_beyond_float64_is_refused_before_it_is_computed(text):
    with pytest.raises(UndefinedError, match="beyond 1e300"):
        value_of(parse_formula(text, []), {})


def test_a_missing_value_is_a_key_error():
    with pytest.raises(KeyError):
        value_of(parse_formula("p", ["p"]), {})
