"""Big batches take a faster path, and it gives what small slices give on the plain one."""

import math

import pytest
import torch

from lossedu.losses import cross_entropy, sigmoid_focal_loss
from lossedu.losses._fast import row_slopes

CLASSES = 100


def drawn(*shape, seed=0, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)


def sliced(loss, logits, targets, **options):
    """The values of slices that are too small for anything but the plain formula."""
    step = 1000 if targets.is_floating_point() else 1000 // CLASSES
    parts = zip(logits.split(step), targets.split(step), strict=True)
    return torch.cat([loss(x, y, reduction="none", **options) for x, y in parts])


def derived(function, logits):
    """The values; gradient and second derivative where entry i counts i times."""
    leaf = logits.clone().requires_grad_()
    values = function(leaf)
    outer = torch.linspace(0.5, 2.0, values.numel(), dtype=values.dtype).reshape(values.shape)
    (slope,) = torch.autograd.grad(values, leaf, outer, retain_graph=True)
    (kept,) = torch.autograd.grad(values, leaf, outer, create_graph=True)
    (bend,) = torch.autograd.grad((kept * drawn(*kept.shape, seed=9).to(kept.dtype)).sum(), leaf)
    torch.testing.assert_close(kept.detach(), slope, rtol=1e-5, atol=1e-12)
    return values.detach(), slope, bend


def assert_same(got, expected, rtol=1e-11, atol=1e-14):
    for found, wanted in zip(got, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=rtol, atol=atol)


def events(n):
    """Logits of every size, each beside a 0 and a 1."""
    logits = drawn(n)
    logits[:12] = torch.tensor([1e4, -1e4, 700, -700, 40, -40]).double().repeat_interleave(2)
    return logits, (torch.arange(n) % 2).double()


def rows(n=700, scale=3.0):
    logits = drawn(n, CLASSES, scale=scale)
    return logits, torch.arange(n) * 7 % CLASSES


@pytest.mark.parametrize(
    ("n", "gamma"),
    [(140_000, g) for g in (0.0, 0.3, 1.0, 5.0)] + [(n, 2.0) for n in (70_000, 131_073, 300_001)],
)
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_loss_of_hard_targets(n, gamma, alpha):
    logits, targets = events(n)
    options = {"gamma": gamma, "alpha": alpha}

    got = derived(lambda x: sigmoid_focal_loss(x, targets, reduction="none", **options), logits)

    assert_same(got, derived(lambda x: sliced(sigmoid_focal_loss, x, targets, **options), logits))


@pytest.mark.parametrize("place", [0, 140_000, 200_000])
def test_one_soft_target_among_hard_ones(place):
    logits, targets = events(200_001)
    targets[place] = 0.3

    got = derived(lambda x: sigmoid_focal_loss(x, targets, reduction="none"), logits)

    assert_same(got, derived(lambda x: sliced(sigmoid_focal_loss, x, targets), logits))


@pytest.mark.parametrize("gamma", [0.3, 2.0])
def test_a_gamma_an_entry_is_a_gamma_for_all(gamma):
    logits, targets = events(140_000)

    got, expected = (
        derived(lambda x, g=g: sigmoid_focal_loss(x, targets, gamma=g, reduction="none"), logits)
        for g in (torch.full_like(logits, gamma), gamma)
    )

    assert_same(got, expected)


