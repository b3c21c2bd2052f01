"""What holds for the games of a critic and a generator, at their ends and at their optimum."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from torch.nn import functional

from lossedu.losses import adversarial_losses

KINDS = ["minimax", "non_saturating", "hinge"]
REAL = torch.tensor([4, 3, 2, 1])  # how often each of four things is real, of ten times
FAKE = torch.tensor([1, 1, 2, 6])


def drawn(n, seed=0):
    return 2 * torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def generator_slope(kind, fake_logits):
    leaf = fake_logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        adversarial_losses(kind).generator(leaf, reduction="sum"), leaf
    )
    return gradient


def value_of_critic(kind, logit_of_each, real=REAL, fake=FAKE):
    """The critic's loss over samples that hold each thing as often as it occurs."""
    critic = adversarial_losses(kind).critic
    return critic(logit_of_each.repeat_interleave(real), logit_of_each.repeat_interleave(fake))


def test_a_critic_and_a_generator_by_hand():
    # sigma = 3/4 on the real, 1/4 and 1/2 on the fakes; only the second fake is within the margin.
    real, fake = torch.tensor([3.0]).log(), torch.tensor([1 / 3, 1.0]).log()

    losses = {kind: adversarial_losses(kind) for kind in KINDS}

    charged = -math.log(3 / 4) - (math.log(3 / 4) + math.log(1 / 2)) / 2
    assert losses["minimax"].critic(real, fake).item() == pytest.approx(charged)
    assert losses["non_saturating"].critic(real, fake).item() == pytest.approx(charged)
    assert losses["hinge"].critic(real, fake) == 0.5
    assert losses["minimax"].generator(fake).item() == pytest.approx(math.log(3 / 8) / 2)
    assert losses["non_saturating"].generator(fake).item() == pytest.approx(math.log(8) / 2)
    assert losses["hinge"].generator(fake).item() == pytest.approx(math.log(3) / 2)


def test_the_critic_is_a_classifier_and_the_minimax_generator_gets_what_it_loses_on_fakes():
    real, fake = drawn(5), drawn(8, seed=1)
    critic, generator = adversarial_losses("minimax")
    bce = functional.binary_cross_entropy_with_logits
    on_real, on_fake = bce(real, torch.ones_like(real)), bce(fake, torch.zeros_like(fake))

    torch.testing.assert_close(critic(real, fake), on_real + on_fake)
    torch.testing.assert_close(generator(fake), -on_fake)


def test_where_the_fakes_are_perfect_the_best_critic_pays_log_4_and_one_of_margin_2():
    undecided = torch.zeros(4, dtype=torch.float64)

    values = [value_of_critic(kind, undecided, REAL, REAL).item() for kind in KINDS]

    assert values == pytest.approx([math.log(4), math.log(4), 2], rel=1e-14)


def test_the_best_critic_pays_log_4_less_twice_the_jensen_shannon_divergence():
    ratio = (REAL.double() / FAKE).log().requires_grad_()

    value = value_of_critic("minimax", ratio)
    (slope,) = torch.autograd.grad(value, ratio)

    divergence = jensenshannon(REAL.numpy(), FAKE.numpy()) ** 2
    assert value.item() == pytest.approx(math.log(4) - 2 * divergence, rel=1e-12)
    assert slope.abs().max() < 1e-15


def test_the_best_hinge_critic_takes_the_sign_and_pays_for_what_the_two_share():
    best = (REAL - FAKE).sign().double()
    others = np.random.default_rng(0).normal(scale=2, size=(200, 4))

    value = value_of_critic("hinge", best)

    assert value.item() == pytest.approx(2 * torch.minimum(REAL, FAKE).sum() / 10)
    assert all(value_of_critic("hinge", z) >= value for z in torch.from_numpy(others))


def test_only_the_minimax_generator_stops_learning_where_its_fakes_are_recognised():
    recognised = torch.tensor([-1e4, -40.0], dtype=torch.float64)

    assert generator_slope("minimax", recognised).abs().max() < 1e-17
    assert generator_slope("non_saturating", recognised).tolist() == [-1.0, -1.0]
    assert generator_slope("hinge", recognised).tolist() == [-1.0, -1.0]


def test_the_gradients_of_the_generators_are_the_sigmoids_of_the_docstring():
    fake = drawn(6)
    believed = torch.from_numpy(1 / (1 + np.exp(-fake.numpy())))

    torch.testing.assert_close(generator_slope("minimax", fake), -believed)
    torch.testing.assert_close(generator_slope("non_saturating", fake), believed - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck_passes(kind):
    critic, generator = adversarial_losses(kind)
    real, fake = drawn(4).requires_grad_(), drawn(6, seed=1).requires_grad_()

    assert torch.autograd.gradcheck(critic, (real, fake))
    assert torch.autograd.gradcheck(generator, fake)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_extreme_logits_are_charged_exactly_in_float32(kind, dtype):
    critic, generator = adversarial_losses(kind)
    big = torch.tensor([1e4], dtype=dtype)
    margin, exact = (1.0 if kind == "hinge" else 0.0), big.float()

    assert critic(big, -big) == 0
    assert critic(-big, big) == 2 * (exact + margin)
    assert generator(-big) == (exact if kind != "minimax" else 0)
    assert critic(big, -big).dtype == generator(big).dtype == torch.float32


@pytest.mark.parametrize("kind", KINDS)
def test_reductions_of_the_generator_agree_and_no_examples_cost_nothing(kind):
    critic, generator = adversarial_losses(kind)
    fake, nothing = drawn(6).reshape(2, 3), torch.zeros(0)

    each = generator(fake, reduction="none")

    assert each.shape == (2, 3)
    torch.testing.assert_close(generator(fake, reduction="sum"), each.sum())
    torch.testing.assert_close(generator(fake), each.mean())
    assert critic(nothing, nothing) == generator(nothing) == 0
    alone = critic(fake, nothing) + critic(nothing, fake)
    torch.testing.assert_close(critic(fake, fake), alone)


def test_unreduced_values_of_shapes_that_only_broadcast_are_refused():
    critic = adversarial_losses().critic

    assert critic(torch.zeros(3), torch.zeros(3), reduction="none").shape == (3,)
    with pytest.raises(ValueError, match="must have the same shape"):
        critic(torch.zeros(3, 1), torch.zeros(4), reduction="none")


def test_what_does_not_fit_is_refused():
    critic, generator = adversarial_losses()

    with pytest.raises(ValueError, match="kind must be one of 'minimax', 'non_saturating"):
        adversarial_losses("wasserstein")
    with pytest.raises(TypeError, match="real_logits must be a floating-point tensor"):
        critic(torch.ones(2, dtype=torch.long), torch.ones(2))
    with pytest.raises(TypeError, match="fake_logits must be a tensor, but is list"):
        generator([1.0])
    with pytest.raises(ValueError, match="reduction must be one of"):
        generator(torch.ones(2), reduction="max")
