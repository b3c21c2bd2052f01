"""What holds for cross-entropy alone."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lossedu.losses import binary_cross_entropy_with_logits, cross_entropy


def drawn(*shape, seed=0):
    return 3 * torch.randn(
        shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def plain_python(row, shares):
    """Cross-entropy from its definition, in ordinary arithmetic."""
    largest = max(row)
    log_total = largest + math.log(sum(math.exp(z - largest) for z in row))
    return -sum(q * (z - log_total) for z, q in zip(row, shares, strict=True) if q)


def test_three_values_by_hand():
    # -log(1/2) = 0.693..., log(1 + e) = 1.313..., log(1 + 1/e) = 0.313...
    got = binary_cross_entropy_with_logits(
        torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64),
        torch.tensor([1.0, 0.0, 1.0]).double(),
        reduction="none",
    )

    assert got.tolist() == pytest.approx(
        [math.log(2), math.log(1 + math.e), math.log(1 + 1 / math.e)]
    )


@pytest.mark.parametrize("pos_weight", [None, 3.0])
def test_binary_agrees_with_torch(pos_weight):
    logits, targets = drawn(20), torch.rand(20, generator=torch.Generator().manual_seed(1)).double()
    weight = None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float64)

    got = binary_cross_entropy_with_logits(logits, targets, pos_weight=pos_weight)

    expected = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_categorical_agrees_with_torch(label_smoothing):
    logits, targets = drawn(12, 5), torch.arange(12) % 5
    targets[3] = -100

    got = cross_entropy(logits, targets, label_smoothing=label_smoothing)

    expected = functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    torch.testing.assert_close(got, expected)


def test_soft_targets_agree_with_torch_and_with_plain_arithmetic():
    logits, shares = drawn(6, 4), drawn(6, 4, seed=1).softmax(-1)

    got = cross_entropy(logits, shares, reduction="none")

    torch.testing.assert_close(got, functional.cross_entropy(logits, shares, reduction="none"))
    by_hand = [plain_python(z, q) for z, q in zip(logits.tolist(), shares.tolist(), strict=True)]
    assert got.tolist() == pytest.approx(by_hand, rel=1e-12)


def test_pos_weight_may_differ_by_label():
    logits, targets = drawn(3, 2), torch.ones(3, 2).double()
    weight = torch.tensor([1.0, 5.0], dtype=torch.float64)

    got = binary_cross_entropy_with_logits(logits, targets, pos_weight=weight, reduction="none")

    plain = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    torch.testing.assert_close(got, plain * weight)


@given(st.lists(st.floats(-300, 300), min_size=2, max_size=6), st.floats(-1e3, 1e3))
def test_adding_a_constant_to_all_logits_changes_nothing(row, shift):
    logits = torch.tensor([row], dtype=torch.float64)
    target = torch.tensor([0])

    torch.testing.assert_close(
        cross_entropy(logits + shift, target), cross_entropy(logits, target), rtol=1e-9, atol=1e-9
    )


@given(st.floats(-1e4, 1e4))
def test_two_classes_are_the_binary_loss_of_the_difference(z):
    two = torch.tensor([[0.0, z]], dtype=torch.float64)

    got = cross_entropy(two, torch.tensor([1]))

    one = binary_cross_entropy_with_logits(two[0, 1:], torch.ones(1).double())
    tiny = torch.finfo(one.dtype).tiny  # below it numbers have fewer digits
    torch.testing.assert_close(got, one, rtol=1e-13, atol=tiny)


def test_gradient_is_probability_minus_target():
    logits = drawn(5, 3).requires_grad_()
    targets = torch.arange(5) % 3

    cross_entropy(logits, targets, reduction="sum").backward()

    expected = logits.detach().softmax(-1) - functional.one_hot(targets, 3)
    torch.testing.assert_close(logits.grad, expected)


def test_a_tiny_loss_keeps_its_digits_where_torch_gives_zero():
    logits = torch.tensor([[50.0, 0.0]], dtype=torch.float64)

    got = cross_entropy(logits, torch.tensor([0])).item()

    assert got == pytest.approx(math.exp(-50), rel=1e-12, abs=0)
    assert functional.cross_entropy(logits, torch.tensor([0])).item() == 0.0


def test_tied_largest_logits_share_the_gradient_as_the_formula_says():
    logits = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)

    cross_entropy(logits, torch.tensor([2])).backward()

    assert logits.grad.tolist() == [[0.25, 0.25, -0.75, 0.25]]


def test_a_class_ruled_out_by_minus_infinity_costs_and_learns_nothing():
    logits = torch.tensor([[1.0, -torch.inf, 2.0]], dtype=torch.float64, requires_grad=True)

    hard = cross_entropy(logits, torch.tensor([0]))
    soft = cross_entropy(logits, torch.tensor([[1.0, 0.0, 0.0]]).double())
    (hard + soft).backward()

    assert hard.item() == pytest.approx(math.log(1 + math.e))
    assert soft.item() == pytest.approx(hard.item())
    assert logits.grad[0, 1] == 0
    assert logits.grad.isfinite().all()


def test_one_class_is_certain():
    logits = torch.tensor([[3.0], [-1e4]], requires_grad=True)

    loss = cross_entropy(logits, torch.tensor([0, 0]))
    loss.backward()

    assert loss == 0
    assert (logits.grad == 0).all()


def test_all_ignored_gives_zero():
    assert cross_entropy(drawn(3, 4), torch.full((3,), -100)) == 0


def test_label_smoothing_puts_a_floor_under_the_loss():
    # epsilon = 0.1 over 10 classes: the floor is the entropy of (0.91, 0.01 x 9) = 0.5002...
    q = torch.full((10,), 0.01, dtype=torch.float64)
    q[0] = 0.91

    at_best = cross_entropy(q.log().unsqueeze(0), torch.tensor([0]), label_smoothing=0.1)

    assert at_best.item() == pytest.approx(-(q * q.log()).sum().item())
    assert round(at_best.item(), 3) == 0.500


def test_the_slope_in_a_target_of_zero_is_the_surprise_of_its_class():
    logits = torch.tensor([[0.0, 1.0, 2.0]], dtype=torch.float64)
    ours = torch.tensor([[0.0, 0.5, 0.5]], dtype=torch.float64, requires_grad=True)
    torchs = ours.detach().clone().requires_grad_()

    cross_entropy(logits, ours).backward()
    functional.cross_entropy(logits, torchs).backward()

    torch.testing.assert_close(ours.grad, -logits.log_softmax(-1), rtol=1e-14, atol=0)
    torch.testing.assert_close(ours.grad, torchs.grad, rtol=1e-14, atol=0)


WEIGHTS = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.5], dtype=torch.float64)


def weighted_by_hand(rows, targets, weights, smoothing):
    """The weighted mean over examples, from its definition, one example after the other."""
    paid = divisor = 0.0
    for row, target in zip(rows, targets, strict=True):
        if target == -100:
            continue
        shares = [smoothing / len(row)] * len(row)
        shares[target] += 1 - smoothing
        paid += plain_python(row, [w * q for w, q in zip(weights, shares, strict=True)])
        divisor += weights[target]
    return paid / divisor


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_class_weights_agree_with_plain_arithmetic(smoothing):
    logits, targets = drawn(12, 5), torch.arange(12) % 5
    targets[3] = -100

    got = cross_entropy(logits, targets, class_weights=WEIGHTS, label_smoothing=smoothing)

    by_hand = weighted_by_hand(logits.tolist(), targets.tolist(), WEIGHTS.tolist(), smoothing)
    assert got.item() == pytest.approx(by_hand, rel=1e-13)


KINDS = ["numbers", "shares"]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_and_a_class_axis_agree_with_torch(kind, smoothing, reduction):
    images = drawn(3, 5, 4, 2).requires_grad_()
    targets = torch.arange(24).reshape(3, 4, 2) % 5
    targets[1, 2] = -100
    if kind == "shares":
        targets = drawn(3, 5, 4, 2, seed=1).softmax(1)
    options = {"label_smoothing": smoothing, "reduction": reduction}

    ours = cross_entropy(images, targets, class_weights=WEIGHTS, axis=1, **options)
    torchs = functional.cross_entropy(images, targets, weight=WEIGHTS, **options)

    torch.testing.assert_close(ours, torchs)
    slopes = [torch.autograd.grad(loss.sum(), images)[0] for loss in (ours, torchs)]
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_have_both_derivatives(kind, smoothing):
    logits, targets = drawn(4, 5).requires_grad_(), torch.tensor([0, 1, 3, 4])
    targets = targets if kind == "numbers" else drawn(4, 5, seed=1).softmax(-1)
    weights = (WEIGHTS + 0.5).requires_grad_()

    def loss(z, w):
        return cross_entropy(z, targets, class_weights=w, label_smoothing=smoothing)

    assert torch.autograd.gradcheck(loss, (logits, weights))
    assert torch.autograd.gradgradcheck(loss, (logits, weights))


def test_an_example_counts_by_its_weight_times_that_of_its_class():
    logits, targets = drawn(4, 5), torch.tensor([0, 1, 1, 4])
    weight = torch.tensor([1.0, 0.0, 2.0, 3.0], dtype=torch.float64)

    got = cross_entropy(logits, targets, class_weights=WEIGHTS, weight=weight)

    each = cross_entropy(logits, targets, reduction="none")
    joint = weight * WEIGHTS[targets]
    torch.testing.assert_close(got, (joint * each).sum() / joint.sum())


def test_a_batch_of_classes_that_do_not_count_costs_nothing_and_teaches_nothing():
    logits = drawn(3, 5).requires_grad_()
    targets = torch.full((3,), 2)

    for smoothing in (0.0, 0.3):
        loss = cross_entropy(logits, targets, class_weights=WEIGHTS, label_smoothing=smoothing)
        (slope,) = torch.autograd.grad(loss, logits)
        assert loss == 0
        assert (slope == 0).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_class_that_is_ruled_out_and_weighs_nothing_costs_nothing(smoothing):
    logits = torch.tensor([[1.0, -torch.inf], [0.0, 2.0]], requires_grad=True)

    each = cross_entropy(
        logits,
        torch.tensor([1, 0]),
        class_weights=[1.0, 0.0],
        label_smoothing=smoothing,
        reduction="none",
    )
    (slope,) = torch.autograd.grad(each.sum(), logits)

    assert each.isfinite().all()
    assert slope.isfinite().all()
    assert each[0] == smoothing / 2 * functional.cross_entropy(logits[:1], torch.tensor([0]))


@pytest.mark.parametrize("kind", KINDS)
def test_class_weights_of_one_change_nothing_and_may_be_a_list(kind):
    logits, targets = drawn(6, 5), torch.arange(6) % 5
    targets = targets if kind == "numbers" else drawn(6, 5, seed=1).softmax(-1)

    got = cross_entropy(logits, targets, class_weights=[1, 1, 1, 1, 1], label_smoothing=0.1)

    torch.testing.assert_close(got, cross_entropy(logits, targets, label_smoothing=0.1))


def test_a_list_of_class_weights_keeps_its_digits():
    logits, targets = drawn(6, 5), torch.arange(6) % 5
    weights = [0.1, 0.2, 0.3, 0.4, 0.7]

    got = cross_entropy(logits, targets, class_weights=weights)

    exact = torch.tensor(weights, dtype=torch.float64)
    torch.testing.assert_close(
        got, cross_entropy(logits, targets, class_weights=exact), rtol=1e-15, atol=0
    )


def test_two_weighted_classes_are_the_binary_loss_with_pos_weight():
    z, y = drawn(9), torch.arange(9) % 2

    got = cross_entropy(torch.stack([0 * z, z], -1), y, class_weights=[1.0, 3.0], reduction="none")

    one = binary_cross_entropy_with_logits(z, y, pos_weight=3.0, reduction="none")
    torch.testing.assert_close(got, one)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_weighted_classes_in_half_precision_are_finite_at_extremes(dtype):
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], dtype=dtype, requires_grad=True)
    weights = torch.tensor([1e-3, 2.0, 1.0])

    for targets in (torch.tensor([1, 1]), torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])):
        loss = cross_entropy(logits, targets, class_weights=weights, label_smoothing=0.1)
        (slope,) = torch.autograd.grad(loss, logits)

        exact = cross_entropy(
            logits.double(),
            targets.double() if targets.ndim > 1 else targets,
            class_weights=weights.double(),
            label_smoothing=0.1,
        )
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss.double(), exact, rtol=1e-6, atol=0)
        assert slope.isfinite().all()


@pytest.mark.parametrize("rows", [4, 700])
def test_class_weights_work_in_every_transform(rows):
    logits, targets = drawn(rows, 100), torch.arange(rows) * 7 % 100
    weights = torch.linspace(0.0, 3.0, 100, dtype=torch.float64)

    def loss(z, t=targets):
        return cross_entropy(z.T, t, class_weights=weights, axis=0)

    leaf = logits.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    torch.testing.assert_close(torch.func.grad(loss)(logits), slope)
    parts, numbers = logits.reshape(2, -1, 100), targets.reshape(2, -1)
    each = torch.func.vmap(loss)(parts, numbers)
    one_by_one = [loss(z, t) for z, t in zip(parts, numbers, strict=True)]
    torch.testing.assert_close(each, torch.stack(one_by_one))
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(logits), loss(logits))


def test_nothing_at_all_gives_zero_with_class_weights():
    none = cross_entropy(torch.zeros(0, 2), torch.zeros(0).long(), class_weights=[1.0, 2.0])
    hidden = cross_entropy(
        torch.full((2, 2), torch.nan),
        torch.tensor([7, -3]),
        class_weights=[1.0, 2.0],
        mask=torch.zeros(2, dtype=torch.bool),
    )

    assert none == hidden == 0


@pytest.mark.parametrize(
    ("error", "weights", "message"),
    [
        (
            ValueError,
            [1.0, 2.0],
            r"class_weights must have the shape \(5,\) of one weight a class, b",
        ),
        (ValueError, torch.ones(5, 1), r"class_weights must have the shape \(5,\) of one weight a"),
        (
            ValueError,
            [1, 1, -2, 1, 1],
            "class_weights must be at least 0 and finite, but contains -2",
        ),
        (
            ValueError,
            [1, 1, math.nan, 1, 1],
            "class_weights must be at least 0 and finite, but con",
        ),
        (
            TypeError,
            torch.ones(5, dtype=torch.complex64),
            "class_weights must be real, but has dty",
        ),
    ],
)
def test_class_weights_that_do_not_fit_are_refused(error, weights, message):
    with pytest.raises(error, match=message):
        cross_entropy(drawn(2, 5), torch.tensor([0, 1]), class_weights=weights)


def by_hand_broadcast(logits, targets, weight):
    """Binary cross-entropy with a weight for each entry, found by counting axes from the last."""
    total = []
    for place in product(*map(range, logits.shape)):
        own = place[len(place) - weight.ndim :]
        w = weight[tuple(0 if size == 1 else i for i, size in zip(own, weight.shape, strict=True))]
        z, y = logits[place].item(), targets[place].item()
        total.append(w.item() * y * math.log1p(math.exp(-z)) + (1 - y) * math.log1p(math.exp(z)))
    return total


SHAPES = [(), (1,), (2,), (4, 1), (3, 1, 1), (3, 4, 2), (5, 1, 1, 1), (5, 3, 4, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pos_weight_broadcasts_over_any_axes_as_in_torch(shape):
    logits, weight = drawn(5, 3, 4, 2), drawn(1, *shape, seed=1)[0].exp().requires_grad_()
    targets = (drawn(5, 3, 4, 2, seed=2) > 0).double()

    got = binary_cross_entropy_with_logits(logits, targets, pos_weight=weight, reduction="none")

    by_hand = by_hand_broadcast(logits, targets, weight)
    assert got.flatten().tolist() == pytest.approx(by_hand, rel=1e-12)
    torchs = functional.binary_cross_entropy_with_logits(
        logits, targets, pos_weight=weight.detach(), reduction="none"
    )
    torch.testing.assert_close(got.detach(), torchs)
    (slope,) = torch.autograd.grad(got.sum(), weight)
    surprise = targets * functional.softplus(-logits)
    torch.testing.assert_close(slope, surprise.sum_to_size(shape))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((3,), " Hint: pass pos_weight.view(-1, 1, 1) for axis 1."),
        ((5,), " Hint: pass pos_weight.view(-1, 1, 1, 1) for axis 0."),
        ((7,), ""),
        ((2, 1), ""),
        ((1, 5, 3, 4, 2), ""),
        ((0,), ""),
    ],
)
def test_a_pos_weight_that_does_not_broadcast_is_refused(shape, hint):
    logits = drawn(5, 3, 4, 2)

    with pytest.raises(ValueError, match="pos_weight must broadcast") as caught:
        binary_cross_entropy_with_logits(logits, logits > 0, pos_weight=torch.ones(shape))

    assert str(caught.value) == (
        "pos_weight must broadcast to the shape (5, 3, 4, 2) of logits, "
        f"but has shape {shape}.{hint}"
    )
