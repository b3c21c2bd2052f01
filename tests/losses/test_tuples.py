"""A loss with a signature of its own is, along the axis of its spec, the formula of its spec."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lossedu import catalog
from lossedu.losses import (
    LossSpec,
    contrastive_loss,
    ctc_loss,
    cumulative_link_loss,
    generalized_dice_loss,
    info_nce_loss,
    nt_xent_loss,
    policy_gradient_loss,
    softmax_dice_loss,
    supervised_contrastive_loss,
    td_loss,
    triplet_loss,
)
from lossedu.symbolic import in_inputs
from lossedu.symbolic.expressions import symbol
from lossedu.symbolic.functions import derivative
from tests.losses.conftest import option_sets

TUPLES = {name: spec for name, spec in catalog.specs().items() if spec.unit == "tuple"}
AT = torch.tensor([-0.95, -0.3, 0.05, 0.4, 0.999], dtype=torch.float64)
OTHERS = {"u": (1.0, 1.75), "v": (-1.0, -1.25), "y": (0.0, 1.0)}
"""Values of the formulas' further letters, each loss at two of them."""
OF_ONE_LOSS = {
    "info_nce_loss": (0.0, -0.6),
    "nt_xent_loss": (0.0, 0.1),
    "supervised_contrastive_loss": (0.0, -0.6),
    "generalized_dice_loss": (9.0, 4.0),
}
"""And of these where a letter is a cosine or a count."""


def a_key_beside_another(s: Tensor, u: float, **options: Any) -> Tensor:
    queries = torch.eye(3, dtype=torch.float64)[:2]
    other = torch.tensor([u, 0.0, (1 - u**2) ** 0.5], dtype=torch.float64)
    own = [torch.stack([c, (1 - c**2).sqrt(), 0 * c]) for c in s]
    return torch.stack(
        [
            info_nce_loss(queries, torch.stack([k, other]), reduction="none", **options)[0]
            for k in own
        ]
    )


def two_views_beside_a_pair(s: Tensor, u: float, **options: Any) -> Tensor:
    first = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    values = []
    for cosine in s:
        aside = (1 - cosine**2).sqrt()
        twin = torch.stack([cosine, aside, 0 * cosine])
        across = u * (1 - cosine) / aside  # as far from one view as the other
        height = (1 - u**2 - across**2).sqrt()
        other = torch.stack([torch.full_like(across, u), across, height])
        views = torch.stack([first, other]), torch.stack([twin, other])
        values.append(nt_xent_loss(*views, reduction="none", **options)[0])
    return torch.stack(values)


def two_positives_beside_a_negative(s: Tensor, u: float, **options: Any) -> Tensor:
    anchor = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    negative = torch.tensor([u, 0.0, (1 - u**2) ** 0.5], dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 1])
    values = []
    for cosine in s:
        aside = (1 - cosine**2).sqrt()
        positives = [torch.stack([cosine, side, 0 * cosine]) for side in (aside, -aside)]
        rows = torch.stack([anchor, *positives, negative])
        values.append(supervised_contrastive_loss(rows, labels, reduction="none", **options)[0])
    return torch.stack(values)


def a_pair_on_a_line(x: Tensor, y: float, **options: Any) -> Tensor:
    same = torch.full(x.shape, bool(y))
    return contrastive_loss(x[:, None], 0 * x[:, None], same, reduction="none", **options)


def a_triplet_on_a_line(x: Tensor, **options: Any) -> Tensor:
    near = torch.full_like(x, -1)[:, None]
    return triplet_loss(0 * near, near, (1 + x)[:, None], reduction="none", **options)


def a_triplet_without_an_edge(x: Tensor) -> Tensor:
    return a_triplet_on_a_line(x, margin="soft")


def a_level_between_thresholds(s: Tensor, u: float, v: float) -> Tensor:
    ends = torch.tensor([v, u], dtype=torch.float64)
    middle = torch.ones(s.shape, dtype=torch.long)
    return cumulative_link_loss(s, middle, ends, reduction="none")


