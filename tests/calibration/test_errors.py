"""What holds for reliability diagrams, expected calibration error and the Brier score."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from lossedu.calibration import brier_score, expected_calibration_error, reliability_diagram

BINNINGS = ["uniform", "quantile"]


def drawn(n, seed=0):
    """Probabilities and events that are somewhat likelier where they say so."""
    generator = torch.Generator().manual_seed(seed)
    p = torch.rand(n, generator=generator, dtype=torch.float64)
    return p, (torch.rand(n, generator=generator, dtype=torch.float64) < p**2).long()


def drawn_rows(n, classes=4, seed=0):
    logits = torch.randn(n, classes, generator=torch.Generator().manual_seed(seed))
    return (2 * logits).double().softmax(-1), torch.arange(n) % classes


def calibrated():
    """Of ten predictions of k / 10, k come true."""
    p = torch.arange(11).repeat_interleave(10).double() / 10
    return p, torch.cat([torch.arange(10) < k for k in range(11)]).long()


def gap_by_loop(confidence, right, edges, norm="l1"):
    """Each bin in turn: open below and closed above, but that 0 belongs into the first."""
    gaps = []
    for low, high in pairwise(edges):
        inside = [i for i, c in enumerate(confidence) if low < c <= high or c == low == 0]
        if inside:
            gap = abs(sum(confidence[i] - right[i] for i in inside)) / len(inside)
            gaps.append((len(inside) / len(confidence), gap))
    if norm == "max":
        return max(gap for _, gap in gaps)
    if norm == "l2":
        return math.sqrt(sum(share * gap**2 for share, gap in gaps))
    return sum(share * gap for share, gap in gaps)


def test_a_diagram_by_hand():
    # (0, 1/2]: 0.25 and 0.5, one true; (1/2, 1]: 0.75 and 1, both true; 0 goes into the first bin.
    p = torch.tensor([0.25, 0.5, 0.75, 1.0, 0.0])

    diagram = reliability_diagram(p, torch.tensor([0, 1, 1, 1, 0]), bins=2)

    assert diagram.counts.tolist() == [3.0, 2.0]
    assert diagram.confidence.tolist() == [0.25, 0.875]
    assert diagram.accuracy.tolist() == pytest.approx([1 / 3, 1.0])
    assert diagram.gaps.tolist() == pytest.approx([1 / 12, 1 / 8])
    assert diagram.edges.tolist() == [0.0, 0.5, 1.0]
    assert expected_calibration_error(p, torch.tensor([0, 1, 1, 1, 0]), bins=2).item() == (
        pytest.approx((3 / 12 + 2 / 8) / 5)
    )


@pytest.mark.parametrize("binning", BINNINGS)
def test_it_agrees_with_scikit_learn_and_quantile_bins_hold_equal_numbers(binning):
    p, y = drawn(210)

    diagram = reliability_diagram(p, y, bins=7, binning=binning)

    accuracy, confidence = calibration_curve(y.numpy(), p.numpy(), n_bins=7, strategy=binning)
    assert diagram.accuracy.tolist() == pytest.approx(accuracy)
    assert diagram.confidence.tolist() == pytest.approx(confidence)
    assert binning == "uniform" or set(diagram.counts.tolist()) == {30.0}


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1),
    st.sampled_from([1, 3, 4, 7, 10, 15, 20]),
    st.sampled_from(["l1", "l2", "max"]),
)
def test_the_error_agrees_with_a_loop_over_bins_also_on_their_edges(pairs, bins, norm):
    p, y = [k / 20 for k, _ in pairs], [float(event) for _, event in pairs]

    got = expected_calibration_error(
        torch.tensor(p).double(), torch.tensor(y), bins=bins, norm=norm
    )

    edges = [b / bins for b in range(bins + 1)]
    exact = torch.tensor(p).double().tolist()
    assert got.item() == pytest.approx(gap_by_loop(exact, y, edges, norm), abs=1e-12)


@pytest.mark.parametrize("binning", BINNINGS)
def test_the_three_norms_by_hand_and_in_their_order(binning):
    # Three of four at 1/4 are true, a gap of 1/2; of the one at 1 none is, a gap of 1.
    p, y = torch.tensor([0.25] * 4 + [1.0]), torch.tensor([1, 1, 1, 0, 0])
    errors = [expected_calibration_error(p, y, bins=2, norm=n).item() for n in ("l1", "l2", "max")]

    assert errors == pytest.approx([3 / 5, math.sqrt(2 / 5), 1.0])
    rows, classes = drawn_rows(300)
    mean, root, largest = (
        expected_calibration_error(rows, classes, binning=binning, norm=n)
        for n in ("l1", "l2", "max")
    )
    assert 0 < mean < root < largest < 1


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_in_every_norm_a_weight_repeats_and_none_err_by_nothing(norm):
    (p, y), times = drawn(40), torch.arange(40) % 4
    known = p.repeat_interleave(times), y.repeat_interleave(times)

    got = expected_calibration_error(p, y, norm=norm, weight=times)

    torch.testing.assert_close(got, expected_calibration_error(*known, norm=norm))
    assert expected_calibration_error(p, y, norm=norm, weight=torch.zeros(40)) == 0
    assert expected_calibration_error(p[:0], y[:0], norm=norm) == 0
    assert expected_calibration_error(*calibrated(), bins=10, norm=norm) < 1e-15


@pytest.mark.parametrize("bins", [1, 2, 3, 7, 10, 15, 49, 99])
def test_a_probability_on_an_edge_belongs_to_the_bin_below(bins):
    p = torch.tensor([k / bins for k in range(1, bins + 1)], dtype=torch.float64)

    assert reliability_diagram(p, p > 0.5, bins=bins).counts.tolist() == [1.0] * bins


@pytest.mark.parametrize("bins", [2, 3, 7, 10, 15, 49])
@pytest.mark.parametrize("extra", [1, 2])
def test_quantiles_are_those_of_torch_and_exact_where_they_are_a_prediction(bins, extra):
    p, y = drawn(4 * bins + extra)

    edges = reliability_diagram(p, y, bins=bins, binning="quantile").edges

    share = torch.arange(1, bins, dtype=torch.float64) / bins
    torch.testing.assert_close(edges[1:-1], torch.quantile(p, share), rtol=1e-14, atol=1e-15)
    if extra == 1:
        assert edges[1:-1].tolist() == p.sort().values[4:-1:4].tolist()


def test_the_error_of_a_perfectly_calibrated_set_is_zero():
    assert expected_calibration_error(*calibrated(), bins=10).item() == pytest.approx(0, abs=1e-15)


def test_the_error_is_zero_for_the_base_rate_which_the_brier_score_tells_apart():
    p, y = calibrated()
    base = torch.full_like(p, y.double().mean().item())

    assert expected_calibration_error(base, y).item() == pytest.approx(0, abs=1e-15)
    assert brier_score(base, y) > brier_score(p, y) + 0.09


def test_one_prediction_errs_by_its_distance_and_none_by_nothing():
    none = torch.zeros(0)

    assert expected_calibration_error(torch.tensor([0.25]), torch.tensor([1])) == 0.75
    assert expected_calibration_error(none, none) == brier_score(none, none) == 0
    assert expected_calibration_error(none, none, binning="quantile") == 0
    assert brier_score(torch.zeros(0, 3), none) == 0


def test_over_classes_the_confidence_is_that_of_the_most_probable_class():
    rows, y = drawn_rows(80)
    confidence, right = rows.amax(-1), (rows.argmax(-1) == y).long()

    for binning in BINNINGS:
        got = expected_calibration_error(rows, y, bins=6, binning=binning)

        assert got == expected_calibration_error(confidence, right, bins=6, binning=binning)


def test_a_weight_repeats_a_prediction():
    (p, y), times = drawn(20), torch.arange(20) % 4

    for error in (expected_calibration_error, brier_score):
        got = error(p, y, weight=times)

        torch.testing.assert_close(
            got, error(p.repeat_interleave(times), y.repeat_interleave(times))
        )
        assert error(p, y, weight=torch.zeros(20)) == 0


def test_the_brier_score_agrees_with_scikit_learn_and_for_two_classes_is_twice_that_of_one():
    (p, y), (rows, classes) = drawn(50), drawn_rows(50)

    assert brier_score(p, y).item() == pytest.approx(brier_score_loss(y.numpy(), p.numpy()))
    expected = brier_score_loss(classes.numpy(), rows.numpy(), scale_by_half=False)
    assert brier_score(rows, classes).item() == pytest.approx(expected)
    both = torch.stack([1 - p, p], dim=-1)
    torch.testing.assert_close(brier_score(both, y), 2 * brier_score(p, y))


def test_the_brier_score_is_proper_and_has_a_gradient():
    p, y = drawn(8)
    assert torch.autograd.gradcheck(lambda q: brier_score(q, y), p.requires_grad_())

    truth = torch.tensor([1, 0, 0, 1, 0])
    scores = [brier_score(torch.full((5,), q), truth) for q in np.linspace(0, 1, 11)]

    assert np.argmin(scores) == 4  # 0.4, the base rate


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_many_predictions_in_half_precision_are_averaged_in_float32(dtype):
    p, y = torch.full((70_000,), 0.5, dtype=dtype), torch.arange(70_000) % 2
    few, events = drawn(99)

    assert brier_score(p, y).item() == 0.25
    rounded = few.to(dtype)
    assert brier_score(rounded, events).item() == pytest.approx(
        brier_score(rounded.double(), events).item(), rel=1e-6
    )
    assert expected_calibration_error(rounded, events) == expected_calibration_error(
        rounded.double(), events
    )


P, Y = torch.tensor([0.2, 0.7]), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("error", "arguments", "options", "message"),
    [
        (ValueError, (P, Y), {"bins": 0}, "bins must be at least 1, but is 0"),
        (ValueError, (P, Y), {"binning": "equal"}, "binning must be one of 'uniform', 'quantile'"),
        (
            ValueError,
            (P, Y),
            {"norm": "linf"},
            "norm must be one of 'l1', 'l2', 'max', but is 'linf'",
        ),
        (ValueError, (P + 1, Y), {}, r"probabilities must lie in \[0, 1\], but contains 1.2 at"),
        (
            ValueError,
            (P * math.nan, Y),
            {},
            r"probabilities must lie in \[0, 1\], but contains nan",
        ),
        (ValueError, (P, Y + 1), {}, "targets must lie in 0 to 1, but contains 2 at index 1"),
        (ValueError, (P, Y[:1]), {}, r"targets must have the shape \(2,\) of one target a pred"),
        (ValueError, (P.reshape(1, 1, 2), Y), {}, r"probabilities must have the shape \(n,\) or"),
        (ValueError, (P, Y), {"weight": torch.ones(1)}, r"weight must have the shape \(2,\)"),
        (TypeError, (Y, Y), {}, "probabilities must be a floating-point tensor, but has dtype"),
    ],
)
def test_what_does_not_fit_is_refused(error, arguments, options, message):
    with pytest.raises(error, match=message):
        expected_calibration_error(*arguments, **options)
    if not options.keys() & {"bins", "binning", "norm"}:
        with pytest.raises(error, match=message):
            brier_score(*arguments, **options)


def test_a_column_of_a_table_is_binned_as_its_copy_is_and_without_a_warning(recwarn):
    rows, targets = drawn_rows(200, classes=2)

    column = expected_calibration_error(rows[:, 1], targets)

    assert [str(w.message) for w in recwarn] == []
    copy = expected_calibration_error(rows[:, 1].clone(), targets)
    assert torch.equal(column, copy)
