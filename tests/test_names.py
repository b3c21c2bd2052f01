"""A name that is not known is answered with those that are, and the nearest."""

import pytest

import lossedu.losses
from lossedu import catalog
from lossedu.names import FEW, nearest, suggestion, unknown_name

LOSSES = list(catalog.specs())


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("cross_entrpy", "cross_entropy"),  # a letter lost
        ("mse_losss", "mse_loss"),  # a letter twice
        ("quanitle_loss", "quantile_loss"),  # two letters changed places
        ("Info-NCE loss", "info_nce_loss"),  # case, and other signs between the words
        ("lambdarank", "lambdarank_loss"),  # a part
        ("hubr", "huber_loss"),  # a part with a letter lost
    ],
)
def test_the_first_suggestion_is_what_was_meant(slip, meant):
    assert nearest(slip, LOSSES)[0] == meant


@pytest.mark.parametrize("name", ["", "   ", "zzz", "bread", 5, None, ["mse_loss"]])
def test_what_is_near_nothing_gets_no_suggestion(name):
    assert nearest(name, LOSSES) == []
    assert suggestion(name, LOSSES) == ""


def test_an_exact_part_of_two_names_suggests_both_and_no_third():
    assert nearest("focal", LOSSES) == ["sigmoid_focal_loss", "softmax_focal_loss"]


def test_without_names_there_is_nothing_to_suggest_and_the_message_says_so():
    assert nearest("a", []) == []
    assert unknown_name("run", "a", []) == (
        "run must be one of none, for there are none, but is 'a'."
    )


def test_few_names_are_listed_and_for_many_the_message_says_what_lists_them():
    few, many = ["a1", "b2"], [f"name{n}" for n in range(FEW + 1)]

    assert unknown_name("x", "q", few, listing="`list`") == (
        "x must be one of 'a1', 'b2', but is 'q'."
    )
    assert unknown_name("x", "nme12", many, listing="`list`") == (
        "x must be one of the 17 names that `list` lists, but is 'nme12'. "
        "Hint: did you mean 'name12'?"
    )
    assert "'name7'" in unknown_name("x", "q", many)


def test_the_catalog_suggests_a_loss():
    with pytest.raises(ValueError, match="Hint: did you mean 'sigmoid_focal_loss' or 'softmax_f"):
        catalog.spec("focl")


def test_a_package_knows_what_python_needs_to_suggest_a_name():
    with pytest.raises(AttributeError) as caught:
        getattr(lossedu.losses, "hubr_" + "loss")

    assert (caught.value.name, caught.value.obj) == ("hubr_loss", lossedu.losses)
