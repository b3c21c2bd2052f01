r"""The probability that tied items come first, in whatever order (Plackett-Luce with ties).

Let item i ring after an exponential time of rate :math:`e^{s_i}`; rings in order are a draw from
Plackett-Luce.  A group of tied items comes before the rest, of total rate W, with probability

.. math:: \int_0^\infty W e^{-W t} \prod_{i \in \text{group}} \left(1 - e^{-t e^{s_i}}\right) dt .

With t = e^x the integrand is smooth, log-concave, falls exponentially to the left and faster to the
right, and has no singularity within pi / 2 of the real axis: the trapezoidal rule with step h errs
by about :math:`e^{-\pi^2 / h}` of it (Trefethen, Weideman, The exponentially convergent trapezoidal
rule, SIAM Review 56, 2014).  A large group makes it narrow, so the 200 points are spread over the
stretch where it is within 42 nats of its largest value: h is at most 1/4, and less where it must.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

_NODES = 200
_DROP = 42.0
_CLIMBS, _HALVINGS = 24, 12  # of the search for the mode, and for where the integrand ends


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
    counts = (rest != -torch.inf) & (ends > 0)
    rest = torch.where(counts, rest, torch.zeros_like(rest))
    used = shown & counts.gather(-1, group)
    over = torch.where(used, ranked - rest.gather(-1, group), torch.zeros_like(ranked))

    def logs(x: Tensor) -> Tensor:
        """The logarithm of each group's integrand at its own points, shape (lists, n, points)."""
        index = group.unsqueeze(-1).expand(*group.shape, x.shape[-1])
        rung = _log_rung(over.unsqueeze(-1) + x.gather(1, index))
        rung = torch.where(used.unsqueeze(-1), rung, torch.zeros_like(rung))
        return torch.zeros_like(rung).scatter_add(1, index, rung) + x - torch.exp(x)

    with torch.no_grad():
        low, high = _support(logs, over)
        share = torch.linspace(0, 1, _NODES, dtype=ranked.dtype, device=ranked.device)
        points = low + (high - low) * share
        step = ((high - low) / (_NODES - 1)).squeeze(-1)
    integral = torch.logsumexp(logs(points), dim=-1) + torch.log(step)
    return torch.where(counts, -integral, torch.zeros_like(integral)).sum(-1)


def _support(logs: Callable[[Tensor], Tensor], like: Tensor) -> tuple[Tensor, Tensor]:
    """Where each integrand is within some nats of its largest value, shape ``(lists, n, 1)``."""
    n = like.shape[-1]
    low = torch.zeros_like(like).unsqueeze(-1)
    leftmost, rightmost = low - _DROP - 4, low + math.log(n + 12 * math.sqrt(n) + 45)
    high = low + math.log(n + 1)  # at the mode e^x is between 1 and n + 1
    for _ in range(_CLIMBS):
        third = (high - low) / 3
        left, right = low + third, high - third
        rises = logs(left) < logs(right)
        low, high = torch.where(rises, left, low), torch.where(rises, high, right)
    mode = (low + high) / 2
    floor = logs(mode) - _DROP
    ends = []
    for outside in (leftmost, rightmost):
        inside = mode
        for _ in range(_HALVINGS):
            middle = (outside + inside) / 2
            below = logs(middle) < floor
            outside, inside = (
                torch.where(below, middle, outside),
                torch.where(below, inside, middle),
            )
        ends.append(outside)
    return ends[0], ends[1]


def _log_rung(v: Tensor) -> Tensor:
    """log(1 - exp(-e^v)), without rounding 1 - 1 to 0 on the left or e^v to inf on the right."""
    early, late = v.clamp(max=-18.0), v.clamp(-18.0, 7.0)
    return torch.where(
        v < -18, early - torch.exp(early) / 2, torch.log(-torch.expm1(-torch.exp(late)))
    )
