"""A true step is shown as it was stated; a false one stops, names the step and says where."""

import pytest
import sympy as sp

from lossedu import catalog
from lossedu.proofs import ProofError, prove
from lossedu.symbolic import formula

LOSS = {"p": "sigmoid(z)", "ell": formula(catalog.spec("binary_cross_entropy_with_logits"))}


def test_a_true_step_is_displayed_in_the_order_in_which_it_was_stated():
    step = prove("gradient", "Derivative(ell, z) = p - y", where=LOSS, because="chain rule")

    assert step.latex == r"\frac{\partial \ell}{\partial z} = p - y \qquad \text{chain rule}"
    assert step._repr_latex_().startswith("$$")
    assert prove("order", "1 - k*p = -k*p + 1").latex == "1 - k p = -k p + 1"


@pytest.mark.parametrize(
    "statement",
    [
        "sigmoid(-z) = 1 - sigmoid(z)",
        "log(1 + exp(z)) = z + log(1 + exp(-z))",
        "-log(sigmoid(z)) = log(1 + exp(-z))",
        "log(1 + exp(-z)) = Max(-z, 0) + log(1 + exp(-Abs(z)))",
        "z + Max(0, 1 - z) = Max(1, z)",
        "Max(quantile*z, (quantile - 1)*z) = quantile*z + Max(-z, 0)",
        "Min(p, z) + Max(p, z) = p + z",
        "Derivative(sigmoid(z), z) = sigmoid(z)*(1 - sigmoid(z))",
        "Integral(exp(-z**2), (z, -oo, oo)) = sqrt(pi)",
        "Sum(z, (i, 1, 3)) = 3*z",
        "Limit(p*log(p), p, 0) = 0",
        "At(Derivative(z**3, z), z, 2) = 12",
        "2**(-log(p)/log(2)) = 1/p",
        "(x + 1)**2 = x**2 + 2*x + 1 = 1 + 2*x + x**2",
        "Integral(cos(u + x)*cos(v + x), (x, 0, 2*pi)) = pi*cos(u - v)",
    ],
)
def test_steps_that_chapters_need_are_shown(statement):
    assert prove("step", statement).basis == "shown"


def test_a_wrong_sign_stops_with_the_step_and_a_counterexample():
    with pytest.raises(
        ProofError, match=r"derivation step 'gradient' must hold, but .* is false: at "
    ):
        prove("gradient", "Derivative(ell, z) = p + y", where=LOSS)


def test_a_wrong_factor_that_vanishes_at_zero_is_found():
    with pytest.raises(ProofError, match="step 'factor'"):
        prove("factor", "z**2 = z**3")


@pytest.mark.parametrize("wrong", ["Abs(z) = z", "Max(z, 0) = z", "Abs(z) = Max(z, 0)"])
def test_an_equation_that_holds_on_one_side_of_a_kink_only_stops(wrong):
    with pytest.raises(ProofError, match="is false"):
        prove("kink", wrong)


def test_an_equation_of_larger_ones_that_cannot_be_shown_says_so():
    with pytest.raises(ProofError, match="could not be shown"):
        prove("kinks", "z + Max(1 - z, 2 - 3*z, 3*z - 4) = Max(1, 2 - 2*z, 4*z - 4)")


def test_the_second_relation_of_a_chain_is_checked_too():
    with pytest.raises(ProofError, match=r"but 2\*x \+ 1 = 2\*x(?s:.)*(false|shown)"):
        prove("chain", "x + x + 1 = 2*x + 1 = 2*x")


@pytest.mark.parametrize("statement", ["1/p = 1/p", "x*2 = 2*x = x*2", "1  -  p = 1 - p"])
def test_two_sides_that_print_alike_say_nothing(statement):
    with pytest.raises(ProofError, match=r"step 'alike' must say something, but two sides print"):
        prove("alike", statement)


