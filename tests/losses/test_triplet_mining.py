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


def apart(points, distance):
    """How far all points, or directions, are from each other."""
    if distance == "cosine":
        points = points / torch.linalg.vector_norm(points, dim=-1, keepdim=True)
    return torch.linalg.vector_norm(points.unsqueeze(1) - points, dim=-1)


def tied(one, other, distance):
    room = 2**-30 * torch.minimum(one, other) + 2**-44 * (distance == "cosine")
    return (one - other).abs() <= room


def compared(near, far, margin, distance):
    """Whether a negative is farther than a positive; and by the margin, or by what ties with it."""
    missed = {
        "euclidean": near + margin,
        "squared_euclidean": (near**2 + margin).sqrt(),
        "cosine": (near**2 + 2 * margin).sqrt(),
    }[distance]
    farther = (far > near) & ~tied(far, near, distance)
    return farther, (far >= missed) | tied(far, missed, distance)


def listed(points, labels, kind, margin, distance):
    """The definition: each anchor with each positive and each negative, one after another."""
    at, everyone = apart(points, distance), range(len(labels))
    each = compared(at.unsqueeze(-1), at.unsqueeze(-2), margin, distance)
    farther, costless = (which.tolist() for which in each)
    labels, found = labels.tolist(), []
    wanted = {
        "easy": lambda farther, costless: farther and costless,
        "semihard": lambda farther, costless: farther and not costless,
        "hard": lambda farther, costless: not farther,
    }.get(kind, lambda farther, costless: True)
    for a in everyone:
        positives = [p for p in everyone if p != a and labels[p] == labels[a]]
        negatives = [n for n in everyone if labels[n] != labels[a]]
        if kind == "batch_hard" and positives and negatives:
            far, near = at[a][positives].max(), at[a][negatives].min()
            positives = [p for p in positives if tied(at[a][p], far, distance)][:1]
            negatives = [n for n in negatives if tied(at[a][n], near, distance)][:1]
        found += [
            (a, p, n)
            for p, n in product(positives, negatives)
            if wanted(farther[a][p][n], costless[a][p][n])
        ]
    return torch.tensor(found, dtype=torch.long).reshape(-1, 3)


def averaged(points, triplets, margin, distance, average="active"):
    a, p, n = triplets.unbind(1)
    at = apart(points.detach(), distance)
    costs = ~compared(at[a, p], at[a, n], margin, distance)[1]
    anchor, near, far = points[triplets].unbind(1)
    paid = APART[distance](anchor, near) - APART[distance](anchor, far) + margin
    paid = paid[costs].relu()
    return paid.sum() / max(1, len(paid) if average == "active" else len(triplets))


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


TIES = [
    ("whole numbers", "euclidean"),
    ("whole numbers", "squared_euclidean"),
    ("corners", "squared_euclidean"),
    ("corners", "cosine"),
]


@every_kind
@pytest.mark.parametrize("margin", [0.0, 1.0])
@pytest.mark.parametrize(("batch", "distance"), TIES)
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
        torch.testing.assert_close(got[1], expected[1], rtol=1e-10, atol=1e-12)


def turned(points):
    """The same points in another coordinate system: every bit is another one."""
    dims = points.shape[1]
    turn = torch.linalg.qr(drawn(dims, seed=7, dims=dims)[0]).Q
    return (points @ turn) / 3


@every_kind
@pytest.mark.parametrize("margin", [0.0, 1.0])
@pytest.mark.parametrize(("batch", "distance"), TIES)
def test_ties_survive_a_rotation_and_other_units(batch, distance, margin, kind):
    points, labels = BATCHES[batch](30)
    unit = {"euclidean": 3, "squared_euclidean": 9, "cosine": 1}[distance]

    def loss(x, margin=margin, average="active"):
        return batch_triplet_loss(
            x, labels, kind=kind, margin=margin, distance=distance, average=average
        )

    for average in AVERAGES:
        plain = loss(points, average=average)
        for found in (
            loss(turned(points), margin / unit, average),
            torch.func.vmap(lambda x, a=average: loss(x, margin / unit, a))(turned(points)[None])[
                0
            ],
        ):
            torch.testing.assert_close(unit * found, plain, rtol=1e-9, atol=1e-12)
    for each in ("all", "easy", "semihard", "hard"):
        mined = [
            torch.stack(mine_triplets(x, labels, kind=each, margin=m, distance=distance)).tolist()
            for x, m in ((points, margin), (turned(points), margin / unit))
        ]
        assert mined[0] == mined[1]


@pytest.mark.parametrize("kind", ["easy", "semihard", "hard"])
def test_tenths_tie_where_whole_numbers_do(kind):
    # 0.1, 0.2 and 0.3 are none of these numbers in binary; squares of whole numbers are exact.
    whole, labels = (3 * drawn(40, dims=2)[0]).round().long(), drawn(40)[1]
    squares = (whole.unsqueeze(1) - whole).square().sum(-1)
    near, far = squares.unsqueeze(-1), squares.unsqueeze(-2)
    beyond = far - near - 3**2  # d_an < d_ap + 3, squared twice
    inside = (beyond < 0) | (beyond**2 < 4 * 3**2 * near)
    wanted = {
        "easy": (far > near) & ~inside,
        "semihard": (far > near) & inside,
        "hard": far <= near,
    }
    same = (labels.unsqueeze(-1) == labels) & ~torch.eye(40, dtype=torch.bool)
    other = labels.unsqueeze(-1) != labels

    got = mine_triplets(whole.double() * 0.1, labels, kind=kind, margin=0.1 + 0.2)

    expected = (wanted[kind] & same.unsqueeze(-1) & other.unsqueeze(-2)).nonzero()
    assert torch.stack(got, -1).tolist() == expected.tolist()


@every_kind
@pytest.mark.parametrize("batch", ["random", "repeated", "whole numbers"])
def test_no_rounding_of_a_matrix_product_changes_which_triplets_count(monkeypatch, batch, kind):
    points, labels = BATCHES[batch](60)
    expected = with_gradient(lambda x: batch_triplet_loss(x, labels, kind=kind), points)
    exact, generator, calls = torch.addmm, torch.Generator().manual_seed(3), []

    def rounded(start, one, other, *, alpha):
        """As wrong as a sum of products in some order may be."""
        calls.append(len(one))
        size = one.square().sum(-1, keepdim=True) + other.square().sum(0)
        noise = torch.rand(size.shape, generator=generator, dtype=size.dtype) * 2 - 1
        bound = 2 * one.shape[-1] * torch.finfo(size.dtype).eps / 2
        return exact(start, one, other, alpha=alpha) + bound * size * noise

    monkeypatch.setattr(torch, "addmm", rounded)
    got = with_gradient(lambda x: batch_triplet_loss(x, labels, kind=kind), points)

    assert calls
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-12)


@every_kind
def test_directions_of_different_length_are_one_direction(kind):
    points, labels = BATCHES["repeated"](30)
    sizes = 1 + torch.arange(30, dtype=torch.float64)

    for dtype, rounding in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        lone, long = points.to(dtype), points.to(dtype) * sizes.to(dtype).unsqueeze(-1)
        values = [batch_triplet_loss(x, labels, kind=kind, distance="cosine") for x in (lone, long)]
        if dtype == torch.float64:  # in float32 a multiple is rounded to another direction
            torch.testing.assert_close(*values, rtol=rounding, atol=rounding)
        plain = torch.func.vmap(
            lambda x: batch_triplet_loss(x, labels, kind=kind, distance="cosine")
        )(long.unsqueeze(0))
        torch.testing.assert_close(plain[0], values[1], rtol=rounding, atol=rounding)


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
