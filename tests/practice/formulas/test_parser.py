"""A typed formula is read as its writer meant it, or refused with what to write instead."""

import pytest

from lossedu.practice.formulas import FormulaError, parse_formula

NAMES = ["p", "q", "gamma", "z", "p_t", "x1", "y_hat", "lambda"]

READ = {
    "2p": "2 * p",
    "p(1-p)": "p * (1 - p)",
    "(1-p)(1-q)": "(1 - p) * (1 - q)",
    "[1-p]q": "(1 - p) * q",
    "gamma p log(p)": "(gamma * p) * log(p)",
    "γp": "gamma * p",
    "pq": "p * q",
    "pq^2": "p * (q ^ 2)",
    "p−q·2": "p - (q * 2)",
    "p×q÷2": "(p * q) / 2",
    "-p^2": "-(p ^ 2)",
    "2^-p": "2 ^ (-p)",
    "2**p": "2 ^ p",
    "p²q": "(p ^ 2) * q",
    "p⁻¹": "p ^ (-1)",
    "p^2 q": "(p ^ 2) * q",
    "p/-q*z": "(p / (-q)) * z",
    "p - q - z": "(p - q) - z",
    "e^(-z)": "e ^ (-z)",
    "2e": "2 * e",
    "2e-3": "2e-3",
    "ln(p)": "log(p)",
    "Log(p)": "log(p)",
    "p log p + 1": "(p * log(p)) + 1",
    "e^{-z}": "e ^ (-z)",
    "max{0, p_{t}}": "max(0, p_t)",
    "√2": "sqrt(2)",
    "2|p||q|": "(2 * abs(p)) * abs(q)",
    "σ(z)": "sigmoid(z)",
    "sigma(z)": "sigmoid(z)",
    "pt": "p_t",
    "ŷ": "y_hat",
    "y\u0302": "y_hat",
    "x₁": "x1",
    "λ": "lambda",
    "π": "pi",
    "007.50": "7.50",
    "max(0, 1-p)": "max(0, 1 - p)",
}

REFUSED = {
    "": (0, "A formula must stand here"),
    "1/2p": (3, "write (1/2)*p or 1/(2*p)"),
    "p/q(1-p)": (3, "write (p/q)*(...) or p/(q*(...))"),
    "e^2p": (3, "write ^2*p or ^(2*p)"),
    "p^q^2": (3, "(a^b)^c or a^(b*c)"),
    "p^13": (2, "at most 12"),
    "log p q": (0, "write log(...)"),
    "log p/q": (0, "write log(...)"),
    "log p^2": (0, "write log(...)"),
    "exp -z": (0, "write exp(...)"),
    "sin^2(p)": (3, "write sin(...)^2"),
    "||p||": (1, "write abs(x) for |x|"),
    "gammap": (0, "write gamma*p"),
    "plog(p)": (0, "write p*log(...)"),
    "logp": (0, "write log(p)"),
    "p2": (0, "write p^2 for a power, 2*p for a product"),
    "p 2": (2, "write * before it"),
    "2 3": (2, "write * before it"),
    "P": (0, "did you mean p?"),
    "sigmiod(z)": (0, "did you mean sigmoid?"),
    "foo": (0, "a name that this formula has: p, q, gamma"),
    "1,000": (1, "write 1.000 or 1000"),
    "0,5p": (1, "write 0.5."),
    "(p, q)": (2, "A comma must stand between the arguments"),
    "max(p)": (0, "2 to 8 arguments, but has 1"),
    "log(p, q)": (0, "one argument, but has 2"),
    "(p": (2, "“(” must be closed by “)”, but the formula ends"),
    "(p]": (2, "must be closed by “)”, but “]” stands here"),
    "p)": (1, "none is open"),
    "p+": (2, "but the formula ends"),
    "p*/q": (2, "but “/” stands here"),
    "dL/dz = p": (6, "what stands on the right"),
    "p = 1": (2, "what stands on the right"),
    r"\frac{1}{2}": (0, "belongs to LaTeX"),
    "p < 1": (2, "must have no comparison"),
    "∂p": (0, "must be worked out"),
    "5%": (1, "write 0.05 for 5%"),
    "p#q": (1, "but “#” stands here"),
    "1.2.3": (0, "one decimal point"),
    "1e400": (0, "between 1e-30 and 1e30"),
    "0.123456789012345678": (0, "at most 17 digits, but this one has 18"),
    "2e-3p": (0, "a number or as a product with e"),
    "__proto__": (0, "but “_” stands here"),
    "constructor": (0, "must be a name"),
    "nan": (0, "must be a name"),
}


@pytest.mark.parametrize("typed", READ)
def test_a_formula_is_read_as_people_mean_it(typed):
    assert str(parse_formula(typed, NAMES)) == READ[typed]


@pytest.mark.parametrize("typed", REFUSED)
def test_a_refusal_says_where_and_what_to_write(typed):
    position, says = REFUSED[typed]

    with pytest.raises(FormulaError) as refusal:
        parse_formula(typed, NAMES)

    assert refusal.value.position == position
    assert says in str(refusal.value)


def test_what_is_printed_of_a_formula_is_read_as_the_same_formula():
    for typed in READ:
        tree = parse_formula(typed, NAMES)

        assert parse_formula(str(tree), NAMES) == tree


def test_a_word_that_is_a_name_and_a_product_must_be_made_plain():
    with pytest.raises(FormulaError, match=r"can be read as p_t or p\*t"):
        parse_formula("pt", ["p", "t", "p_t"])


def test_a_question_may_have_names_that_are_constants_elsewhere():
    assert str(parse_formula("2e", ["e"])) == "2 * e"
    assert parse_formula("e", ["e"]).kind == "name"
    assert str(parse_formula("sigma(z)", ["sigma", "z"])) == "sigma * z"
    with pytest.raises(FormulaError, match="a number or as a product with e"):
        parse_formula("2e3", ["e"])


@pytest.mark.parametrize("name", ["", "_p", "2p", "γ", "p q", "log", "ln", "Max"])
def test_a_name_must_be_a_word_and_no_function(name):
    with pytest.raises(ValueError, match="names must"):
        parse_formula("1", ["p", name])


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("p" + "+p" * 200, "at most 400 characters"),
        ("p" * 201, "at most 200 parts"),
        ("(" * 31 + "p" + ")" * 31, "at most 30 deep"),
        ("-" * 31 + "p", "at most 30 deep"),
        ("abs(" * 31 + "p" + ")" * 31, "at most 30 deep"),
    ],
)
def test_there_is_an_end_to_length_and_depth(typed, says):
    with pytest.raises(FormulaError, match=says):
        parse_formula(typed, ["p"])


def test_as_much_as_the_limits_allow_is_read():
    parse_formula("p" + "+p" * 99, ["p"])
    parse_formula("(" * 30 + "p" + ")" * 30, ["p"])
    parse_formula("p" + " " * 399, ["p"])
