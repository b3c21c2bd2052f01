"""What holds for losses of pairs and triplets alone: distances, margins, torch's own answers."""

import math

import mpmath as mp
import pytest
import torch
from torch.nn import functional

from lossedu import catalog
from lossedu.losses import contrastive_loss, triplet_loss
from lossedu.symbolic import oracle

DISTANCES = ["euclidean", "squared_euclidean", "cosine"]
every_distance = pytest.mark.parametrize("distance", DISTANCES)
every_margin = pytest.mark.parametrize("margin", [0.2, 1.0])


def drawn(count, *shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *shape, generator=generator, dtype=torch.float64).to(dtype).unbind()


def column(*numbers):
    return torch.tensor(numbers, dtype=torch.float64).unsqueeze(-1)


def losses():
    """Both losses as functions of embeddings that are all there is."""
    alternate = torch.arange(8) % 2 == 0
    found = {"contrastive": lambda a, b, **given: contrastive_loss(a, b, alternate, **given)}
    for distance in DISTANCES:
        found[distance] = lambda a, b, distance=distance, **given: triplet_loss(
            a, b, a.roll(1, 0), distance=distance, **given
        )
    return pytest.mark.parametrize("loss", found.values(), ids=found)


def test_four_pairs_by_hand():
    # At distance 1/2: (1/2)^2 / 2 together, (1 - 1/2)^2 / 2 apart; at 5: 25 / 2 together, 0 apart.
    a = torch.zeros(4, 2, dtype=torch.float64)
    b = torch.tensor([[0.3, 0.4], [0.3, 0.4], [3, 4], [3, 4]], dtype=torch.float64)

    got = contrastive_loss(a, b, torch.tensor([True, False, True, False]), reduction="none")

    assert got.tolist() == pytest.approx([0.125, 0.125, 12.5, 0.0])


def test_three_distances_by_hand():
    # The positive lies 2 away at a right angle, the negative 1 away in the anchor's direction.
    anchor, positive, negative = torch.tensor([[[1.0, 0.0]], [[1.0, 2.0]], [[2.0, 0.0]]])

    got = [triplet_loss(anchor, positive, negative, distance=d).item() for d in DISTANCES]

    assert got == pytest.approx([2 - 1 + 1, 4 - 1 + 1, (1 - 1 / math.sqrt(5)) - 0 + 1])


@every_margin
def test_contrastive_loss_on_a_line_is_the_formula_of_its_spec(margin):
    reference = oracle(catalog.spec("contrastive_loss"), margin=margin)
    gaps = column(-3.0, -0.99, -0.1, 1e-9, 0.15, 0.5, 2.0).repeat(2, 1).requires_grad_()
    same = torch.arange(14) < 7

    got = contrastive_loss(gaps, torch.zeros_like(gaps), same, margin=margin, reduction="none")
    (slopes,) = torch.autograd.grad(got.sum(), gaps)

    pairs = [(x, float(y)) for x, y in zip(gaps.flatten().tolist(), same, strict=True)]
    assert got.tolist() == pytest.approx([float(reference.value(*p)) for p in pairs], rel=1e-14)
    assert slopes.flatten().tolist() == pytest.approx(
        [float(reference.gradient(*p)) for p in pairs], rel=1e-14
    )


@every_margin
def test_triplet_loss_on_a_line_is_the_formula_of_its_spec(margin):
    reference = oracle(catalog.spec("triplet_loss"), margin=margin)
    leads = column(-0.9, -0.5, 0.1, 0.19, 0.21, 0.99, 1.01, 3.0)
    near, negative = torch.full_like(leads, -1), (1 + leads).requires_grad_()

    got = triplet_loss(0 * leads, near, negative, margin=margin, reduction="none")
    (slopes,) = torch.autograd.grad(got.sum(), negative)

    for lead, value, slope in zip(leads.flatten().tolist(), got, slopes, strict=True):
        assert value.item() == pytest.approx(float(reference.value(lead, 0)), abs=1e-15)
        assert slope.item() == float(reference.gradient(lead, 0))


