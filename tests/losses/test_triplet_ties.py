"""Distances that are equal but for rounding are ties, in any coordinates and units."""

from itertools import product

import pytest
import torch

from lossedu.losses import batch_triplet_loss, mine_triplets
from tests.losses.triplets_by_loops import (
    AVERAGES,
    BATCHES,
    averaged,
    drawn,
    every_kind,
    listed,
    with_gradient,
)

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
