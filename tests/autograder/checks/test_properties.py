"""Laws: each lets a function that has the property pass, and catches one that has not."""

import pytest
import torch
from hypothesis import strategies as st

from autograder.checks import (
    Properties,
    bounded,
    convex,
    monotone,
    permutation_equivariant,
    permutation_invariant,
    scaled_by,
    unchanged_by,
)


def draw(generator):
    x = 4 * torch.rand(6, generator=generator, dtype=torch.float64) - 2
    return [(x, torch.arange(6.0).double())]


def padded(arguments):
    x, y = arguments
    return torch.cat([x, x.new_zeros(2)]), torch.cat([y, y.new_zeros(2)])


LAWS = {
    "never negative": (bounded("w", draw), "x**2", "x**3"),
    "at most one": (bounded("w", draw, high=1.0), "x.sigmoid()", "x.exp()"),
    "rises": (monotone("w", draw), "x.exp()", "(3 * x).sin()"),
    "falls": (monotone("w", draw, sign=-1), "(-x).exp()", "x"),
    "rises strictly": (monotone("w", draw, strict=True), "x", "x * 0"),
    "convex": (convex("w", draw), "F.softplus(x)", "x.sigmoid()"),
    "permutation-invariant": (permutation_invariant("w", draw), "(x * y).sum()", "x[0] * y.sum()"),
    "permutation-equivariant": (permutation_equivariant("w", draw), "x + y", "x.cumsum(0)"),
    "padding-invariant": (unchanged_by("w", draw, padded), "(x * y).sum()", "x.mean()"),
    "even": (
        unchanged_by("w", draw, lambda arguments: (-arguments[0], arguments[1])),
        "x.abs()",
        "x",
    ),
    "homogeneous": (
        scaled_by("w", draw, lambda arguments: (3 * arguments[0], arguments[1]), 3.0),
        "x * y",
        "x**2",
    ),
}


def check(*laws, **more):
    return Properties("d.p", "d-p", 2, "f", laws, **more)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("seed", [None, 1])
def test_a_law_passes_what_obeys_it_and_catches_what_breaks_it(work, name, seed):
    law, obeys, breaks = LAWS[name]
    secret = None if seed is None else torch.Generator().manual_seed(seed)

    good = check(law).judge(work(f"def f(x, y):\n    return {obeys}\n"), secret)
    bad = check(law).judge(work(f"def f(x, y):\n    return {breaks}\n"), secret)

    assert good.status == "passed"
    assert (bad.status, bad.share, bad.message) == ("failed", 0.0, "This should hold: w.")


def test_each_law_gives_its_part_of_the_points(work, secret):
    laws = (LAWS["never negative"][0], bounded("small", draw, high=0.5, weight=3.0))

    finding = check(*laws).judge(work("def f(x, y):\n    return x**2 + 1\n"), secret)

    assert finding.share == 0.25
    assert finding.message == "This should hold: small."


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("x * float('inf')", "failed", "f gives infinity or NaN where this should hold: w."),
        ("undefined", "error", "NameError"),
        ("None", "failed", "f must return a tensor"),
    ],
)
def test_trouble_is_told_before_any_law(work, secret, body, status, words):
    law = LAWS["never negative"][0]

    finding = check(law).judge(work(f"def f(x, y):\n    return {body}\n"), secret)

    assert finding.status == status
    assert words in finding.message


def test_a_broken_law_gets_a_smallest_input_that_shows_it(work):
    number = st.sampled_from([0.0, 1.0, -1.0])
    simplest = st.lists(number, min_size=1, max_size=2).map(
        lambda numbers: (torch.tensor(numbers), torch.zeros(len(numbers)))
    )

    finding = check(LAWS["never negative"][0], simplest=simplest).judge(
        work("def f(x, y):\n    return x**3\n"), None
    )

    assert finding.message.endswith(
        "Compare it with what you get for f(torch.tensor([-1.0]), torch.tensor([0.0]))."
    )


def test_all_laws_are_asked_about_in_one_message(broken, secret):
    submission = broken("timeout")
    calls = []
    submission.call = lambda asked: (
        calls.append(len(asked)) or type(submission).call(submission, asked)
    )

    check(*(law for law, _, _ in LAWS.values())).judge(submission, secret)

    assert len(calls) == 1
