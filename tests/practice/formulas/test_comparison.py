"""A typed formula gets the verdict that a patient teacher would give, with a reason."""

import math

import pytest

from lossedu.practice.formulas import compare, parse_formula, points_in
from lossedu.practice.formulas.identity import truth_at

P = [{"p": (0.02, 0.98)}]
FOCAL = "(1-p)^gamma*(gamma*p*log(p) + p - 1)"
FOCAL_AT = [{"p": (0.02, 0.98), "gamma": (0.3, 4)}]
HUBER = [{"r": ends, "delta": (1, 1)} for ends in [(-4, -1), (-1, 1), (1, 4)]]


def verdict(answer, truth="p(1-p)", regions=P, mistakes=()):
    return compare(answer, truth, regions, mistakes).verdict


@pytest.mark.parametrize(
    "answer",
    [
        "p - p^2",
        "p-p²",
        "p(1−p)",
        "-(p-1)p",
        "exp(log(p)+log(1-p))",
        "(1-(1-2p)^2)/4",
        "p*(1-p)*p/p",
    ],
)
def test_every_form_of_the_truth_is_right(answer):
    result = compare(answer, "p(1-p)", P)

    assert (result.verdict, result.witness, result.position) == ("right", None, None)
    assert result.accepted


def test_a_wrong_answer_is_shown_where_and_how_it_differs():
    result = compare("p(1+p)", "p(1-p)", P)

    point = result.witness.point
    assert result.verdict == "wrong"
    assert not result.accepted
    assert result.witness.yours == pytest.approx(point["p"] * (1 + point["p"]), rel=1e-5)
    assert result.witness.ours == pytest.approx(point["p"] * (1 - point["p"]), rel=1e-5)
    assert f"p = {point['p']:.4g}" in result.says


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("p(p-1)", "The sign is wrong"),
        ("2p(1-p)", "Yours is the answer times 2 at every point"),
        ("p(1-p)/log(2)", "Yours is the answer times 1.443 at every point"),
        ("p(1-p) - 1/2", "Yours is the answer plus -0.5 at every point"),
        ("p", "Not the same."),
    ],
)
def test_what_is_wrong_everywhere_in_one_way_is_named(answer, says):
    assert compare(answer, "p(1-p)", P).says.startswith(says)


def test_a_known_mistake_gets_its_own_words_in_whatever_form():
    mistakes = [("1-p", "The chain rule."), ("p*0.333", "A third."), ("log(-p)", "Never.")]

    assert compare("(1-p^2)/(1+p)", "p(1-p)", P, mistakes).says == "The chain rule."
    assert compare("0.3331 p", "p(1-p)", P, mistakes).verdict == "known"
    assert compare("log(-p)", "p(1-p)", P, mistakes).verdict == "undefined"
    assert compare("p", "p(1-p)", P, mistakes).verdict == "wrong"


def test_rounded_constants_are_accepted_where_constants_are_typed():
    assert verdict("0.693 p", "p log 2") == "rounded"
    assert verdict("0.6931471805599453 p", "p log 2") == "right"
    assert verdict("0.69 p", "p log 2") == "wrong"
    assert verdict("22 p/7", "pi p") == "wrong"
    assert verdict("3.1416 p", "pi p") == "rounded"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("log(0)", "logarithm of a number that is not positive"),
        ("0/0", "divides by zero"),
        ("p/(p-p)", "divides by zero"),
        ("sqrt(p-1)", "square root of a negative number"),
        ("(p-1)^0.5", "a power that is no integer"),
        ("0^(p-p)", "zero to a power that is not positive"),
        ("exp(exp(exp(9)))", "beyond 1e300"),
        ("exp(40) + p - exp(40)", "no digits are left"),
    ],
)
def test_an_answer_without_a_value_is_never_equal_to_anything(answer, says):
    for truth in ("p(1-p)", "0"):
        result = compare(answer, truth, P)

        assert result.verdict == "undefined"
        assert says in result.says
        assert result.witness.yours is None


def test_a_value_missing_in_a_part_of_a_region_is_noticed():
    assert verdict("p(1-p)*log(p-0.1)/log(p-0.1)") == "undefined"


@pytest.mark.parametrize("answer", ["(", "p q", "p(1-p", "__proto__"])
def test_an_answer_that_cannot_be_read_says_where(answer):
    result = compare(answer, "p(1-p)", P)

    assert result.verdict == "unreadable"
    assert 0 <= result.position <= len(answer)


def test_a_formula_in_pieces_is_compared_in_every_piece():
    huber = "max(-delta, min(delta, r))"

    assert verdict("delta*r/max(delta, |r|)", huber, HUBER) == "right"
    assert verdict("max(-1, min(1, r))", huber, HUBER) == "right"
    for wrong in ("r", "delta*sign(r)", "min(delta, r)", "max(-delta, r)", "delta*tanh(r/delta)"):
        result = compare(wrong, huber, HUBER)
        assert result.verdict == "wrong", wrong
        assert result.witness.point["delta"] == 1


