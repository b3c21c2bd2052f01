"""What holds for quantile loss alone: its minimiser is the quantile, and its sides add up."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss

from lossedu.losses import l1_loss, quantile_crossing_rate, quantile_loss

LEVELS = [0.05, 0.25, 0.5, 0.9]


def drawn(n, seed):
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_three_values_by_hand():
    # tau = 0.75: 4 too low costs 0.75 * 4 = 3; 4 too high costs 0.25 * 4 = 1.
    x, y = torch.tensor([0.0, 4.0, 2.0]), torch.tensor([4.0, 0.0, 2.0])

    assert quantile_loss(x, y, quantile=0.75, reduction="none").tolist() == [3.0, 1.0, 0.0]


@pytest.mark.parametrize("level", [0.0, *LEVELS, 1.0])
def test_agrees_with_scikit_learn(level):
    x, y = drawn(50, 0), drawn(50, 1)

    got = quantile_loss(x, y, quantile=level)

    assert got.item() == pytest.approx(mean_pinball_loss(y, x, alpha=level), rel=1e-12)


def test_the_default_is_half_of_the_absolute_error():
    x, y = drawn(9, 2), drawn(9, 3)

    torch.testing.assert_close(quantile_loss(x, y), l1_loss(x, y) / 2)


@pytest.mark.parametrize("level", LEVELS)
def test_a_sample_quantile_minimises_it(level):
    targets = drawn(37, 4)  # 37 times the level is no integer, so the minimiser is unique

    costs = [
        quantile_loss(torch.full_like(targets, c), targets, quantile=level)
        for c in targets.tolist()
    ]

    best = targets[int(torch.stack(costs).argmin())].item()
    assert best == np.quantile(targets.numpy(), level, method="inverted_cdf")


def test_a_high_quantile_makes_under_prediction_expensive():
    low, high = torch.tensor([-1.0]), torch.tensor([1.0])
    target = torch.zeros(1)

    too_low = quantile_loss(low, target, quantile=0.9)
    too_high = quantile_loss(high, target, quantile=0.9)

    assert too_low / too_high == pytest.approx(9)


@pytest.mark.parametrize("level", [0.0, 0.25, 0.75, 1.0])
def test_gradient_is_minus_tau_below_and_the_rest_above(level):
    x = torch.tensor([-1e-20, -5.0, 1e-20, 5.0, 0.0], requires_grad=True)

    quantile_loss(x, torch.zeros(5), quantile=level, reduction="sum").backward()

    assert x.grad.tolist() == [-level, -level, 1 - level, 1 - level, 0.0]


def test_at_its_ends_only_one_side_costs():
    x = torch.tensor([-3.0, 3.0])

    assert quantile_loss(x, torch.zeros(2), quantile=0.0, reduction="none").tolist() == [0.0, 3.0]
    assert quantile_loss(x, torch.zeros(2), quantile=1.0, reduction="none").tolist() == [3.0, 0.0]


@given(st.floats(0, 1))
def test_a_level_and_its_complement_add_to_the_absolute_error(level):
    x, y = drawn(6, 5), drawn(6, 6)

    both = quantile_loss(x, y, quantile=level) + quantile_loss(x, y, quantile=1 - level)

    torch.testing.assert_close(both, l1_loss(x, y))


@given(st.integers(0, 16))
def test_mirroring_both_exchanges_a_level_and_its_complement(sixteenths):
    level = sixteenths / 16  # so that 1 - level is exact
    x, y = drawn(6, 7), drawn(6, 8)

    got = quantile_loss(-x, -y, quantile=level)

    assert got == quantile_loss(x, y, quantile=1 - level)


def test_the_two_ends_of_an_interval_cost_its_interval_score():
    # Gneiting and Raftery 2007: width + 2 / a times the miss, for an interval that misses a share a
    a, y = 0.2, torch.tensor([0.5, 3.0, -4.0], dtype=torch.float64)
    low, high = torch.full_like(y, -1.0), torch.full_like(y, 2.0)

    ends = [
        quantile_loss(end, y, quantile=level, reduction="none")
        for end, level in ((low, a / 2), (high, 1 - a / 2))
    ]

    # width 3; misses 0, 1 and 3, each at 2 / 0.2 = 10
    assert (2 / a * sum(ends)).tolist() == pytest.approx([3.0, 13.0, 33.0])


def test_it_scales_with_the_unit_and_ignores_a_shift():
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([2.0, -1.0])

    plain = quantile_loss(x, y, quantile=0.25)

    assert quantile_loss(8 * x + 4, 8 * y + 4, quantile=0.25) == 8 * plain


@pytest.mark.parametrize("level", [-0.1, 1.5, 90, float("nan")])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match=rf"^quantile must lie in \[0, 1\], but is {level}\.$"):
        quantile_loss(torch.zeros(2), torch.zeros(2), quantile=level)


def one_by_one(fans, targets, levels, **options):
    """The definition: a call for each column."""
    return torch.stack(
        [
            quantile_loss(fans[..., k], targets, quantile=level, reduction="none", **options)
            for k, level in enumerate(levels)
        ],
        dim=-1,
    )


FORMS = {
    "list": lambda levels: levels,
    "tuple": tuple,
    "tensor": lambda levels: torch.tensor(levels, dtype=torch.float64),
    "array": np.array,
}


@pytest.mark.parametrize("form", FORMS)
def test_several_levels_are_each_the_loss_of_their_own_column(form):
    levels = [0.0, *LEVELS, 1.0]
    fans, targets = drawn(120, 9).reshape(4, 5, 6), drawn(20, 10).reshape(4, 5)

    got = quantile_loss(fans, targets, quantile=FORMS[form](levels), reduction="none")

    expected = one_by_one(fans, targets, levels)
    torch.testing.assert_close(got, expected, rtol=1e-15, atol=0)
    assert got.shape == (4, 5, 6)


def test_the_mean_of_several_levels_is_over_levels_and_over_the_targets_that_count():
    fans, targets, weight = drawn(18, 11).reshape(6, 3), drawn(6, 12), torch.arange(6.0).double()
    mask, levels = torch.arange(6) != 4, [0.1, 0.5, 0.9]
    fans[4], targets[4] = torch.nan, torch.nan

    got = quantile_loss(fans, targets, quantile=levels, weight=weight, mask=mask)

    single = [
        quantile_loss(fans[:, k], targets, quantile=level, weight=weight, mask=mask)
        for k, level in enumerate(levels)
    ]
    torch.testing.assert_close(got, torch.stack(single).mean())
    kept = quantile_loss(fans, targets, quantile=levels, mask=mask, reduction="none")
    assert (kept[4] == 0).all()
    assert quantile_loss(fans, targets, quantile=levels, mask=mask & False) == 0
    assert quantile_loss(fans[:0], targets[:0], quantile=levels) == 0


def test_twice_the_mean_over_many_levels_tends_to_the_ranked_probability_score():
    """Of a standard normal forecast: y (2 F(y) - 1) + 2 f(y) - 1 / sqrt(pi)."""
    levels = ((torch.arange(4000) + 0.5) / 4000).double()
    fan, y = torch.special.ndtri(levels), 0.7
    score = y * math.erf(y / math.sqrt(2)) + 2 * math.exp(-(y**2) / 2) / math.sqrt(2 * math.pi)
    score -= 1 / math.sqrt(math.pi)

    got = 2 * quantile_loss(fan[None], torch.tensor([y]), quantile=levels)

    assert got.item() == pytest.approx(score, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_several_levels_of_half_precision_come_back_as_float32(dtype):
    fans, targets = drawn(12, 13).reshape(4, 3).to(dtype), torch.arange(4)

    got = quantile_loss(fans, targets, quantile=[0.1, 0.5, 0.9])

    assert got.dtype == torch.float32
    torch.testing.assert_close(got, quantile_loss(fans.float(), targets, quantile=[0.1, 0.5, 0.9]))


def test_an_end_of_the_levels_costs_nothing_on_its_free_side_however_far():
    fans = torch.tensor([[torch.inf, -torch.inf]], requires_grad=True)

    values = quantile_loss(fans, torch.zeros(1), quantile=[1.0, 0.0], reduction="none")
    values.sum().backward()

    assert values.tolist() == [[0.0, 0.0]]
    assert not fans.grad.isnan().any()


def test_a_nan_stays_in_its_column_and_row():
    fans = drawn(9, 14).reshape(3, 3)
    fans[1, 2] = torch.nan
    fans.requires_grad_()

    values = quantile_loss(fans, drawn(3, 15), quantile=[0.1, 0.5, 0.9], reduction="none")
    values.sum().backward()

    nowhere_else = torch.ones(3, 3, dtype=torch.bool).index_put(
        (torch.tensor(1), torch.tensor(2)), torch.tensor(False)
    )
    assert torch.equal(values.isnan(), ~nowhere_else)
    assert torch.equal(fans.grad.isnan(), ~nowhere_else)


def test_several_levels_work_in_transforms_and_have_right_gradients():
    fans, targets, levels = drawn(12, 16).reshape(4, 3), drawn(4, 17), [0.1, 0.5, 0.9]

    def loss(x, y=targets):
        return quantile_loss(x, y, quantile=levels)

    leaf = fans.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, leaf)
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    torch.testing.assert_close(torch.func.grad(loss)(fans), slope)
    each = torch.func.vmap(loss)(fans.reshape(2, 2, 3), targets.reshape(2, 2))
    torch.testing.assert_close(each.mean(), loss(fans))
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(fans), loss(fans))


def test_several_levels_that_learn_have_the_slope_of_their_formula():
    """Of max(t (y - x), (t - 1)(y - x)) in t: y - x, whichever side counts."""
    fans, targets = drawn(8, 18).reshape(4, 2), drawn(4, 19)
    levels = torch.tensor([0.2, 0.7], dtype=torch.float64, requires_grad=True)

    loss = quantile_loss(fans, targets, quantile=levels, reduction="sum")
    (slope,) = torch.autograd.grad(loss, levels)

    torch.testing.assert_close(slope, (targets.unsqueeze(-1) - fans).sum(0))


@pytest.mark.parametrize(
    ("fans", "targets", "options", "message"),
    [
        ((4, 2), (4,), {}, "predictions must have a last axis of 3, a column a level, but has"),
        ((), (), {}, "predictions must have a last axis of 3, a column a level, but has shape"),
        (
            (4, 3),
            (4, 3),
            {},
            r"targets must have the shape \(4,\) of one target a row of predictio",
        ),
        (
            (4, 3),
            (4, 1),
            {},
            r"targets must have the shape \(4,\) of one target a row of predictio",
        ),
        ((4, 3), (4,), {"weight": (4, 3)}, r"weight must have the shape \(4,\) of one number a"),
        ((4, 3), (4,), {"mask": (4, 3)}, r"mask must have the shape \(4,\) of one entry an"),
    ],
)
def test_shapes_that_do_not_fit_several_levels_are_refused(fans, targets, options, message):
    made = {"weight": torch.ones, "mask": lambda shape: torch.ones(shape, dtype=torch.bool)}
    given = {name: made[name](shape) for name, shape in options.items()}

    with pytest.raises(ValueError, match=f"^{message}"):
        quantile_loss(torch.zeros(fans), torch.zeros(targets), quantile=[0.1, 0.5, 0.9], **given)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], r"quantile must hold a level, but is empty\."),
        ([0.5, 1.5], r"quantile must lie in \[0, 1\], but is 1\.5\."),
        (torch.tensor([0.5, -1.0]), r"quantile must lie in \[0, 1\], but contains -1 at index 1\."),
        (torch.tensor([0.5, torch.nan]), r"quantile must lie in \[0, 1\], but contains nan at ind"),
    ],
)
def test_levels_that_are_none_are_refused(levels, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        quantile_loss(torch.zeros(2, len(levels)), torch.zeros(2), quantile=levels)


def test_what_is_neither_a_level_nor_levels_is_refused():
    for wrong in ("median", [0.5, "0.9"], torch.zeros(2, 2), [True, 0.5]):
        with pytest.raises(TypeError, match=r"^quantile must be a number, but is"):
            quantile_loss(torch.zeros(2, 2), torch.zeros(2), quantile=wrong)
    with pytest.raises(TypeError, match="quantile must be a floating-point tensor"):
        quantile_loss(torch.zeros(2, 2), torch.zeros(2), quantile=torch.tensor([0, 1]))


def test_the_crossing_rate_counts_rows_in_which_a_lower_level_stands_above_a_higher_one():
    fans = torch.tensor([[1.0, 2, 3], [1, 3, 2], [2, 2, 2], [3, 2, 1], [-torch.inf, 0, torch.inf]])

    assert quantile_crossing_rate(fans, [0.1, 0.5, 0.9]).item() == pytest.approx(2 / 5)
    assert quantile_crossing_rate(fans[:, [2, 0, 1]], [0.9, 0.1, 0.5]) == pytest.approx(2 / 5)
    assert quantile_crossing_rate(fans.sort(-1).values, [0.1, 0.5, 0.9]) == 0
    assert quantile_crossing_rate(fans[:, :1], [0.5]) == 0
    assert quantile_crossing_rate(fans[:0], [0.1, 0.5, 0.9]) == 0


def test_the_crossing_rate_is_over_the_rows_that_count():
    fans = torch.tensor([[2.0, 1.0], [1.0, 2.0], [torch.nan, 0.0]])
    mask = torch.tensor([True, True, False])

    assert quantile_crossing_rate(fans, [0.1, 0.9], mask=mask) == 0.5
    assert quantile_crossing_rate(fans, [0.1, 0.9], mask=mask & False) == 0
    with pytest.raises(ValueError, match=r"^predictions must hold numbers, but contains nan"):
        quantile_crossing_rate(fans, [0.1, 0.9])


def test_sorting_each_row_never_raises_the_sum_over_levels():
    fans, targets, levels = 3 * drawn(400, 20).reshape(100, 4), drawn(100, 21), [0.1, 0.4, 0.6, 0.9]
    assert quantile_crossing_rate(fans, levels) > 0.5

    each = [
        quantile_loss(rows, targets, quantile=levels, reduction="none").sum(-1)
        for rows in (fans, fans.sort(-1).values)
    ]

    assert (each[1] <= each[0] + 1e-12).all()


@pytest.mark.parametrize(
    ("levels", "error", "message"),
    [
        (0.5, TypeError, r"quantile must be a sequence of levels, but is a single number\."),
        ([0.5, 0.5], ValueError, r"quantile must hold each level once, but holds 0\.5 twice\."),
        ([0.5], ValueError, "predictions must have a last axis of 1, a column a level, but has"),
    ],
)
def test_a_crossing_rate_needs_levels_that_differ(levels, error, message):
    with pytest.raises(error, match=f"^{message}"):
        quantile_crossing_rate(torch.zeros(3, 2), levels)
