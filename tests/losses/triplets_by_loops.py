"""Triplets of a batch by their definition: loops over anchors, positives and negatives."""

from itertools import product

import pytest
import torch
from torch.nn import functional

MINING = ["all", "semihard", "hard", "batch_hard"]
AVERAGES = ["active", "all"]
APART = {
    "euclidean": lambda a, b: torch.linalg.vector_norm(a - b, dim=-1),
    "squared_euclidean": lambda a, b: (a - b).square().sum(-1),
    "cosine": lambda a, b: 1 - functional.cosine_similarity(a, b, dim=-1),
}
every_kind = pytest.mark.parametrize("kind", MINING)


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