def test_a_meaning_may_use_the_names_before_it():
    a = sp.Symbol("a", real=True)

    assert prove("chain", "log(p) = -log(1 + exp(-a))", where={"a": a, "p": "sigmoid(a)"})


def test_an_expectation_is_worked_out_by_what_it_means():
    y, mean = sp.Symbol("y", real=True), sp.Symbol("ybar", real=True)
    variance = sp.Symbol("v", positive=True)
    moments = [(y**2, mean**2 + variance), (y, mean)]
    where = {"ybar": mean, "v": variance, "E": lambda loss: sp.expand(loss).subs(moments)}

    assert prove("risk", "E((x - y)**2) = (x - ybar)**2 + v", where=where)
    with pytest.raises(ProofError, match="is false"):
        prove("risk", "E((x - y)**2) = (x - ybar)**2 - v", where=where)


def test_words_below_a_part_change_nothing_of_its_worth():
    step = prove("parts", "x + y = Part(x, 'yours') + Part(y, 'theirs')")

    assert r"\underbrace{x}_{\text{yours}}" in step.latex


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("x + 1", "statement must relate two sides"),
        ("ell = x", "'ell' has no meaning. Hint: say it in where"),
        ("E(x) = x", "'E' has no meaning"),
        ("x = = y", "formula must be a Python expression"),
    ],
)
def test_what_cannot_be_read_is_refused(statement, complaint):
    with pytest.raises(ValueError, match=complaint):
        prove("step", statement)


# --- inequalities --------------------------------------------------------------------------------

BERNOULLI = "(1 - p)**gamma >= 1 - gamma*p"


@pytest.mark.parametrize(
    ("statement", "domain"),
    [
        (BERNOULLI, "0 <= p <= 1, gamma >= 1"),
        ("1 - gamma*p <= (1 - p)**gamma", "0 <= p <= 1, gamma >= 1"),
        ("log(x) <= x - 1", "x > 0"),
        ("(1 - p)**gamma*(-log(p)) >= (1 - gamma*p)*(-log(p))", "0 < p < 1, gamma >= 1"),
        ("(p - 1)*log(p) > 0", "0 < p < 1"),
        ("p*(1 - p) <= 1/4", "0 < p < 1"),
        ("p*log(p) - (1 - p)*log(1 - p) + 2*p - 1 > 0", "1/2 < p < 1"),
        ("q*log(q/p) + (1 - q)*log((1 - q)/(1 - p)) >= 0", "0 < p < 1, 0 < q < 1"),
        ("sigmoid(z)*(1 - sigmoid(z)) > 0", "-oo < z < oo"),
    ],
)
def test_true_inequalities_are_shown_and_say_where_they_hold(statement, domain):
    step = prove("bound", statement, domain=domain)

    assert step.basis == "shown"
    assert r"\small \text{for } " in step.latex
    assert "tested" not in step.latex


@pytest.mark.parametrize(
    ("statement", "domain"),
    [
        (BERNOULLI, "0 < p < 1, gamma > 0"),  # what was once printed for every gamma
        (BERNOULLI, "0 < p < 1, 1/2 <= gamma <= 2"),
        ("x**2 >= x", "x > 0"),
        ("x**2 - x + 1/4 - 1/10**9 >= 0", "0 < x < 1"),
        ("log(x) < x - 1", "x > 0"),
    ],
)
def test_an_inequality_that_fails_somewhere_stops(statement, domain):
    with pytest.raises(ProofError, match=r"'bound' must hold, but .* (is false: at|not be shown)"):
        prove("bound", statement, domain=domain)


def test_a_false_inequality_names_the_step_and_numbers_at_which_it_fails():
    with pytest.raises(ProofError, match=r"step 'brake' .* at p = .*, gamma = .* the left side is"):
        prove("brake", BERNOULLI, domain="0 < p < 1, gamma > 0")


