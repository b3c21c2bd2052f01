"""What holds for triplets with a soft margin: the softplus of a lead, alone or in a batch."""

import math

import pytest
import torch
from torch.nn import functional

from lossedu.losses import batch_triplet_loss, mine_triplets, triplet_loss
from tests.losses.triplets_by_loops import APART, BATCHES, drawn, listed, with_gradient

KINDS = ["all", "hard", "batch_hard"]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_distance = pytest.mark.parametrize("distance", APART)


def soft(points, triplets, distance):
    """The definition, over triplets that are written down."""
    anchor, near, far = points[triplets].unbind(1)
    ahead = APART[distance](anchor, near) - APART[distance](anchor, far)
    return torch.logaddexp(ahead, torch.zeros_like(ahead)).sum() / max(1, len(triplets))


def test_two_triplets_by_hand():
    # The positive is 1 nearer, then 2 farther: log(1 + e^-1), log(1 + e^2).
    anchor = torch.zeros(2, 1)
    positive, negative = torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [1.0]])

    got = triplet_loss(anchor, positive, negative, margin="soft", reduction="none")

    expected = [math.log1p(math.exp(-1)), math.log1p(math.exp(2))]
    assert got.tolist() == pytest.approx(expected)


@every_distance
def test_a_triplet_is_the_logistic_loss_of_its_lead(distance):
    a, p, n = drawn(24)[0].reshape(3, 8, 4).unbind()

    got = triplet_loss(a, p, n, margin="soft", distance=distance, reduction="none")

    lead = APART[distance](a, n) - APART[distance](a, p)
    torch.testing.assert_close(got, -functional.logsigmoid(lead))


def test_it_lies_above_the_hinge_without_margin_by_at_most_log_two():
    a, p, n = 5 * drawn(60)[0].reshape(3, 20, 4)

    above = triplet_loss(a, p, n, margin="soft", reduction="none")
    above = above - triplet_loss(a, p, n, margin=0.0, reduction="none")

    assert (above > 0).all()
    assert (above <= math.log(2)).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_leads_of_any_size_have_a_value_and_a_slope(dtype):
    anchor = torch.zeros(4, 1, dtype=dtype)
    positive = torch.tensor([[1e4], [0.0], [1.0], [3.0]], dtype=dtype)
    negative = torch.tensor([[0.0], [1e4], [1.0], [torch.nan]], dtype=dtype)

    _, slope = with_gradient(
        lambda x: triplet_loss(x, positive, negative, margin="soft", reduction="none").sum(), anchor
    )
    each = triplet_loss(anchor, positive, negative, margin="soft", reduction="none")

    assert each.dtype == torch.float32
    assert each[:3].tolist() == pytest.approx([positive[0].item(), 0, math.log(2)], rel=1e-6)
    assert each[3].isnan()
    assert slope[:3].isfinite().all()
    assert slope[3].isnan()


@every_kind
@every_distance
@pytest.mark.parametrize("batch", BATCHES)
def test_a_batch_is_the_mean_over_its_triplets(kind, distance, batch):
    points, labels = BATCHES[batch](14)
    triplets = listed(points, labels, kind, 0.0, distance)

    got = with_gradient(
        lambda x: batch_triplet_loss(x, labels, kind=kind, margin="soft", distance=distance), points
    )

    expected = with_gradient(lambda x: soft(x, triplets, distance), points)
    torch.testing.assert_close(got[0], expected[0])
    assert got[1].isfinite().all()
    if batch in ("random", "lopsided", "one class"):  # elsewhere a length of 0 has no slope
        torch.testing.assert_close(got[1], expected[1])


def test_a_batch_of_several_tiles_is_the_mean_over_its_triplets(monkeypatch):
    from lossedu.losses._fast import triplets as tiles

    monkeypatch.setattr(tiles, "_TILE", 100)
    points, labels = drawn(30, seed=2)
    written = mine_triplets(points, labels, kind="all")

    got = with_gradient(lambda x: batch_triplet_loss(x, labels, margin="soft"), points)

    expected = with_gradient(lambda x: soft(x, torch.stack(written, 1), "euclidean"), points)
    torch.testing.assert_close(got[0], expected[0])
    torch.testing.assert_close(got[1], expected[1])


@every_kind
def test_every_triplet_is_active(kind):
    points, labels = drawn(15, seed=3)

    each = [
        batch_triplet_loss(points, labels, kind=kind, margin="soft", average=average)
        for average in ("active", "all")
    ]

    torch.testing.assert_close(*each)


def test_agrees_with_pytorch_metric_learning():
    """Which subtracts its margin from the lead, and averages over all or over the active ones."""
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    distances = pytest.importorskip("pytorch_metric_learning.distances")
    points, labels = drawn(20, seed=4)
    loss = losses.TripletMarginLoss(
        margin=0.0,
        smooth_loss=True,
        distance=distances.LpDistance(normalize_embeddings=False),
    )

    got = batch_triplet_loss(points, labels, margin="soft")

    torch.testing.assert_close(got, loss(points, labels))


@every_kind
def test_gradients_of_any_order_and_transforms_agree(kind):
    points, labels = drawn(8, seed=5, dims=3)
    leaf = points.clone().requires_grad_()

    def loss(x):
        return batch_triplet_loss(x, labels, kind=kind, margin="soft")

    assert torch.autograd.gradcheck(loss, leaf)
    assert torch.autograd.gradgradcheck(loss, leaf)
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    torch.testing.assert_close(torch.func.grad(loss)(points), slope)
    torch.testing.assert_close(torch.func.vmap(loss)(points.unsqueeze(0))[0], loss(points))
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(points), loss(points))


@every_kind
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_an_embedding_that_is_not_finite_is_not_hidden_unless_masked(kind, value):
    points, labels = drawn(12)
    points[4, 1] = value
    shown = torch.arange(12) != 4

    assert batch_triplet_loss(points, labels, kind=kind, margin="soft").isnan()
    kept = batch_triplet_loss(points, labels, kind=kind, margin="soft", mask=shown)
    torch.testing.assert_close(
        kept, batch_triplet_loss(points[shown], labels[shown], kind=kind, margin="soft")
    )


@every_kind
def test_nothing_to_compare_costs_nothing(kind):
    for points, labels in (drawn(0), drawn(1), (drawn(4)[0], torch.zeros(4)), drawn(3, classes=1)):
        value, slope = with_gradient(
            lambda x, y=labels: batch_triplet_loss(x, y, kind=kind, margin="soft"), points
        )
        assert value == 0
        assert (slope == 0).all()


def test_what_is_no_margin_is_refused():
    points, labels = drawn(6)

    with pytest.raises(ValueError, match=r"^margin must be a number or 'soft', but is 'hard'"):
        triplet_loss(points, points, points, margin="hard")
    with pytest.raises(ValueError, match=r"^margin must be a number or 'soft', but is 'hard'"):
        batch_triplet_loss(points, labels, margin="hard")
    with pytest.raises(ValueError, match=r"^margin must be a number for semihard triplets, but is"):
        batch_triplet_loss(points, labels, kind="semihard", margin="soft")
    with pytest.raises(TypeError, match=r"^margin must be a number, but is the str 'soft'"):
        mine_triplets(points, labels, margin="soft")
