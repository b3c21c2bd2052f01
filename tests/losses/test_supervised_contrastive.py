"""What holds for the supervised contrastive loss alone: its sums, its anchors, its other view."""

import math

import mpmath as mp
import pytest
import torch

from lossedu.losses import nt_xent_loss, supervised_contrastive_loss

TEMPERATURES = [0.02, 0.1, 1.0]
every_temperature = pytest.mark.parametrize("temperature", TEMPERATURES)


def drawn(n, d=4, seed=0, classes=3):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, d, generator=generator, dtype=torch.float64)
    return points, torch.randint(0, classes, (n,), generator=generator)


def by_loops(points, labels, temperature=0.1, normalize=True):
    """Equation 2 of the paper as it stands; None for an anchor without a positive."""
    rows = [row.double() for row in points]
    if normalize:
        rows = [row / row.norm() for row in rows]
    labels, values = labels.tolist(), []
    for i, z in enumerate(rows):
        against = [torch.dot(z, rows[a]) / temperature for a in range(len(rows)) if a != i]
        positives = [p for p in range(len(rows)) if p != i and labels[p] == labels[i]]
        if not positives:
            values.append(None)
            continue
        total = torch.logsumexp(torch.stack(against), 0)
        logs = [torch.dot(z, rows[p]) / temperature - total for p in positives]
        values.append(-sum(logs) / len(positives))
    return values


def mean_by_loops(points, labels, **options):
    counted = [value for value in by_loops(points, labels, **options) if value is not None]
    return sum(counted) / len(counted)


def with_gradient(function, points):
    leaf = points.clone().requires_grad_()
    value = function(leaf)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