@pytest.mark.parametrize("gamma", [0.3, 2.0])
def test_focal_loss_masks_weighs_folds_and_halves(gamma):
    logits, targets = events(200_000)
    shown, weight = torch.arange(200_000) % 3 != 0, torch.arange(200_000).double()
    values = sliced(sigmoid_focal_loss, logits, targets, gamma=gamma)
    spoilt = torch.where(shown, logits, torch.nan).requires_grad_()
    folded = logits.reshape(400, 500).mT

    mean = sigmoid_focal_loss(spoilt, targets, gamma=gamma, mask=shown, weight=weight)
    mean.backward()
    half = sigmoid_focal_loss(
        folded.half(), targets.reshape(400, 500).mT, gamma=gamma, reduction="none"
    )

    torch.testing.assert_close(mean, (values * weight)[shown].sum() / weight[shown].sum())
    assert spoilt.grad.isfinite().all()
    assert (spoilt.grad[~shown] == 0).all()
    exact = sliced(sigmoid_focal_loss, logits.half().double(), targets, gamma=gamma)
    torch.testing.assert_close(half.mT.flatten(), exact.float(), rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("scale", [0.1, 3.0, 1e4])
@pytest.mark.parametrize("n", [656, 2700])
def test_cross_entropy_of_class_numbers(n, smoothing, scale):
    logits, targets = rows(n, scale)
    options = {"label_smoothing": smoothing}

    got = derived(lambda x: cross_entropy(x, targets, reduction="none", **options), logits)

    assert_same(got, derived(lambda x: sliced(cross_entropy, x, targets, **options), logits))


def test_rows_that_are_sure_keep_their_digits_and_ruled_out_classes_cost_nothing():
    logits, targets = rows()
    logits[:200].scatter_(1, targets[:200, None], 90.0)
    logits[torch.arange(700), (targets + 1) % CLASSES] = -torch.inf

    got = derived(lambda x: cross_entropy(x, targets, reduction="none"), logits)

    expected = derived(lambda x: sliced(cross_entropy, x, targets), logits)
    assert_same(got[:1], expected[:1], atol=0)
    assert_same(got[1:], expected[1:], atol=1e-15)
    assert 0 < got[0][:200].max() < 1e-30
    own = got[1].gather(1, targets[:, None])
    others = got[1].scatter(1, targets[:, None], 0.0).sum(1, keepdim=True)
    torch.testing.assert_close(own, -others, rtol=1e-11, atol=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ignored_and_masked_rows_may_hold_anything_and_weights_count(smoothing):
    logits, targets = rows()
    options = {"label_smoothing": smoothing}
    values = sliced(cross_entropy, logits, targets, **options)
    shown, weight = torch.arange(700) % 3 != 0, torch.arange(700).double()
    hidden = ~shown | (torch.arange(700) % 5 == 0)
    logits[hidden] = torch.nan
    targets[~shown], targets[hidden & shown] = 10**6, -1
    leaf = logits.requires_grad_()

    got = cross_entropy(leaf, targets, ignore_index=-1, mask=shown, weight=weight, **options)
    got.backward()

    torch.testing.assert_close(got, (values * weight)[~hidden].sum() / weight[~hidden].sum())
    assert (leaf.grad[hidden] == 0).all()
    assert leaf.grad.isfinite().all()
    nothing = torch.zeros(700, dtype=torch.bool)
    assert cross_entropy(leaf, targets, mask=nothing) == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_lower_precision_is_right_to_its_digits(dtype, smoothing):
    logits, targets = rows()
    logits[0, :2] = torch.tensor([1e4, -1e4])
    leaf = logits.to(dtype).requires_grad_()
    wide = leaf.detach().double().requires_grad_()

    got = cross_entropy(leaf, targets, label_smoothing=smoothing, reduction="none")
    got.sum().backward()

    expected = sliced(cross_entropy, wide, targets, label_smoothing=smoothing)
    expected.sum().backward()
    assert (got.dtype, leaf.grad.dtype) == (torch.float32, dtype)
    torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-30)
    digits = max(1e-5, torch.finfo(dtype).eps)
    torch.testing.assert_close(leaf.grad.double(), wide.grad, rtol=digits, atol=1e-7)


def test_leading_axes_and_views_are_batch():
    logits, targets = rows()
    turned = logits.mT.contiguous().mT.reshape(7, 100, CLASSES)

    got = derived(lambda x: cross_entropy(x, targets.reshape(7, 100), reduction="none"), turned)

    expected = derived(lambda x: sliced(cross_entropy, x, targets), logits)
    assert_same([x.reshape(y.shape) for x, y in zip(got, expected, strict=True)], expected)


BIG = {
    "focal": (sigmoid_focal_loss, *events(140_000)),
    "cross-entropy": (cross_entropy, *rows()),
}
every_path = pytest.mark.parametrize(("loss", "logits", "targets"), BIG.values(), ids=BIG)


@every_path
def test_torch_func_agrees_with_backward(loss, logits, targets):
    leaf = logits.clone().requires_grad_()

    got = torch.func.grad(lambda x: loss(x, targets))(logits)

    torch.testing.assert_close(got, torch.autograd.grad(loss(leaf, targets), leaf)[0])


@every_path
def test_backward_twice_gives_the_same_twice(loss, logits, targets):
    leaf = logits.clone().requires_grad_()
    value = loss(leaf, targets)

    once = torch.autograd.grad(value, leaf, retain_graph=True)[0]

    assert torch.equal(torch.autograd.grad(value, leaf)[0], once)


@every_path
@pytest.mark.parametrize("create_graph", [False, True])
def test_changed_logits_before_backward_are_an_error_not_a_wrong_gradient(
    loss, logits, targets, create_graph
):
    leaf = logits.clone().requires_grad_()
    scores = leaf * 1
    value = loss(scores, targets)
    scores.add_(1)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(value, leaf, create_graph=create_graph)


@every_path
@pytest.mark.parametrize("create_graph", [False, True])
def test_changed_targets_before_backward_never_give_a_wrong_gradient(
    loss, logits, targets, create_graph
):
    leaf, kept = logits.clone().requires_grad_(), targets.clone()
    (expected,) = torch.autograd.grad(loss(leaf, targets), leaf)
    value = loss(leaf, kept)
    kept.fill_(1)

    try:
        (slope,) = torch.autograd.grad(value, leaf, create_graph=create_graph)
    except RuntimeError:  # refused, as autograd does with a tensor that it kept
        return

    torch.testing.assert_close(slope, expected)


@pytest.mark.parametrize(
    ("path", "words", "options"),
    [
        ("focal", "gamma must be at least 0, but is -1", {"gamma": -1.0}),
        ("focal", "gamma must be at least 0, but is nan", {"gamma": math.nan}),
        ("focal", "alpha must lie in .0, 1., but is 2", {"alpha": 2.0}),
        ("focal", "reduction must be one of", {"reduction": "max"}),
        ("focal", "logits and gamma must have the same", {"gamma": torch.ones(3)}),
        ("cross-entropy", "label_smoothing must lie in .0, 1.", {"label_smoothing": 1.5}),
        ("cross-entropy", "reduction must be one of", {"reduction": "max"}),
        ("cross-entropy", "mask must have the shape", {"mask": torch.ones(7) > 0}),
    ],
)
def test_options_are_checked(path, words, options):
    loss, logits, targets = BIG[path]

    with pytest.raises(ValueError, match=f"^{words}"):
        loss(logits, targets, **options)


@pytest.mark.parametrize("path", BIG)
def test_one_bad_target_is_refused(path):
    loss, logits, targets = BIG[path]
    targets = targets.clone()
    targets[-1] = -3

    with pytest.raises(ValueError, match=r"^targets must .*, but contains -3 at index"):
        loss(logits, targets)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_rows_in_many_blocks_are_rows(smoothing, monkeypatch):
    logits, targets = rows()
    shares = drawn(700, CLASSES, seed=2).softmax(-1)
    options = {"label_smoothing": smoothing}

    def both(x):
        hard = cross_entropy(x, targets, reduction="none", **options)
        return hard + cross_entropy(x, shares, reduction="none")

    whole = derived(both, logits)
    monkeypatch.setattr(row_slopes, "_BLOCK", 2**10)

    assert_same(derived(both, logits), whole)
