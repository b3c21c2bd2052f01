"""Triplets of points that are huge, equal, in half precision or not finite."""

import pytest
import torch

from lossedu.losses import batch_triplet_loss, collapse_score, mine_triplets, triplet_loss
from tests.losses.triplets_by_loops import drawn, every_kind, with_gradient


@every_kind
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_an_embedding_that_is_not_finite_is_not_hidden(kind, value):
    points, labels = drawn(12)
    points[4, 1] = value

    assert batch_triplet_loss(points, labels, kind=kind).isnan()
    every = torch.func.vmap(lambda x: batch_triplet_loss(x, labels, kind=kind))
    assert every(points.unsqueeze(0)).isnan().all()
    shown = torch.arange(12) != 4
    assert batch_triplet_loss(points, labels, kind=kind, mask=shown).isfinite()


@every_kind
@pytest.mark.parametrize("size", [1e-200, 1.0, 1e100])
def test_one_far_point_hides_no_other(kind, size):
    points, labels = drawn(12)
    points[4, 1] = 1e150
    plain = torch.func.vmap(lambda x: batch_triplet_loss(x, labels, kind=kind, margin=size))

    got = batch_triplet_loss(points * size, labels, kind=kind, margin=size)

    torch.testing.assert_close(got, plain(size * points.unsqueeze(0))[0], rtol=1e-12, atol=0)


@every_kind
def test_where_all_coincide_the_loss_is_the_margin_and_the_gradient_is_zero(kind):
    points, labels = torch.full((12, 3), 0.1), torch.arange(12) % 3

    got = with_gradient(lambda x: batch_triplet_loss(x, labels, kind=kind, margin=0.5), points)

    assert got[0] == (0 if kind == "semihard" else 0.5)
    assert (got[1] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_half_precision_is_float32_and_extreme_sizes_only_scale(dtype, size):
    points, labels = drawn(20, seed=4)
    half = points.to(dtype)
    expected = with_gradient(lambda x: batch_triplet_loss(x, labels), half.double())

    value, slope = with_gradient(
        lambda x: batch_triplet_loss(x, labels, margin=size), size * half.float()
    )

    assert batch_triplet_loss(half, labels) == batch_triplet_loss(half.float(), labels)
    assert batch_triplet_loss(half, labels).dtype == torch.float32
    assert value.item() == pytest.approx(size * expected[0].item(), rel=1e-5)
    torch.testing.assert_close(slope.double(), expected[1], rtol=1e-4, atol=1e-6)


@every_kind
@pytest.mark.parametrize("distance", ["euclidean", "squared_euclidean", "cosine"])
def test_a_coordinate_that_is_nan_has_a_slope_of_nan(kind, distance):
    points, labels = drawn(12)
    points[4, 1] = torch.nan
    hidden = torch.arange(12) != 4

    def slopes(**options):
        leaf = points.clone().requires_grad_()
        batch_triplet_loss(leaf, labels, kind=kind, distance=distance, **options).backward()
        return leaf.grad

    assert slopes()[4, 1].isnan()
    assert slopes(mask=hidden).isfinite().all()


@pytest.mark.parametrize("distance", ["euclidean", "squared_euclidean", "cosine"])
def test_nan_is_no_distance_of_zero(distance):
    rows = torch.tensor([[torch.nan, 0.0], [1.0, 2.0]], requires_grad=True)

    values = triplet_loss(
        rows, torch.zeros(2, 2), torch.ones(2, 2), distance=distance, reduction="none"
    )
    (slopes,) = torch.autograd.grad(values.sum(), rows)

    assert values.isnan().tolist() == [True, False]
    assert slopes[0].isnan().any()
    assert slopes[1].isfinite().all()


def test_nan_is_neither_near_nor_far_and_fills_no_dimension():
    points, labels = drawn(12)
    points[4, 1] = torch.nan

    for measured in (lambda: mine_triplets(points, labels), lambda: collapse_score(points)):
        with pytest.raises(ValueError, match="embeddings must hold numbers, but contains nan"):
            measured()
