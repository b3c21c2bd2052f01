"""The order of items by some value, hidden ones last."""

import torch
from torch import Tensor


def falling(values: Tensor, shown: Tensor) -> Tensor:
    """Positions by falling value, hidden ones last; ties in the order in which they came.

    One sort by value and a stable one by being shown: a value of -inf that is shown still comes
    before everything hidden.
    """
    order = torch.where(shown, values, -torch.inf).argsort(dim=-1, descending=True, stable=True)
    hidden = (~shown).gather(-1, order).to(torch.uint8)
    return order.gather(-1, hidden.argsort(dim=-1, stable=True))
