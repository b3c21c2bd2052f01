"""What an exam shows tells nothing about what it hides."""

import pytest
import torch

from autograder.checks.streams import apart, stream
from autograder.rubrics.focal.exams import detection, distorted
from autograder.rubrics.ranking.ranked_lists import searches


def numbers(generator):
    return torch.rand(8, generator=generator, dtype=torch.float64).tolist()


def test_a_key_gives_one_stream_and_another_key_another():
    assert numbers(stream(b"a")) == numbers(stream(b"a"))
    assert numbers(stream(b"a")) != numbers(stream(b"b"))


def test_a_stream_has_more_than_the_32_bits_that_torch_keeps_of_a_seed():
    same = [numbers(torch.Generator().manual_seed(seed)) for seed in (5, 5 + 2**32)]
    assert same[0] == same[1], "a seed of torch would not do"

    states = [stream(bytes([number])).get_state()[24:].unique().numel() for number in range(3)]

    assert min(states) > 200
    assert numbers(stream((5).to_bytes(8))) != numbers(stream((5 + 2**32).to_bytes(8)))


def test_a_stream_is_uniform_and_normal():
    drawn = torch.rand(40_000, generator=stream(b"u"), dtype=torch.float64)
    normal = torch.randn(40_000, generator=stream(b"n"), dtype=torch.float64)

    errors = 5 / 200.0  # five standard errors of a mean of unit variance
    assert abs(drawn.mean().item() - 0.5) < errors
    assert abs(normal.mean().item()) < errors
    assert abs(normal.var().item() - 1) < 2 * errors


def test_streams_apart_differ_by_name_and_by_call():
    first, second = (stream(b"k") for _ in range(2))
    pairs = [apart(first, "a", "b"), apart(first, "a", "b"), apart(second, "a", "b")]

    drawn = [[numbers(one) for one in pair] for pair in pairs]

    assert drawn[0] == drawn[2]
    assert len({str(one) for pair in drawn[:2] for one in pair}) == 4


@pytest.mark.parametrize("draw", [detection, searches])
def test_hidden_labels_cannot_be_drawn_again_from_what_is_shown(draw, monkeypatch):
    """Who knows the whole state behind the shown data cannot say the labels."""
    module = __import__(draw.__module__, fromlist=["apart"])
    exams = {}
    for hidden in ("one", "other"):
        monkeypatch.setattr(
            module,
            "apart",
            lambda generator, *names, hidden=hidden: tuple(
                stream(f"{name}{hidden if name in ('labels', 'grades') else ''}".encode())
                for name in names
            ),
        )
        exams[hidden] = draw(stream(b"secret"))[0]

    one, other = exams["one"], exams["other"]
    noise = [exam.arguments[2] for exam in (one, other)]
    labels = [getattr(exam.hidden, "relevance", exam.hidden) for exam in (one, other)]
    assert torch.equal(one.arguments[0], other.arguments[0])
    assert (noise[0] - noise[1]).abs().median() < 1e-6
    assert not torch.equal(*labels)


def test_one_repair_does_not_fit_all_exams():
    first, second = (distorted(stream(key))[0] for key in (b"a", b"b"))

    first_bias, second_bias = (exam.hidden.mean().item() for exam in (first, second))

    assert abs(first_bias - second_bias) > 1e-3
