"""What holds for perplexity: the number of equally likely tokens that surprises as much."""

import math

import pytest
import torch
from sklearn.metrics import log_loss

from lossedu.losses import cross_entropy, perplexity


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def tokens(*shape, vocabulary=7, seed=1):
    return torch.randint(vocabulary, shape, generator=torch.Generator().manual_seed(seed))


def test_two_tokens_by_hand():
    # Probabilities 1/4 and 1/9: the square root of 4 * 9.
    logits = torch.tensor([[1.0, 3.0], [1.0, 8.0]], dtype=torch.float64).log()

    assert perplexity(logits, torch.tensor([0, 0])).item() == pytest.approx(6, rel=1e-14)


def test_a_model_without_an_idea_hesitates_among_the_whole_vocabulary():
    assert perplexity(torch.zeros(3, 50), tokens(3, vocabulary=50)).item() == pytest.approx(50)
    assert perplexity(torch.tensor([[3.0]]), torch.tensor([0])) == 1


def test_it_is_the_exponential_of_the_log_loss_of_scikit_learn():
    logits, targets = drawn(20, 7), tokens(20)

    expected = math.exp(log_loss(targets.numpy(), logits.softmax(-1).numpy(), labels=range(7)))

    assert perplexity(logits, targets).item() == pytest.approx(expected, rel=1e-12)


def test_nats_are_averaged_by_tokens_before_the_exponential():
    logits, targets = drawn(10, 7), tokens(10)
    first, rest = perplexity(logits[:2], targets[:2]), perplexity(logits[2:], targets[2:])

    pooled = torch.exp(0.2 * first.log() + 0.8 * rest.log())

    torch.testing.assert_close(perplexity(logits, targets), pooled)
    assert not torch.isclose(perplexity(logits, targets), 0.2 * first + 0.8 * rest, rtol=1e-3)


@pytest.mark.parametrize("padding", [-100, 3, 999])
def test_padding_does_not_count_whatever_its_number(padding):
    logits, targets = drawn(2, 4, 7), tokens(2, 4, vocabulary=3)
    counts = torch.tensor([[True, True, False, False], [True, True, True, False]])
    logits[~counts] = torch.nan

    got = perplexity(logits, torch.where(counts, targets, padding), ignore_index=padding)

    torch.testing.assert_close(got, perplexity(logits[counts], targets[counts]))


def test_mask_and_padding_hide_together():
    logits, targets = drawn(4, 7), torch.tensor([1, -100, 10**6, 2])
    mask = torch.tensor([True, True, False, True])

    got = perplexity(logits, targets, mask=mask)

    torch.testing.assert_close(got, perplexity(logits[[0, 3]], targets[[0, 3]]))


def test_a_weight_repeats_a_token():
    logits, targets, times = drawn(3, 7), tokens(3), torch.tensor([2, 0, 3])

    got = perplexity(logits, targets, weight=times.double())

    torch.testing.assert_close(
        got, perplexity(logits.repeat_interleave(times, 0), targets.repeat_interleave(times))
    )


def test_every_byte_is_a_token_also_where_its_number_is_the_padding_modulo_256():
    logits = drawn(1, 256)

    got = perplexity(logits, torch.tensor([156], dtype=torch.uint8))

    torch.testing.assert_close(got, perplexity(logits, torch.tensor([156])))


def test_it_is_one_where_no_position_counts():
    nothing = torch.full((3,), -100)
    logits = drawn(3, 7).requires_grad_()

    got = perplexity(logits, nothing)
    got.backward()

    assert got == 1
    assert (logits.grad == 0).all()
    assert perplexity(logits[:0], nothing[:0]) == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_extreme_logits_give_one_where_right_and_infinity_where_wrong(dtype):
    logits = torch.tensor([[1e4, -1e4, 0.0]], dtype=dtype)

    right, wrong = perplexity(logits, torch.tensor([0])), perplexity(logits, torch.tensor([1]))

    assert (right, wrong) == (1, torch.inf)
    assert right.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_computed_in_float32(dtype):
    logits, targets = drawn(9, 7).to(dtype), tokens(9)

    assert perplexity(logits, targets) == perplexity(logits.float(), targets)


def test_gradcheck_passes_and_the_gradient_is_perplexity_times_that_of_cross_entropy():
    logits, targets = drawn(4, 7).requires_grad_(), torch.tensor([1, -100, 6, 2])

    assert torch.autograd.gradcheck(lambda z: perplexity(z, targets), logits)
    value, counts = perplexity(logits, targets), targets >= 0
    (got,) = torch.autograd.grad(value, logits, retain_graph=True)
    (plain,) = torch.autograd.grad(
        cross_entropy(logits[counts], targets[counts]), logits, retain_graph=True
    )
    torch.testing.assert_close(got, value * plain)


def test_renaming_the_tokens_or_shifting_the_logits_changes_nothing():
    logits, targets, order = drawn(9, 7), tokens(9), torch.tensor([3, 1, 6, 0, 5, 2, 4])

    got = perplexity(100 + logits[:, order], order.argsort()[targets])

    torch.testing.assert_close(got, perplexity(logits, targets))


@pytest.mark.parametrize(
    ("error", "targets", "options", "message"),
    [
        (ValueError, torch.tensor([0, 7]), {}, "targets must be class numbers 0 to 6, but conta"),
        (TypeError, torch.zeros(2), {}, "targets must be integer class numbers, but has dtype"),
        (ValueError, torch.tensor([0]), {}, r"targets must have the shape \(2,\) of one class"),
        (TypeError, torch.tensor([0, 1]), {"mask": torch.ones(2)}, "mask must be a boolean"),
        (
            ValueError,
            torch.tensor([0, 1, 2]),
            {"mask": torch.ones(2, dtype=torch.bool)},
            r"targets must have the shape \(2,\) of one class number an example",
        ),
    ],
)
def test_what_does_not_fit_is_refused(error, targets, options, message):
    with pytest.raises(error, match=message):
        perplexity(torch.zeros(2, 7), targets, **options)
