"""Sorting and tiles give the sum over all triplets of a batch, and mining lists them."""

import pytest
import torch

from lossedu.losses import batch_triplet_loss, mine_triplets, triplet_mining
from tests.losses.triplets_by_loops import (
    APART,
    AVERAGES,
    BATCHES,
    averaged,
    drawn,
    every_kind,
    listed,
    with_gradient,
)

every_distance = pytest.mark.parametrize("distance", APART)


def test_a_batch_by_hand():
    # Anchor 0: positive 1 away, negative 1.5; anchor 1: positive 1 away, negative 0.5.
    points, labels = torch.tensor([[0.0], [1.0], [1.5]]), torch.tensor([0, 0, 1])

    assert batch_triplet_loss(points, labels) == (0.5 + 1.5) / 2
    assert batch_triplet_loss(points, labels, margin=0.25) == 0.75
    assert batch_triplet_loss(points, labels, margin=0.25, average="all") == 0.75 / 2
    assert batch_triplet_loss(points, labels, kind="semihard") == 0.5
    assert batch_triplet_loss(points, labels, kind="hard") == 1.5
    assert [i.tolist() for i in mine_triplets(points, labels, kind="hard")] == [[1], [0], [2]]


@every_kind
@every_distance
@pytest.mark.parametrize("batch", ["random", "lopsided", "one class", "repeated"])
@pytest.mark.parametrize("n", [6, 30, 90])
def test_equals_loops_over_all_triplets(batch, n, kind, distance):
    points, labels = BATCHES[batch](n)
    triplets = listed(points, labels, kind, 0.6, distance)
    options = {"margin": 0.6, "distance": distance}

    for average in AVERAGES:
        got = with_gradient(
            lambda x, average=average: batch_triplet_loss(
                x, labels, kind=kind, average=average, **options
            ),
            points,
        )
        expected = with_gradient(
            lambda x, average=average: averaged(x, triplets, average=average, **options), points
        )
        for found, wanted in zip(got, expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


@every_kind
def test_many_anchors_go_in_tiles(kind):
    points, labels = drawn(730)[0], torch.arange(730) // 2  # one positive each
    at = APART["euclidean"](points.unsqueeze(1), points)
    near = at[torch.arange(730), torch.arange(730) ^ 1].unsqueeze(-1)
    wanted = labels.unsqueeze(-1) != labels
    if kind == "batch_hard":
        wanted &= at == torch.where(wanted, at, torch.inf).amin(-1, keepdim=True)
    elif kind != "all":
        wanted &= (at <= near) if kind == "hard" else (at > near) & (at < near + 0.3)
    a, negative = wanted.nonzero(as_tuple=True)
    triplets = torch.stack([a, a ^ 1, negative], -1)

    got = with_gradient(lambda x: batch_triplet_loss(x, labels, kind=kind, margin=0.3), points)

    expected = with_gradient(lambda x: averaged(x, triplets, 0.3, "euclidean"), points)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-13)


@every_distance
@pytest.mark.parametrize("kind", ["all", "easy", "semihard", "hard"])
@pytest.mark.parametrize("n", [0, 1, 20, 100])
def test_mined_triplets_are_those_of_a_triple_loop(n, kind, distance):
    points, labels = drawn(n, seed=1, classes=5)

    got = mine_triplets(points, labels, kind=kind, margin=0.5, distance=distance)

    expected = listed(points, labels, kind, 0.5, distance)
    assert torch.stack(got, -1).tolist() == expected.tolist()
    assert batch_triplet_loss(points[:1], labels[:1]) == 0


@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_easy_semihard_and_hard_share_all_triplets_out(margin):
    points, labels = BATCHES["whole numbers"](24)

    *parts, every = (
        torch.stack(mine_triplets(points, labels, kind=k, margin=margin), -1).tolist()
        for k in ("easy", "semihard", "hard", "all")
    )

    assert sorted(parts[0] + parts[1] + parts[2]) == every


def test_mining_looks_at_every_anchor_once(monkeypatch):
    looked, relations = [], triplet_mining.relations

    def counting(batch, rows):
        looked.extend(range(rows.start, rows.stop))
        return relations(batch, rows)

    monkeypatch.setattr(triplet_mining, "relations", counting)
    mine_triplets(*drawn(90))

    assert looked == list(range(90))


@every_kind
@every_distance
def test_a_mask_is_the_same_as_leaving_out(kind, distance):
    points, labels = drawn(30, seed=2)
    points += 1e5  # far from 0, which a hidden row must not stand for
    shown = torch.arange(30) % 3 != 0
    options = {"kind": kind, "distance": distance, "margin": 1e-11 if distance == "cosine" else 1.0}
    expected = with_gradient(
        lambda x: batch_triplet_loss(x, labels[shown], **options), points[shown]
    )
    points[~shown] = torch.nan

    got = with_gradient(lambda x: batch_triplet_loss(x, labels, mask=shown, **options), points)

    torch.testing.assert_close(got[0], expected[0], rtol=1e-9, atol=0)
    unit = expected[1].abs().max()
    torch.testing.assert_close(got[1][shown] / unit, expected[1] / unit, rtol=0, atol=1e-7)
    assert (got[1][~shown] == 0).all()
    assert batch_triplet_loss(points, labels, mask=shown & False, **options) == 0
    assert shown[torch.cat(mine_triplets(points, labels, mask=shown, kind="all"))].all()


@every_kind
@every_distance
def test_further_derivatives_and_torch_func_are_those_of_the_definition(kind, distance):
    points, labels = drawn(8, seed=3, dims=3)
    triplets = listed(points, labels, kind, 0.4, distance)

    def loss(x):
        return batch_triplet_loss(x, labels, kind=kind, margin=0.4, distance=distance)

    def definition(x):
        return averaged(x, triplets, 0.4, distance)

    bends = torch.autograd.functional.hessian(loss, points)
    torch.testing.assert_close(bends, torch.autograd.functional.hessian(definition, points))
    slopes = torch.func.vmap(torch.func.grad(loss))(points.unsqueeze(0))[0]
    torch.testing.assert_close(slopes, with_gradient(definition, points)[1])


@pytest.mark.slow
def test_compiled_in_one_graph_agrees_with_eager():
    points, labels = drawn(9, seed=5)
    torch.compiler.reset()

    compiled = torch.compile(batch_triplet_loss, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(points, labels), batch_triplet_loss(points, labels))


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("kind must be one of 'all', 'easy'", lambda x, y: mine_triplets(x, y, kind="batch_hard")),
        ("kind must be one of 'all', 'semi", lambda x, y: batch_triplet_loss(x, y, kind="easy")),
        ("average must be one of", lambda x, y: batch_triplet_loss(x, y, average="mean")),
        ("margin must be at least 0", lambda x, y: batch_triplet_loss(x, y, margin=-0.1)),
        ("distance must be one of", lambda x, y: mine_triplets(x, y, distance="l2")),
        ("labels must have the shape", lambda x, y: batch_triplet_loss(x, y[:1])),
        ("embeddings must have the shape", lambda x, y: batch_triplet_loss(x[0], y)),
    ],
)
def test_bad_input_is_refused(words, call):
    with pytest.raises(ValueError, match=f"^{words}"):
        call(torch.zeros(3, 2), torch.tensor([0, 0, 1]))
