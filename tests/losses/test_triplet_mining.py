"""What holds for triplets of a batch alone: sorting and tiles give the sum over all triplets."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from lossedu.losses import batch_triplet_loss, collapse_score, mine_triplets, triplet_mining

MINING = ["all", "semihard", "hard", "batch_hard"]
AVERAGES = ["active", "all"]
APART = {
    "euclidean": lambda a, b: torch.linalg.vector_norm(a - b, dim=-1),
    "squared_euclidean": lambda a, b: (a - b).square().sum(-1),
    "cosine": lambda a, b: 1 - functional.cosine_similarity(a, b, dim=-1),
}
every_kind = pytest.mark.parametrize("kind", MINING)
every_distance = pytest.mark.parametrize("distance", APART)


def drawn(n, seed=0, classes=3, dims=4):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, dims, generator=generator, dtype=torch.float64)
    return points, torch.randint(0, classes, (n,), generator=generator)


BATCHES = {
    "random": drawn,
    # Every point is there three times, under labels of its own kind and of another.
    "repeated": lambda n: (drawn(n)[0][torch.arange(n) // 3], drawn(n)[1]),
    # One large class, and classes with one member.
    "lopsided": lambda n: (drawn(n)[0], (torch.arange(n) - n // 2).clamp(min=0)),
    "one class": lambda n: (drawn(n)[0], torch.zeros(n, dtype=torch.long)),
    # Many distances are equal, or differ by the margin.
    "whole numbers": lambda n: ((2 * drawn(n, dims=2)[0]).round(), drawn(n)[1]),
    "corners": lambda n: (torch.eye(n, dtype=torch.float64), drawn(n)[1]),
}


def listed(points, labels, kind, margin, distance):
    """The definition: each anchor with each positive and each negative, one after another."""
    at, labels = APART[distance](points.unsqueeze(1), points).tolist(), labels.tolist()
    wanted = {
        "easy": lambda near, far: near + margin <= far,
        "semihard": lambda near, far: near < far < near + margin,
        "hard": lambda near, far: far <= near,
    }.get(kind, lambda near, far: True)
    found = [
        (a, p, n)
        for a, p in product(range(len(labels)), repeat=2)
        if p != a and labels[p] == labels[a]
        for n in range(len(labels))
        if labels[n] != labels[a] and wanted(at[a][p], at[a][n])
    ]
    if kind == "batch_hard":  # no triplet of an anchor costs more than the last one that is kept
        found = {t[0]: t for t in sorted(found, key=lambda t: at[t[0]][t[1]] - at[t[0]][t[2]])}
    return torch.tensor(list(found.values() if kind == "batch_hard" else found)).reshape(-1, 3)


def averaged(points, triplets, margin, distance, average="active"):
    a, p, n = points[triplets.long()].unbind(1)
    paid = (APART[distance](a, p) - APART[distance](a, n) + margin).relu()
    return paid.sum() / max(1, (paid > 0).sum() if average == "active" else len(paid))


def with_gradient(function, points):
    leaf = points.clone().requires_grad_()
    value = function(leaf)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


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
@pytest.mark.parametrize(
    ("batch", "distance"),
    [(b, d) for b in ("random", "lopsided", "one class") for d in APART]
    # 1 - cos does not tell which of two equal directions is nearer.
    + [("repeated", d) for d in APART if d != "cosine"],
)
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
        if (batch, kind) == ("repeated", "batch_hard"):  # whichever of three equal points is taken
            got, expected = ((v, s.reshape(-1, 3, 4).sum(1)) for v, s in (got, expected))
        for found, wanted in zip(got, expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


@every_kind
@pytest.mark.parametrize("margin", [0.0, 1.0])
@pytest.mark.parametrize(
    ("batch", "distance"),
    [
        ("whole numbers", "euclidean"),
        ("whole numbers", "squared_euclidean"),
        ("corners", "squared_euclidean"),
        ("corners", "cosine"),
    ],
)
def test_equal_distances_are_ties(batch, distance, margin, kind):
    for n, average in product((6, 30), AVERAGES):
        points, labels = BATCHES[batch](n)
        options = {"margin": margin, "distance": distance, "average": average}
        triplets = listed(points, labels, kind, margin, distance)

        got, expected = (
            with_gradient(f, points)
            for f in (
                lambda x, y=labels, o=options: batch_triplet_loss(x, y, kind=kind, **o),
                lambda x, t=triplets, o=options: averaged(x, t, **o),
            )
        )

        torch.testing.assert_close(got[0], expected[0], rtol=1e-12, atol=1e-14)
        if kind != "batch_hard":  # which may take any of the hardest
            torch.testing.assert_close(got[1], expected[1], rtol=1e-10, atol=1e-12)


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


@pytest.mark.slow
def test_compiled_in_one_graph_agrees_with_eager():
    points, labels = drawn(9, seed=5)
    torch.compiler.reset()

    compiled = torch.compile(batch_triplet_loss, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(compiled(points, labels), batch_triplet_loss(points, labels))


def test_collapse_is_the_share_of_directions_left_unused():
    cross = torch.cat([torch.eye(5), -torch.eye(5)]).double()
    points = drawn(9, dims=5)[0]

    assert collapse_score(cross).item() == pytest.approx(0, abs=1e-12)
    assert collapse_score(cross * (torch.arange(5) < 2)).item() == pytest.approx(1 - 1 / 4)
    assert collapse_score(torch.eye(4)).item() == pytest.approx(0, abs=1e-6)
    assert collapse_score(torch.full((6, 3), 0.1)) == 1
    assert collapse_score(points[:, :1] * torch.arange(1, 5) + 7).item() == pytest.approx(1)
    turn = torch.linalg.qr(points[:5]).Q
    torch.testing.assert_close(collapse_score(3 * points @ turn - 2), collapse_score(points))
    assert torch.autograd.gradcheck(collapse_score, points.requires_grad_())


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
        ("embeddings must be two rows or more", lambda x, y: collapse_score(x[:1])),
    ],
)
def test_bad_input_is_refused(words, call):
    with pytest.raises(ValueError, match=f"^{words}"):
        call(torch.zeros(3, 2), torch.tensor([0, 0, 1]))
