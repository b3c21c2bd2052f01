"""Every fast path is left where autograd asks for more than one gradient in reverse."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.checkpoint import checkpoint

from tests.losses.fast.paths import PATHS, drawn

every_path = pytest.mark.parametrize("path", PATHS)


def prepared(path):
    """The loss, where it is asked, what it is there, weights for its values and its slope."""
    loss, shape = PATHS[path]
    leaf = drawn(*shape).requires_grad_()
    values = loss(leaf)
    outer = torch.linspace(0.5, 2.0, values.numel(), dtype=values.dtype).reshape(values.shape)
    return loss, leaf, outer, torch.autograd.grad(values, leaf, outer)[0]


@every_path
def test_forward_mode_agrees_with_reverse_mode(path):
    loss, leaf, outer, slope = prepared(path)
    direction = drawn(*leaf.shape)

    with forward_ad.dual_level():
        values = loss(forward_ad.make_dual(leaf.detach(), direction))
        along = forward_ad.unpack_dual(values).tangent

    torch.testing.assert_close((along * outer).sum(), (slope * direction).sum(), rtol=1e-6, atol=0)


@every_path
def test_several_gradients_at_once_are_each_its_own(path):
    loss, leaf, outer, slope = prepared(path)
    both = torch.stack([outer, -2 * outer])

    (got,) = torch.autograd.grad(loss(leaf), leaf, both, is_grads_batched=True)

    torch.testing.assert_close(got, torch.stack([slope, -2 * slope]), rtol=1e-6, atol=1e-12)


@every_path
def test_a_second_backward_pass_gives_what_the_first_gave(path):
    loss, leaf, outer, slope = prepared(path)
    values = loss(leaf)

    (first,) = torch.autograd.grad(values, leaf, outer, retain_graph=True)
    (second,) = torch.autograd.grad(values, leaf, outer)

    torch.testing.assert_close(first, slope, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(second, slope, rtol=1e-12, atol=1e-15)


@every_path
def test_what_is_forgotten_and_computed_anew_has_the_same_slope(path):
    loss, leaf, outer, slope = prepared(path)

    values = checkpoint(lambda z: loss(z * 1), leaf, use_reentrant=False)

    torch.testing.assert_close(torch.autograd.grad(values, leaf, outer)[0], slope)


@every_path
def test_a_tracer_sees_a_formula_that_holds_for_other_inputs(path):
    loss, leaf, _, _ = prepared(path)
    other = drawn(*leaf.shape)

    traced = make_fx(lambda z: loss(z), tracing_mode="real")(leaf.detach())

    torch.testing.assert_close(traced(other), loss(other), rtol=1e-8, atol=1e-10)