@pytest.mark.parametrize(
    "statement",
    [
        "log(1 - exp(k)) = log(exp(k) - 1) + log(-1)",
        "Limit(p*log(1 - exp(k/p)), p, 0) = k",
        "Limit(log(-x**2 - 1)/x, x, oo) = 0",
    ],
)
def test_an_equation_that_holds_among_numbers_that_are_not_real_only_stops(statement):
    with pytest.raises(ProofError, match=r"must relate real numbers, but .* not real"):
        prove("real", statement)


FLOOR = "log(1 + k*exp(x)) >= log(1 - k*exp(-2))"


@pytest.mark.parametrize("grid", [{}, {"x": [0, 1], "k": [1, 10]}], ids=["drawn", "on a grid"])
def test_an_inequality_with_a_side_that_is_not_real_stops_with_numbers_at_which_it_is_not(grid):
    with pytest.raises(ProofError, match=r"'floor' must hold, .* at x = .*, k = .*i, not real\."):
        prove("floor", FLOOR, domain="x >= -2, k >= 1", grid=grid)


def test_a_grid_finds_a_side_that_is_not_real_where_draws_miss_it():
    gap = "log((10**9*(x - 1/3))**2 - 1) >= -oo"
    wide = "sqrt(x - 1/10**8) >= 0"

    assert prove("wide", wide, domain="1/10 <= x <= 1").basis == "shown"
    with pytest.raises(ProofError, match="not real"):
        prove("gap", gap.replace("-oo", "-100"), domain="0 <= x <= 1", grid={"x": 4})


TOP = "(1 - p)**2*(1 - 2*p*log(p)/(1 - p)) <= 1.23"


def test_what_sympy_cannot_show_needs_a_grid_and_the_page_says_that_it_was_tested():
    with pytest.raises(ProofError, match=r"could not be shown.*declare a grid"):
        prove("top", TOP, domain="0 < p < 1")

    step = prove("top", TOP, domain="0 < p < 1", grid={"p": 1200})

    assert step.basis == "tested"
    assert r"0 < p < 1 \quad \text{tested at }1\,200\text{ points}" in step.latex


def test_an_inequality_with_a_kink_is_tested_on_its_grid():
    hinge, domain = "Max(0, 1 - z) >= x*(1 - z)", "0 <= x <= 1, -4 <= z <= 4"

    with pytest.raises(ProofError, match="could not be shown"):
        prove("any slope below", hinge, domain=domain)
    assert prove("any slope below", hinge, domain=domain, grid={"x": 3, "z": 9}).basis == "tested"


def test_a_grid_finds_a_dent_that_draws_miss():
    dent = "1 - 2/(1 + (10**7*(x - 1/3))**2) >= 0"

    with pytest.raises(ProofError, match=r"is false: at x = 0.333333 the left side is -1"):
        prove("dent", dent, domain="0 <= x <= 1", grid={"x": 4})


@pytest.mark.parametrize(
    ("domain", "grid", "complaint"),
    [
        ("0 < p < 1", {"x": 3}, r"grid must have \['p'\], but has \['x'\]"),
        ("0 < p < 1", {"p": [0.5, 2.0]}, "grid must lie in the domain, but has p = 2"),
        ("0 < p + q", {"p": 10}, "domain must bound one symbol"),
        ("x > 0", {"p": 10}, r"domain must say where each symbol lies, but .* leaves out \['p'\]"),
        ("", {"p": 10}, r"domain must say where each symbol lies"),
    ],
)
def test_a_domain_or_a_grid_that_leaves_something_open_is_refused(domain, grid, complaint):
    with pytest.raises(ValueError, match=complaint):
        prove("top", TOP, domain=domain, grid=grid)


def test_the_points_of_an_interval_without_an_end_must_be_listed():
    statement = "x*exp(-x)*(2 + x) <= 1.3"

    with pytest.raises(ValueError, match="grid must list the points of x"):
        prove("hump", statement, domain="x >= 0", grid={"x": 10})
    assert prove("hump", statement, domain="x >= 0", grid={"x": [0, 1, 1.5, 5]}).basis == "tested"