@every_distance
def test_agrees_with_torch_given_the_same_distance(distance):
    triplet = [x.requires_grad_() for x in drawn(3, 9, 4, seed=2)]
    written = {
        "euclidean": lambda a, b: torch.linalg.vector_norm(a - b, dim=-1),
        "squared_euclidean": lambda a, b: (a - b).square().sum(-1),
        "cosine": lambda a, b: 1 - functional.cosine_similarity(a, b),
    }

    got = triplet_loss(*triplet, margin=0.5, distance=distance)
    expected = functional.triplet_margin_with_distance_loss(
        *triplet, distance_function=written[distance], margin=0.5
    )

    torch.testing.assert_close(got, expected)
    if distance == "euclidean":
        same = functional.triplet_margin_loss(*triplet, margin=0.5, eps=0.0)
        torch.testing.assert_close(got, same)
    torch.testing.assert_close(
        torch.autograd.grad(got, triplet), torch.autograd.grad(expected, triplet)
    )


def test_the_gradients_are_those_of_the_docstrings():
    a, b = drawn(2, 6, 3, seed=3)
    leaf, same, m = a.clone().requires_grad_(), torch.arange(6) < 2, 3.0
    d = (a - b).norm(dim=-1, keepdim=True)

    contrastive_loss(leaf, b, same, margin=m, reduction="sum").backward()

    inside = torch.where(d < m, -(m - d) * (a - b) / d, 0)
    torch.testing.assert_close(leaf.grad, torch.where(same.unsqueeze(-1), a - b, inside))
    positive = b.clone().requires_grad_()
    triplet_loss(a, positive, b + 0.1, reduction="sum").backward()
    torch.testing.assert_close(positive.grad, (b - a) / d)


def test_where_two_coincide_or_a_triplet_is_on_the_margin_the_gradient_is_zero():
    point = torch.tensor([[1.0, 2.0]], requires_grad=True)

    value = contrastive_loss(point, point.detach(), torch.tensor([False]))
    (slope,) = torch.autograd.grad(value, point, create_graph=True)

    assert value == 0.5
    assert slope.tolist() == [[0, 0]]
    assert torch.autograd.grad(slope.sum(), point, allow_unused=True)[0].isfinite().all()
    at = torch.zeros(1, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(triplet_loss(at, at + 2, at - 3, margin=1.0), at)
    assert slope.item() == 0


@losses()
def test_gradcheck_and_gradgradcheck_pass(loss):
    a, b = (x.requires_grad_() for x in drawn(2, 8, 3, seed=4))

    assert torch.autograd.gradcheck(loss, (a, b))
    assert torch.autograd.gradgradcheck(loss, (a, b))


@losses()
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_computed_in_float32(loss, dtype):
    a, b = drawn(2, 8, 3, seed=7, dtype=dtype)

    got = loss(a, b)

    assert got.dtype == torch.float32
    assert got == loss(a.float(), b.float())


@losses()
def test_a_mask_hides_anything_a_weight_repeats_and_nothing_is_zero(loss):
    a, b = drawn(2, 8, 3, seed=8)
    shown, nowhere = torch.arange(8) != 3, torch.zeros(8, dtype=torch.bool)
    values = loss(a, b, reduction="none")
    b[3] = torch.nan
    leaf = b.requires_grad_()

    got = loss(a, leaf, mask=shown)
    (slopes,) = torch.autograd.grad(got, leaf)

    torch.testing.assert_close(got, values[shown].mean())
    assert slopes.isfinite().all()
    times = torch.arange(8.0).double()
    weighted = loss(a, leaf, mask=shown, weight=times)
    torch.testing.assert_close(weighted, (times * values)[shown].sum() / times[shown].sum())
    assert loss(a, leaf, mask=nowhere) == 0


def test_an_empty_batch_is_zero_and_leading_axes_are_batch():
    a, b = drawn(2, 6, 4, seed=9)
    folded = a.reshape(2, 3, 4), b.reshape(2, 3, 4)
    same = torch.arange(6) % 2 == 0

    assert contrastive_loss(a[:0], b[:0], same[:0]) == 0
    assert triplet_loss(a[:0], b[:0], a[:0], reduction="none").shape == (0,)
    assert contrastive_loss(*folded, same.reshape(2, 3), reduction="none").shape == (2, 3)
    torch.testing.assert_close(triplet_loss(*folded, folded[0] + 1), triplet_loss(a, b, a + 1))


@pytest.mark.parametrize(
    ("dtype", "size"),
    [(torch.float32, s) for s in (1e-30, 1e30)] + [(torch.float64, s) for s in (1e-250, 1e250)],
)
def test_lengths_whose_squares_leave_the_dtype_are_right(dtype, size):
    a, p, n = drawn(3, 7, 4, seed=10, dtype=dtype)
    far = (size * a).requires_grad_()

    got = triplet_loss(far, size * p, size * n, margin=size)
    (slope,) = torch.autograd.grad(got, far)

    leaf = a.clone().requires_grad_()
    expected = triplet_loss(leaf, p, n)
    assert got.item() == pytest.approx(size * expected.item(), rel=1e-6)
    torch.testing.assert_close(slope, torch.autograd.grad(expected, leaf)[0])


@pytest.mark.parametrize("angle", [1e-12, 1e-7, 0.5, 3.0])
def test_the_cosine_distance_keeps_the_digits_of_small_angles(angle):
    anchor = torch.tensor([[1e-20, 0.0]], dtype=torch.float64)
    turned = 1e20 * torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)

    got = triplet_loss(anchor, turned, anchor, margin=0.0, distance="cosine").item()

    with mp.workdps(50):
        assert got == pytest.approx(float(1 - mp.cos(mp.mpf(angle))), rel=1e-14)


