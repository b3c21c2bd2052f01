"""A call is answered as it was asked, on copies, and says what became of it."""

import numpy as np
import pytest
import torch

from autograder.sandbox.answers import LONGEST_LINE, answer, one_line
from autograder.sandbox.session import Call

X = torch.tensor([1.0, 2.0])


def ask(function, *arguments, **settings):
    return answer(Call("f", arguments, **settings), {"f": function})


def test_the_gradient_is_of_the_weighted_sum() -> None:
    reply = ask(lambda x: x**3, X, gradient_of=0, gradient_weights=torch.tensor([1.0, 0.5]))

    assert reply.value.tolist() == [1.0, 8.0]
    assert reply.gradient.tolist() == [3.0, 6.0]
    assert not reply.value.requires_grad


def test_a_result_without_a_graph_has_no_gradient() -> None:
    assert ask(lambda x: x.detach() * 2, X, gradient_of=0).gradient is None
    assert ask(lambda x: 1.0, X, gradient_of=0).gradient is None


def test_a_changed_argument_is_noticed_and_the_askers_is_not_changed() -> None:
    reply = ask(lambda x: x.mul_(2), X)

    assert reply.changed
    assert X.tolist() == [1.0, 2.0]
    assert not ask(lambda x: x * 2, X).changed
    assert not ask(lambda x: x * 2, torch.tensor([float("nan")])).changed


def test_a_changed_list_is_noticed() -> None:
    assert ask(lambda xs: xs.append(1), [1, 2]).changed
    assert ask(lambda d: d.update(a=1), {"a": 2}).changed


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.ones(2), "ndarray"), (np.float64(1), "float64"), ([np.ones(1)], "list"), (1.5, "float")],
)
def test_arrays_come_as_tensors_under_their_own_name(value, kind: str) -> None:
    reply = ask(lambda: value)

    assert reply.kind == kind
    if kind == "ndarray":
        assert isinstance(reply.value, torch.Tensor)
    if kind == "list":
        assert isinstance(reply.value[0], torch.Tensor)


def test_what_is_no_function_is_missing() -> None:
    assert answer(Call("f"), {"f": 3}).status == "missing"
    assert answer(Call("f"), {}).status == "missing"


def test_an_error_is_one_bounded_line() -> None:
    def fails():
        raise ValueError("first\nsecond " + "x" * 1000)

    assert ask(fails).error == "ValueError: first"
    assert len(one_line(ValueError("x" * 1000))) == LONGEST_LINE
    assert one_line(ValueError()) == "ValueError"


def test_an_error_whose_text_exits_is_its_name() -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise SystemExit

    assert one_line(OddError()) == "OddError"


def test_a_value_that_does_not_stand_being_looked_at_is_unreadable() -> None:
    assert ask(lambda: np.array([object()])).status == "unreadable"