def an_action_and_its_advantage(s: Tensor, u: float) -> Tensor:
    return policy_gradient_loss(s, torch.full_like(s, u + 2), baseline=0 * s + 2, reduction="none")


def a_value_less_its_target(x: Tensor) -> Tensor:
    rewards, following = torch.full_like(x, 3), torch.full_like(x, 4)
    return td_loss(x + 5, rewards, following, discount=0.5, reduction="none")


def two_frames_of_one_label(z: Tensor) -> Tensor:
    frames = [torch.stack([0 * c, c]).expand(2, 2) for c in z]
    return torch.stack([ctc_loss(logits, torch.tensor([1])) for logits in frames])


def an_entry_of_two_classes(z: Tensor, **options: Any) -> Tensor:
    truth = torch.tensor([1])
    rows = [torch.stack([0 * c, c])[None] for c in z]
    return torch.stack([softmax_dice_loss(row, truth, dim=0, **options) for row in rows])


def an_entry_beside_sure_ones(z: Tensor, u: float, **options: Any) -> Tensor:
    classes = torch.tensor([1] + int(u) * [0])
    sure = torch.tensor([[0.0, -1e4]], dtype=torch.float64).expand(int(u), 2)
    rows = [torch.cat([torch.stack([0 * c, c])[None], sure]) for c in z]
    return torch.stack([generalized_dice_loss(row, classes, dim=0, **options) for row in rows])


ALONG: dict[str, Callable[..., Tensor]] = {
    "info_nce_loss": a_key_beside_another,
    "nt_xent_loss": two_views_beside_a_pair,
    "contrastive_loss": a_pair_on_a_line,
    "supervised_contrastive_loss": two_positives_beside_a_negative,
    "triplet_loss": a_triplet_on_a_line,
    'triplet_loss(margin="soft")': a_triplet_without_an_edge,
    "ctc_loss": two_frames_of_one_label,
    "softmax_dice_loss": an_entry_of_two_classes,
    "generalized_dice_loss": an_entry_beside_sure_ones,
    "cumulative_link_loss": a_level_between_thresholds,
    "policy_gradient_loss": an_action_and_its_advantage,
    "td_loss": a_value_less_its_target,
}
"""How each is called so that its one free number is the argument of its formula."""

SETTINGS = [(spec, options) for spec in TUPLES.values() for options in option_sets(spec)]


def letters_of(spec: LossSpec) -> list[dict[str, float]]:
    """The values of the letters of a formula other than its argument, two sets of them."""
    names = {str(s) for s in in_inputs(spec, classes=1).free_symbols} & set(OTHERS)
    values = {name: OF_ONE_LOSS.get(spec.name, OTHERS[name]) for name in names}
    return [{name: pair[k] for name, pair in values.items()} for k in (0, 1)]


def test_every_loss_of_a_tuple_is_called_along_its_axis():
    assert set(ALONG) == set(TUPLES), "add how the new loss is called along the axis of its spec"


@pytest.mark.parametrize(
    ("spec", "options"), SETTINGS, ids=lambda value: getattr(value, "name", str(value))
)
def test_value_and_slope_along_the_axis_are_those_of_the_formula(spec, options):
    argument = symbol(spec.argument)
    formula = in_inputs(spec, classes=1, **spec.defaults | options)

    for letters in letters_of(spec):
        leaf = AT.clone().requires_grad_()
        values = ALONG[spec.name](leaf, **letters, **options)
        (slopes,) = torch.autograd.grad(values.sum(), leaf)
        here = formula.subs({symbol(name): value for name, value in letters.items()})
        slope = derivative(here, argument)
        for at, value, rise in zip(AT.tolist(), values.tolist(), slopes.tolist(), strict=True):
            assert value == pytest.approx(float(here.subs(argument, at)), rel=1e-12, abs=1e-15)
            assert rise == pytest.approx(float(slope.subs(argument, at)), rel=1e-10, abs=1e-12)
