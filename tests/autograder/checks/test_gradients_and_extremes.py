"""Derivatives and extremes: what values on moderate inputs do not show."""

import pytest
import torch

from autograder.checks import Aspect, Extremes, Gradients, Values, derivative

X = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64)


def reference(x):
    return torch.nn.functional.softplus(x) * torch.sigmoid(x)


def gradients():
    aspects = (Aspect("both factors count", ((X,),)),)
    return Gradients("demo.g", "demo-g", 1, "cost", reference, aspects)


def extremes():
    far = torch.tensor([1e4, -1e4, 90.0])
    aspects = (Aspect("±10 000 must do", ((far,),)), Aspect("float16 too", ((far.half(),),)))
    return Extremes("demo.x", "demo-x", 1, "cost", reference, aspects)


def test_the_derivative_of_a_reference_is_what_finite_differences_say():
    step = 1e-6
    numeric = (reference(X + step) - reference(X - step)) / (2 * step)

    torch.testing.assert_close(derivative(reference)(X), numeric, rtol=1e-6, atol=1e-8)


def test_a_closed_form_is_checked_against_the_derivative(work):
    aspects = (Aspect("it is the slope", ((X,),)),)
    asked = Values("demo.s", "demo-s", 1, "slope", derivative(reference), aspects)
    right = "def slope(x):\n    s = x.sigmoid()\n    return s * s + F.softplus(x) * s * (1 - s)\n"

    assert asked.judge(work(right), None).status == "passed"
    assert asked.judge(work(right.replace("(1 - s)", "s")), None).status == "failed"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("F.softplus(x) * torch.sigmoid(x.detach())", "its gradient is wrong: both factors count"),
        ("(F.softplus(x) * torch.sigmoid(x)).detach()", "no gradient reaches its input"),
        ("F.relu(x)", "The gradient of cost is not right yet: both factors count."),
    ],
)
def test_a_lost_gradient_is_found_and_told_from_a_wrong_value(work, body, words):
    finding = gradients().judge(work(f"def cost(x):\n    return {body}\n"), None)

    assert finding.status == "failed"
    assert words in finding.message


def test_right_values_and_gradients_pass(work):
    source = "def cost(x):\n    return F.softplus(x) * torch.sigmoid(x)\n"

    assert gradients().judge(work(source), None).status == "passed"
    assert extremes().judge(work(source), None).status == "passed"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("torch.log(1 + x.exp()) * torch.sigmoid(x)", "cost gives infinity or NaN"),
        ("F.softplus(x).clamp(max=50) * torch.sigmoid(x)", "cost is finite, but not right"),
        (
            "torch.where(x > 30, x, torch.log1p(x.exp())) * torch.sigmoid(x)",
            "its gradient is infinite or NaN",
        ),
        ("F.softplus(x).detach() * torch.sigmoid(x)", "cost is right, but its gradient is not"),
    ],
)
def test_what_fails_at_extremes_is_said_exactly(work, body, words):
    finding = extremes().judge(work(f"def cost(x):\n    return {body}\n"), None)

    assert finding.status == "failed"
    assert words in finding.message
    assert finding.message.endswith("±10 000 must do.")


def test_float16_alone_costs_its_own_part(work):
    source = (
        "def cost(x):\n"
        "    return F.softplus(x) * torch.sigmoid(x) * (1 + (x.dtype == torch.half))\n"
    )

    assert extremes().judge(work(source), None).share == 0.5
