r"""The probability that tied items come first, in whatever order (Plackett-Luce with ties).

Let item i ring after an exponential time of rate :math:`e^{s_i}`; rings in order are a draw from
Plackett-Luce.  A group of tied items comes before the rest, of total rate W, with probability

.. math:: \int_0^\infty W e^{-W t} \prod_{i \in \text{group}} \left(1 - e^{-t e^{s_i}}\right) dt .

With t = e^x the integrand is smooth, falls exponentially to the left and faster to the right, and
has no singularity within pi / 2 of the real axis: the trapezoidal rule with step h errs by about
:math:`e^{-\pi^2 / h}` (Trefethen, Weideman, The exponentially convergent trapezoidal rule, SIAM
Review 56, 2014), 1e-17 for h = 1/4.
"""

import math

import torch
from torch import Tensor

_STEP = 0.25
_LEFT = 42.0


def tied_orders(ranked: Tensor, left: Tensor, grades: Tensor, shown: Tensor) -> Tensor:
    """The negative log-probability of each list's grades.

    Args:
        ranked: Scores by falling relevance, shape ``(lists, n)``, -inf where hidden.
        left: The logarithm of the total rate from each item on.
        grades: The relevance, in the same order.
        shown: False where hidden; hidden items stand last.
    """
    n = ranked.shape[-1]
    if n == 0:
        return ranked.sum(-1)
    new = torch.ones_like(shown)
    new[:, 1:] = (grades[:, 1:] != grades[:, :-1]) | ~shown[:, 1:]
    group = new.long().cumsum(-1) - 1
    # The first item behind each item's group: the largest position of the group, and one more.
    position = torch.arange(n, device=ranked.device).expand_as(group)
    ends = torch.zeros_like(group).scatter_reduce(-1, group, position + 1, "amax")
    padded = torch.cat([left, torch.full_like(left[:, :1], -torch.inf)], dim=-1)
    rest = padded.gather(-1, ends)  # a group on the place of its number
    counts = (rest > -torch.inf) & (ends > 0)
    rest = torch.where(counts, rest, torch.zeros_like(rest))
    right = math.log(n + 12 * math.sqrt(n) + 45)
    steps = torch.arange(-_LEFT, right, _STEP, dtype=ranked.dtype, device=ranked.device)
    used = shown & counts.gather(-1, group)
    over = torch.where(used, ranked - rest.gather(-1, group), torch.zeros_like(ranked))
    rung = torch.where(used.unsqueeze(-1), _log_rung(over.unsqueeze(-1) + steps), 0.0)
    index = group.unsqueeze(-1).expand_as(rung)
    together = torch.zeros_like(rung).scatter_add(1, index, rung)
    logs = together + steps - torch.exp(steps)
    integral = torch.logsumexp(logs, dim=-1) + math.log(_STEP)
    return torch.where(counts, -integral, torch.zeros_like(integral)).sum(-1)


def _log_rung(v: Tensor) -> Tensor:
    """log(1 - exp(-e^v)), without rounding 1 - 1 to 0 on the left or e^v to inf on the right."""
    early, late = v.clamp(max=-18.0), v.clamp(-18.0, 7.0)
    return torch.where(
        v < -18, early - torch.exp(early) / 2, torch.log(-torch.expm1(-torch.exp(late)))
    )