BATCHES = {
    "random": drawn,
    "one class": lambda n: (drawn(n)[0], torch.zeros(n, dtype=torch.long)),
    "a class alone": lambda n: (drawn(n)[0], (torch.arange(n) - n // 2).clamp(min=0)),
    "repeated": lambda n: (drawn(n)[0][torch.arange(n) // 3], drawn(n)[1]),
    "pairs": lambda n: (drawn(n)[0], torch.arange(n) // 2),
}
every_batch = pytest.mark.parametrize("batch", BATCHES)


def test_an_anchor_with_two_positives_by_hand():
    # Cosines 1, 0 with the positives and 0 with the stranger, T = 1: the total is e + 2, and the
    # two logarithms are 1 - log(e + 2) and 0 - log(e + 2).
    points = torch.tensor([[1.0, 0, 0], [2.0, 0, 0], [0, 3.0, 0], [0, 0, 1.0]])

    got = supervised_contrastive_loss(
        points, torch.tensor([7, 7, 7, 1]), temperature=1.0, reduction="none"
    )

    assert got[0].item() == pytest.approx(math.log(math.e + 2) - 0.5)
    assert got[3] == 0


@every_batch
@every_temperature
@pytest.mark.parametrize("n", [2, 3, 10, 24])
def test_value_and_gradient_are_those_of_the_paper(batch, temperature, n):
    points, labels = BATCHES[batch](n)
    if all(value is None for value in by_loops(points, labels)):
        assert supervised_contrastive_loss(points, labels) == 0
        return

    got = with_gradient(
        lambda x: supervised_contrastive_loss(x, labels, temperature=temperature), points
    )

    expected = with_gradient(lambda x: mean_by_loops(x, labels, temperature=temperature), points)
    torch.testing.assert_close(got[0], expected[0], rtol=1e-11, atol=1e-12)
    unit = expected[1].abs().max().clamp(min=1e-3)
    torch.testing.assert_close(got[1] / unit, expected[1] / unit, rtol=0, atol=1e-10)


@every_batch
def test_each_anchor_has_its_own_value_and_those_without_a_positive_have_none(batch):
    points, labels = BATCHES[batch](12)

    got = supervised_contrastive_loss(points, labels, reduction="none")

    expected = [0.0 if value is None else value.item() for value in by_loops(points, labels)]
    assert got.tolist() == pytest.approx(expected, rel=1e-11, abs=1e-12)


def test_rows_as_they_are_keep_their_length():
    points, labels = drawn(9, seed=1)

    got = supervised_contrastive_loss(points, labels, normalize=False, temperature=2.0)

    expected = mean_by_loops(points, labels, normalize=False, temperature=2.0)
    torch.testing.assert_close(got, expected)


def test_agrees_with_pytorch_metric_learning():
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    points, labels = drawn(20, seed=2)

    got = supervised_contrastive_loss(points.float(), labels)

    theirs = losses.SupConLoss(temperature=0.1)(points.float(), labels)
    torch.testing.assert_close(got, theirs, rtol=1e-5, atol=0)


@every_temperature
def test_two_views_a_label_are_nt_xent(temperature):
    a, b = drawn(6, seed=3)[0], drawn(6, seed=4)[0]
    points, labels = torch.cat([a, b]), torch.arange(6).repeat(2)

    got = with_gradient(
        lambda x: supervised_contrastive_loss(x, labels, temperature=temperature), points
    )

    expected = with_gradient(lambda x: nt_xent_loss(x[:6], x[6:], temperature=temperature), points)
    torch.testing.assert_close(got[0], expected[0], rtol=1e-13, atol=0)
    torch.testing.assert_close(got[1], expected[1], rtol=1e-11, atol=1e-14)


@every_temperature
def test_a_pair_that_is_almost_right_keeps_its_digits(temperature):
    near = torch.tensor([[1.0, 0.0], [1.0, 1e-3], [-1.0, 0.0], [-1.0, 1e-3]], dtype=torch.float64)

    got = supervised_contrastive_loss(
        near, torch.tensor([0, 0, 1, 1]), temperature=temperature, reduction="none"
    )[0]

    with mp.workdps(50):
        side = mp.mpf(near[1, 1].item())
        own = 1 / mp.sqrt(1 + side**2)
        apart = (mp.exp((-1 - own) / temperature), mp.exp((-own - own) / temperature))
        assert got.item() == pytest.approx(float(mp.log1p(sum(apart))), rel=1e-11)


def test_the_loss_is_at_least_the_logarithm_of_the_number_of_positives():
    """Reached where a class is a point, and the others are far: equation 2 is not 0 there."""
    points = torch.tensor([[1.0, 0.0]] * 4 + [[-1.0, 0.0]] * 4, dtype=torch.float64)
    labels = torch.arange(8) // 4

    assert supervised_contrastive_loss(points, labels, temperature=0.02).item() == pytest.approx(
        math.log(3)
    )
    scattered, kinds = drawn(30, seed=5)
    values = supervised_contrastive_loss(scattered, kinds, reduction="none")
    others = (kinds.unsqueeze(1) == kinds).sum(1) - 1
    assert (values >= others.double().log() - 1e-12).all()


def test_a_mask_is_the_same_as_leaving_out():
    points, labels = drawn(12, seed=6)
    mask = torch.arange(12) % 4 != 1
    kept = supervised_contrastive_loss(points[mask], labels[mask])
    points[~mask] = torch.nan

    value, slopes = with_gradient(
        lambda x: supervised_contrastive_loss(x, labels, mask=mask), points
    )

    torch.testing.assert_close(value, kept)
    assert (slopes[~mask] == 0).all()
    assert slopes[mask].isfinite().all()


def test_a_hidden_row_is_nobodys_positive():
    """Two of a label, of which one is hidden, are one alone."""
    points = torch.eye(4, dtype=torch.float64)

    got = supervised_contrastive_loss(
        points,
        torch.tensor([0, 0, 1, 1]),
        mask=torch.tensor([True, False, True, True]),
        reduction="none",
    )

    assert (got == 0).tolist() == [True, True, False, False]


def test_nothing_that_counts_gives_zero_with_zero_gradient():
    points, labels = drawn(5, seed=7)
    for options in ({"labels": torch.arange(5)}, {"mask": torch.zeros(5, dtype=torch.bool)}):
        given = {"labels": labels, **options}
        value, slopes = with_gradient(
            lambda x, g=given: supervised_contrastive_loss(x, **g), points
        )
        assert value == 0
        assert (slopes == 0).all()
    assert supervised_contrastive_loss(points[:0], labels[:0]) == 0
    assert supervised_contrastive_loss(points[:0], labels[:0], reduction="none").shape == (0,)
    assert supervised_contrastive_loss(points[:1], labels[:1]) == 0


def test_weights_weigh_anchors():
    points, labels = drawn(10, seed=8)
    weight = torch.arange(10.0).double()

    got = supervised_contrastive_loss(points, labels, weight=weight)

    values = supervised_contrastive_loss(points, labels, reduction="none")
    counted = (labels.unsqueeze(1) == labels).sum(1) > 1
    torch.testing.assert_close(got, (weight * values).sum() / weight[counted].sum())


def test_order_and_names_of_classes_do_not_matter():
    points, labels = drawn(11, seed=9)
    order = torch.randperm(11, generator=torch.Generator().manual_seed(0))
    renamed = torch.tensor([2**40, -5, 17])[labels]
    plain = supervised_contrastive_loss(points, labels, reduction="none")

    turned = supervised_contrastive_loss(points[order], renamed[order], reduction="none")

    torch.testing.assert_close(turned, plain[order])
    for dtype in (torch.uint8, torch.int16, torch.uint16, torch.uint64, torch.float64):
        kinds = labels.to(dtype)
        torch.testing.assert_close(
            supervised_contrastive_loss(points, kinds, reduction="none"), plain
        )
    two = labels == 1
    torch.testing.assert_close(
        supervised_contrastive_loss(points, two), supervised_contrastive_loss(points, two.long())
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    points, labels = drawn(10, seed=10)

    got = supervised_contrastive_loss(points.to(dtype), labels, temperature=0.02)

    assert got.dtype == torch.float32
    torch.testing.assert_close(
        got, supervised_contrastive_loss(points.to(dtype).float(), labels, temperature=0.02)
    )


@pytest.mark.parametrize("size", [1e-4, 1e4])
def test_the_length_of_rows_does_not_matter(size):
    points, labels = drawn(8, seed=11)

    got = supervised_contrastive_loss(size * points.float(), labels)

    torch.testing.assert_close(got, supervised_contrastive_loss(points, labels).float())


def test_a_row_that_is_not_finite_is_seen():
    for wrong in (torch.nan, torch.inf):
        points, labels = drawn(8, seed=12)
        points[2, 1] = wrong
        value, slopes = with_gradient(lambda x, y=labels: supervised_contrastive_loss(x, y), points)
        assert value.isnan()
        assert slopes[2].isnan().all()


def test_gradients_of_any_order_and_transforms_agree():
    points, labels = drawn(7, d=3, seed=13)
    leaf = points.clone().requires_grad_()

    def loss(x, y=labels):
        return supervised_contrastive_loss(x, y, temperature=0.5)

    assert torch.autograd.gradcheck(loss, leaf)
    assert torch.autograd.gradgradcheck(loss, leaf)
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    torch.testing.assert_close(torch.func.grad(loss)(points), slope)
    twice = torch.stack([points, points.flip(0)]), torch.stack([labels, labels.flip(0)])
    torch.testing.assert_close(torch.func.vmap(loss)(*twice), loss(points).expand(2))
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(points, labels), loss(points))


def test_memory_is_that_of_rows_not_of_pairs():
    """At 20000 rows the matrix of pairs alone would take 1.6 GB."""
    points = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(3000) % 7
    leaf = points.requires_grad_()

    with torch.profiler.profile(profile_memory=True) as seen:
        supervised_contrastive_loss(leaf, labels).backward()

    largest = max(event.self_cpu_memory_usage for event in seen.key_averages())
    assert largest < 4 * 3000**2 * 0.9


def test_labels_of_the_wrong_shape_are_refused():
    points, labels = drawn(6)

    with pytest.raises(ValueError, match=r"^labels must have the shape \(6,\) of one label a row"):
        supervised_contrastive_loss(points, labels.unsqueeze(1))
    with pytest.raises(ValueError, match=r"^embeddings must have the shape \(n, d\) of one embedd"):
        supervised_contrastive_loss(points[0], labels)
    with pytest.raises(TypeError, match=r"^embeddings must be a floating-point tensor"):
        supervised_contrastive_loss(points.long(), labels)
    with pytest.raises(ValueError, match=r"^temperature must be above 0"):
        supervised_contrastive_loss(points, labels, temperature=0.0)