@losses()
def test_torch_func_agrees_with_a_loop(loss):
    a, b = drawn(2, 5, 8, 3, seed=11)

    got = torch.func.vmap(torch.func.grad(loss))(a, b)

    leaf = a.clone().requires_grad_()
    sum(loss(x, y) for x, y in zip(leaf, b, strict=True)).backward()
    torch.testing.assert_close(got, leaf.grad)


@pytest.mark.slow
def test_compiled_in_one_graph_agrees_with_eager():
    triplet = drawn(3, 8, 3, seed=12)
    torch.compiler.reset()

    compiled = torch.compile(triplet_loss, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(*triplet), triplet_loss(*triplet))


@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (
            ValueError,
            "margin must be at least 0",
            lambda a, y: contrastive_loss(a, a, y, margin=-1),
        ),
        (ValueError, "a and b must have the same", lambda a, y: contrastive_loss(a, a[:1], y)),
        (ValueError, "same must have the shape", lambda a, y: contrastive_loss(a, a, y[:1])),
        (TypeError, "same must be a boolean", lambda a, y: contrastive_loss(a, a, y.long())),
        (ValueError, "margin must be at", lambda a, y: triplet_loss(a, a, a, margin=math.nan)),
        (ValueError, "distance must be one of", lambda a, y: triplet_loss(a, a, a, distance="l2")),
        (ValueError, "anchor and negative must", lambda a, y: triplet_loss(a, a, a[:, :2])),
        (ValueError, "reduction must be one of", lambda a, y: triplet_loss(a, a, a, reduction="x")),
        (ValueError, "anchor must have a last axis", lambda a, y: triplet_loss(a.sum(), a, a)),
        (TypeError, "positive must be a floating", lambda a, y: triplet_loss(a, a.long(), a)),
        (TypeError, "mask must be a boolean", lambda a, y: triplet_loss(a, a, a, mask=y.long())),
    ],
)
def test_bad_input_is_refused(error, words, call):
    with pytest.raises(error, match=f"^{words}"):
        call(torch.zeros(2, 3), torch.tensor([True, False]))
