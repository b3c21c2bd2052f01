"""Messages keep what they are given, and reading any bytes gives a value or a WireError."""

import io
import json
import math
import struct
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox.wire import MOST_BYTES, WireError, pack, receive

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def read_back(data: bytes):
    stream = io.BytesIO(data)

    def exactly(count: int) -> bytes:
        part = stream.read(count)
        if len(part) < count:
            raise EOFError
        return part

    return receive(exactly)


@given(PLAIN)
def test_values_come_back_as_they_were(value) -> None:
    assert repr(read_back(pack(value))) == repr(value)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(1.5),
        torch.tensor([math.nan, math.inf, -0.0]),
        torch.arange(6).reshape(2, 3).T,
        torch.zeros(0, 3),
        torch.ones(3, requires_grad=True) * 2,
        torch.tensor([True, False]),
        torch.ones(1).expand(4),
        torch.tensor([1.0], dtype=torch.float16),
        torch.tensor([1.0], dtype=torch.bfloat16),
    ],
)
def test_tensors_come_back_as_numbers(tensor: torch.Tensor) -> None:
    back = read_back(pack({"x": [tensor]}))["x"][0]

    assert type(back) is torch.Tensor
    assert (back.dtype, back.shape, back.requires_grad) == (tensor.dtype, tensor.shape, False)
    assert torch.equal(back.nan_to_num(7), tensor.detach().nan_to_num(7))


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1}}, b"x", 1j, [object()]])
def test_what_is_no_value_cannot_be_sent(value) -> None:
    with pytest.raises(WireError, match="a value must be numbers"):
        pack(value)


def test_more_than_the_most_is_not_even_copied() -> None:
    with pytest.raises(WireError, match=f"at most {MOST_BYTES} bytes"):
        pack(torch.zeros(1).expand(10**13))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_harm(data: bytes) -> None:
    with suppress(WireError, EOFError):
        read_back(data)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_bodies_are_read_without_harm(body: bytes, numbers: bytes) -> None:
    with suppress(WireError):
        read_back(struct.pack("<II", len(body), len(numbers)) + body + numbers)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["float", "tensor", "list", "tuple", "dict", "x"]), inner)
    ),
    max_leaves=8,
)


@given(JSONS)
def test_any_json_is_read_without_harm(structure) -> None:
    body = json.dumps(structure).encode()
    with suppress(WireError):
        read_back(struct.pack("<II", len(body), 0) + body)


@pytest.mark.parametrize(("structure", "numbers"), [(2**32 - 1, 0), (0, 2**32 - 1), (2**24, 0)])
def test_a_long_message_is_refused_before_it_is_read(structure: int, numbers: int) -> None:
    with pytest.raises(WireError, match="at most"):
        read_back(struct.pack("<II", structure, numbers))


def test_many_tensors_are_refused_before_they_are_made() -> None:
    numbers = struct.pack("<Q", 2**21) + b"{" + b" " * 2**21

    with pytest.raises(WireError, match="too many"):
        read_back(struct.pack("<II", 4, len(numbers)) + b"null" + numbers)


def test_text_is_what_files_and_databases_take() -> None:
    back = read_back(pack(["a\0b", "\ud800"]))

    assert back == ["a\N{REPLACEMENT CHARACTER}b", "?"]