def test_a_flat_piece_counts_although_the_truth_is_zero_there():
    hinge = [{"m": (-3, 1)}, {"m": (1, 3)}]

    assert verdict("max(0, 1-m)", "(1-m + |1-m|)/2", hinge) == "right"
    assert verdict("1-m", "max(0, 1-m)", hinge) == "wrong"
    assert verdict("max(0.001, 1-m)", "max(0, 1-m)", hinge) == "wrong"


def test_rounding_is_measured_by_the_terms_where_they_nearly_cancel():
    near_zero = [{"p": (0.6, 0.8)}]

    assert verdict("p - 0.693", "p - log(2)", near_zero) == "rounded"
    assert verdict("p - 0.69", "p - log(2)", near_zero) == "wrong"


def test_a_difference_at_one_scale_is_not_hidden_by_another():
    wide = [{"z": (-6, 6)}]

    assert verdict("exp(z) + 0.0001", "exp(z)", wide) == "wrong"
    assert verdict("exp(2z)", "exp(2z) + exp(-2z)/1000", wide) == "wrong"


def test_cancellation_that_leaves_digits_is_right():
    z = [{"z": (-8, 8)}]

    assert verdict("log(1+exp(z)) - z", "softplus(-z)", z) == "right"
    assert verdict("(1+z)^4 - 4z^3 - 6z^2 - 4z - 1", "z^4", z) == "right"
    assert verdict("1 - 1/(1+exp(-z))", "sigmoid(-z)", z) == "right"


def test_the_points_of_one_question_are_always_the_same():
    assert compare("p", "p(1-p)", P) == compare("p", "p(1-p)", P)
    assert compare("p", "p(1-p)", P).witness.point == points_in(P)[0][0]


def test_a_comparison_is_plain_data():
    assert compare("2p", "p", P).as_json() == {
        "verdict": "wrong",
        "says": "Yours is the answer times 2 at every point. At p = 0.6182 yours is 1.236, "
        "the answer is 0.6182.",
        "witness": {"point": {"p": 0.6182}, "yours": 1.2364, "ours": 0.6182},
        "position": None,
    }


def test_a_question_without_names_compares_numbers():
    assert verdict("ln 2", "log(2)", [{}]) == "right"
    assert compare("1", "log(2)", [{}]).says == "Yours is 1, the answer is 0.6931."
    assert compare("1/0", "log(2)", [{}]).says == "Yours has no value: it divides by zero."


@pytest.mark.parametrize(
    ("truth", "regions", "mistakes", "says"),
    [
        ("log(p-1)", P, (), "truth must have a value everywhere"),
        ("q", P, (), "must be a name"),
        ("p", P, [("q", "")], "must be a name"),
        ("p", [], (), "regions must have at least one box"),
        ("p", [{"p": (0, 1)}, {"q": (0, 1)}], (), "regions must all have"),
        ("p", [{"p": (1, 0)}], (), "from a low to a high end"),
        ("p", [{"p": (0, float("nan"))}], (), "from a low to a high end"),
        ("p", [{"log": (0, 1)}], (), "names must differ from those of functions"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(truth, regions, mistakes, says):
    with pytest.raises(ValueError, match=says):
        compare("p", truth, regions, mistakes)


def test_a_region_has_at_least_five_points_that_keep_away_from_its_ends():
    regions = [{"x": (k, k + 1), "c": (2, 2)} for k in range(12)]

    groups = points_in(regions)

    assert [len(group) >= 5 for group in groups] == [True] * 12
    assert len(points_in(P)[0]) >= 24
    for region, group in zip(regions, groups, strict=True):
        low, high = region["x"]
        assert all(low + 0.01 < point["x"] < high - 0.01 for point in group)
        assert all(point["c"] == 2 for point in group)


def test_points_of_a_narrow_region_stay_in_it():
    (group,) = points_in([{"x": (1000, 1000.001)}])

    assert all(1000 < point["x"] < 1000.001 for point in group)


def test_the_bound_on_rounding_holds_for_what_float64_does():
    samples = truth_at(FOCAL, tuple(tuple((n, *e) for n, e in r.items()) for r in FOCAL_AT))
    for point, (value, error) in zip(samples.points, samples.values, strict=True):
        p, gamma = point["p"], point["gamma"]
        computed = (1 - p) ** gamma * (gamma * p * math.log(p) + p - 1)
        assert abs(computed - value) <= error * 2.0**-53


def test_a_tree_is_compared_by_value_and_can_be_a_key():
    assert {parse_formula("2p", ["p"])} == {parse_formula("2 * p", ["p"])}
