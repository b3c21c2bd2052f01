"""What every generator draws from: one seeded stream on the CPU, and rotations out of it.

Drawing on the CPU costs a copy where data goes to another device, and buys that a seed means the
same data on each of them.
"""

import torch
from torch import Tensor

Device = str | torch.device


def random_rotation(dimensions: int, generator: torch.Generator) -> Tensor:
    """Draw an orthogonal matrix, uniformly among all, shape ``(dimensions, dimensions)``.

    References:
        F. Mezzadri, How to generate random matrices from the classical compact groups, Notices of
        the AMS 54, 2007: without the signs the draw is not uniform.
    """
    q: Tensor
    r: Tensor
    q, r = torch.linalg.qr(
        torch.randn(dimensions, dimensions, generator=generator, dtype=torch.float64)
    )
    return (q * r.diagonal().sign()).float()
