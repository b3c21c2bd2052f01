"""What holds for the score of collapse: the share of directions that an embedding leaves unused."""

import pytest
import torch

from lossedu.losses import collapse_score
from tests.losses.triplets_by_loops import drawn


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


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"^embeddings must be two rows or more, but has shape"):
        collapse_score(torch.zeros(1, 2))
    with pytest.raises(TypeError, match=r"^embeddings must be a floating-point tensor"):
        collapse_score(torch.eye(3).long())
