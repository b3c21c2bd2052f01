"""Values against a reference: partial points, exact messages, nothing given away."""

import pytest
import torch
from hypothesis import strategies as st

from autograder.checks import Aspect, Values
from autograder.checks.bank import Bank, Mistake, Recipe


def softplus_to(power, x):
    return torch.nn.functional.softplus(x) ** power


def check(**changes):
    settings = {
        "id": "demo.values",
        "cell": "demo-values",
        "points": 4,
        "function": "cost",
        "reference": lambda x, power: softplus_to(power, x),
        "aspects": (
            Aspect("power 1 is softplus", ((torch.tensor([-1.0, 2.0]), 1.0),)),
            Aspect(
                "power 2 squares it",
                ((torch.tensor([-1.0, 2.0]), 2.0),),
                lambda g: [(torch.randn(5, generator=g, dtype=torch.float64), 2.0)],
                weight=3,
            ),
        ),
    } | changes
    return Values(**settings)


RIGHT = "def cost(x, power):\n    return F.softplus(x) ** power\n"


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_right_function_passes_with_and_without_secret_inputs(work, seed):
    secret = None if seed is None else torch.Generator().manual_seed(seed)

    finding = check().judge(work(RIGHT), secret)

    assert (finding.status, finding.share, finding.message) == ("passed", 1.0, "")


def test_an_aspect_that_is_right_earns_its_weight(work, secret):
    finding = check().judge(work("def cost(x, power):\n    return F.softplus(x)\n"), secret)

    assert (finding.status, finding.share) == ("failed", 0.25)
    assert finding.message == "cost is not right yet: power 2 squares it."


def test_single_precision_inside_is_forgiven_and_a_thousandth_is_not(work, secret):
    inside = "def cost(x, power):\n    return (F.softplus(x.float()) ** power).to(x.dtype)\n"
    off = "def cost(x, power):\n    return 1.002 * F.softplus(x) ** power\n"

    assert check().judge(work(inside), secret).status == "passed"
    assert check().judge(work(off), secret).status == "failed"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("raise NotImplementedError('cost')", "missing", "cost is not solved yet."),
        ("return None", "failed", "cost must return a tensor, but returns nothing (is a return"),
        ("return [1.0, 2.0]", "failed", "cost must return a tensor, but returns a list."),
        ("return x.sum()", "failed", "cost must return shape (2,), but returns shape ()"),
        (
            "return undefined",
            "error",
            "cost(torch.tensor([-1.0, 2.0]), 1.0) raises NameError: name 'undefined' is not",
        ),
        ("return x * float('nan')", "failed", "cost is not right yet: power 1 is softplus."),
        ("return x.to(torch.complex64)", "failed", "cost must return a tensor"),
    ],
)
def test_every_way_to_go_wrong_has_its_words(work, secret, body, status, words):
    finding = check().judge(work(f"def cost(x, power):\n    {body}\n"), secret)

    assert (finding.status, finding.share) == (status, 0.0)
    assert finding.message.startswith(words)


def test_a_function_that_is_not_there_is_missing(work, secret):
    finding = check().judge(work("def costs(x, power):\n    return x\n"), secret)

    assert finding.status == "missing"
    assert finding.message == "There is no function cost in the notebook."


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("timeout", "timeout"),
        ("crashed", "error"),
        ("unreadable", "failed"),
        ("missing", "missing"),
    ],
)
def test_a_process_that_fails_gets_a_finding(broken, secret, status, expected):
    finding = check().judge(broken(status), secret)

    assert (finding.status, finding.share) == (expected, 0.0)
    assert "cost" in finding.message


LEAKS = {
    "an error that quotes its input": "raise ValueError(str(x.tolist()))",
    "an error class named after it": "raise type(f'E{x[0].item()}', (Exception,), {})()",
    "a shape that spells it": "return torch.zeros(int(abs(x[0].item()) * 1e4) % 997 + 11)",
    "a type named after it": "return type(f'T{x[0].item()}', (), {})()",
    "text": "return str(x.tolist())",
}


@pytest.mark.parametrize("how", LEAKS)
def test_no_message_holds_a_secret_input_or_value(work, how):
    """Right on public inputs, talkative on secret ones, which alone have five entries here."""
    source = (
        "def cost(x, power):\n"
        "    if len(x) != 5:\n        return F.softplus(x) ** power\n"
        f"    {LEAKS[how]}\n"
    )

    said = {
        check().judge(work(source), torch.Generator().manual_seed(seed)).message
        for seed in range(5)
    }

    assert len(said) == 1, "the message depends on what is secret"
    assert len(said.pop()) > 10


ODD = st.tuples(
    st.lists(st.sampled_from([0.0, 1.0, -1.0, 3.0]), min_size=1, max_size=3).map(torch.tensor),
    st.sampled_from([1.0, 2.0]),
)


def test_an_unknown_mistake_gets_the_smallest_failing_input(work):
    source = "def cost(x, power):\n    return F.softplus(x) ** power + (x == 3.0)\n"
    public = (Aspect("it is softplus", ((torch.tensor([3.0, -1.0, 1.0]), 1.0),)),)
    asked = check(simplest=ODD, aspects=public)

    said = [asked.judge(work(source), None).message for _ in range(2)]

    assert said[0] == said[1]
    assert said[0].endswith("Work out cost(torch.tensor([3.0]), 1.0) by hand and compare.")


BANK = Bank(
    (
        Recipe(
            "cost", "x, power", {"base": "base = F.softplus(x)", "result": "return base ** power"}
        ),
    ),
    (
        Mistake("times", "cost", "Power is an exponent.", "p#a", {"result": "return base * power"}),
        Mistake("relu", "cost", "This is a ramp.", "p#b", {"base": "base = F.relu(x)"}),
    ),
)


def test_a_known_mistake_is_named_with_its_link(work, secret):
    source = "def cost(x, power):\n    return power * torch.log1p(x.exp())\n"

    finding = check(bank=BANK).judge(work(source), secret)

    assert (finding.misconception, finding.link) == ("times", "p#a")
    assert finding.message == "Power is an exponent."
    assert finding.share == 0.25


def test_a_pair_of_mistakes_is_named_as_both(work, secret):
    source = "def cost(x, power):\n    return power * x.clamp(min=0)\n"

    finding = check(bank=BANK).judge(work(source), secret)

    assert finding.misconception == "times + relu"
    assert finding.message == "Power is an exponent. And a second thing: This is a ramp."
