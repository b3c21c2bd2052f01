"""An option may be a tensor that learns: a temperature, a margin, a weight a class."""

import inspect
from functools import partial

import pytest
import torch
from torch import nn

from lossedu import losses
from tests.losses.conftest import PLAIN, value_of

STEP = 1e-6
SETTING = torch.tensor(0.3, dtype=torch.float64)


def middle(case, parameter):
    """A sample within the bounds, as a tensor; None where an option is no such number."""
    if "Tensor" not in str(inspect.signature(case.spec.function).parameters[parameter.name]):
        return None
    values = [torch.as_tensor(value_of(parameter, s)).double() for s in parameter.samples]
    inside = [v for v in values if ((v > parameter.low) & (v < parameter.high)).all()]
    return inside[0] if inside else None


LEARN = [
    (case, parameter.name, middle(case, parameter))
    for case in PLAIN
    for parameter in case.spec.parameters
    if middle(case, parameter) is not None
]
NAMES = [f"{case.spec.name}-{name}" for case, name, _ in LEARN]


def rows(n, width, seed=0):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed)).double()


CLASSES = torch.arange(700) * 7 % 100
GRADES = torch.arange(140).reshape(2, 70) * 7 % 4
BIG = {
    "cross-entropy": (losses.cross_entropy, (rows(700, 100), CLASSES), "label_smoothing"),
    "focal": (losses.sigmoid_focal_loss, (rows(70, 2000), rows(70, 2000) > 0), "alpha"),
    "focal-gamma": (losses.sigmoid_focal_loss, (rows(70, 2000), rows(70, 2000) > 0), "gamma"),
    "hinge": (losses.pairwise_hinge_loss, (rows(2, 70), GRADES), "margin"),
    "logistic": (losses.pairwise_logistic_loss, (rows(2, 70), GRADES), "sigma"),
    "lambdarank": (losses.lambdarank_loss, (rows(2, 70), GRADES), "sigma"),
    "approx-ndcg": (losses.approx_ndcg_loss, (rows(2, 70), GRADES), "temperature"),
    "lambda": (
        partial(losses.lambdarank_loss, weighting="ndcg_loss2pp"),
        (rows(2, 70), GRADES),
        "sigma",
    ),
    "info-nce": (losses.info_nce_loss, (rows(300, 5), rows(300, 5, seed=1)), "temperature"),
    "nt-xent": (losses.nt_xent_loss, (rows(300, 5), rows(300, 5, seed=1)), "temperature"),
    "supervised": (
        losses.supervised_contrastive_loss,
        (rows(300, 5), CLASSES[:300] % 7),
        "temperature",
    ),
    "triplets": (losses.batch_triplet_loss, (rows(60, 3), CLASSES[:60] % 3), "margin"),
}
"""A loss at a size at which it takes its fast path, and an option that may learn."""


def assert_learns(call, value):
    """Its gradient is that of central differences, along the sum of its entries."""
    learning = nn.Parameter(value.clone())

    (slope,) = torch.autograd.grad(call(learning), learning)

    with torch.no_grad():
        risen = (call(value + STEP) - call(value - STEP)) / (2 * STEP)
    torch.testing.assert_close(slope.sum(), risen, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("of_loss", "name", "value"), LEARN, ids=NAMES)
def test_an_option_learns(of_loss, name, value):
    predictions, targets = of_loss.draw(12, seed=3)

    assert_learns(lambda option: of_loss(predictions, targets, **{name: option}), value)


@pytest.mark.parametrize("path", BIG)
def test_an_option_learns_where_the_loss_takes_a_fast_path(path):
    loss, inputs, name = BIG[path]

    assert_learns(lambda option: loss(*inputs, **{name: option}), SETTING)


@pytest.mark.parametrize("path", BIG)
def test_inputs_and_an_option_learn_together(path):
    loss, (scores, targets), name = BIG[path]
    leaf, option = scores.clone().requires_grad_(), nn.Parameter(SETTING)

    both = torch.autograd.grad(loss(leaf, targets, **{name: option}), [leaf, option])

    (alone,) = torch.autograd.grad(loss(leaf, targets, **{name: 0.3}), leaf)
    torch.testing.assert_close(both[0], alone, rtol=1e-9, atol=1e-12)
    assert both[1] != 0


@pytest.mark.parametrize("kind", ["all", "semihard", "hard", "batch_hard"])
def test_the_margin_of_mined_triplets_learns(kind):
    points, labels = rows(60, 3), CLASSES[:60] % 3

    def call(margin):
        # Of all triplets, for with the margin those that count as active or semihard change.
        return losses.batch_triplet_loss(points, labels, kind=kind, margin=margin, average="all")

    margin = nn.Parameter(SETTING)
    (slope,) = torch.autograd.grad(call(margin), margin)

    if kind == "semihard":  # each of them costs one more a unit of margin
        torch.testing.assert_close(slope, torch.ones_like(slope))
    else:
        assert_learns(call, SETTING)


@pytest.mark.parametrize("path", ["cross-entropy", "focal", "info-nce", "triplets"])
def test_an_option_that_learns_compiles_in_one_graph(path):
    loss, inputs, name = BIG[path]
    option = nn.Parameter(SETTING)

    # A backend that runs what was captured as it is: whether all could be is what is asked.
    @torch.compile(fullgraph=True, backend="eager")
    def compiled(value):
        return loss(*inputs, **{name: value})

    (slope,) = torch.autograd.grad(compiled(option), option)

    (expected,) = torch.autograd.grad(loss(*inputs, **{name: option}), option)
    torch.testing.assert_close(slope, expected)


@pytest.mark.parametrize(
    ("loss", "name"),
    [("huber_loss", "delta"), ("power_loss", "exponent")],
)
def test_a_tensor_of_several_entries_is_no_number(loss, name):
    with pytest.raises(TypeError, match=rf"^{name} must be a number, but is a tensor of shape"):
        getattr(losses, loss)(torch.zeros(2), torch.ones(2), **{name: torch.ones(2)})


def test_a_tensor_out_of_range_is_refused_like_a_number():
    with pytest.raises(ValueError, match=r"^temperature must be above 0"):
        losses.info_nce_loss(rows(4, 2), rows(4, 2), temperature=nn.Parameter(torch.tensor(0.0)))
