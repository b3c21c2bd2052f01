"""What holds for the CTC loss alone."""

import math
from itertools import groupby, product

import pytest
import torch
from torch.autograd import forward_ad
from torch.nn import functional

from lossedu import catalog
from lossedu.losses import cross_entropy, ctc_loss
from lossedu.symbolic import oracle

LENGTHS = {"input_lengths": torch.tensor([5, 3, 4]), "target_lengths": torch.tensor([2, 1, 0])}


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def batch():
    """Three sequences of five frames and four classes, with labels in a row alike."""
    return drawn(3, 5, 4), torch.tensor([[1, 1], [2, 3], [3, 1]])


def collapsed(path, blank):
    """Merge repeats, then drop blanks."""
    return [label for label, _ in groupby(path) if label != blank]


def by_enumeration(logits, labels, blank=0):
    """Minus the logarithm of the sum over every path that spells the labels."""
    frames = logits.softmax(-1).tolist()
    total = 0.0
    for path in product(range(logits.shape[-1]), repeat=len(frames)):
        if collapsed(path, blank) == labels:
            total += math.prod(frame[k] for frame, k in zip(frames, path, strict=True))
    return -math.log(total) if total else math.inf


def test_a_letter_in_two_frames_by_hand():
    # p = 3/4 in both frames: aa, a- and -a have 9/16 + 2 * 3/16 = 15/16.
    logits = torch.tensor([[0.0, math.log(3)]] * 2, dtype=torch.float64)

    assert ctc_loss(logits, torch.tensor([1])).item() == pytest.approx(-math.log(15 / 16))


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
def test_it_is_the_sum_over_all_alignments(frames, blank):
    others = [c for c in range(3) if c != blank]
    logits = drawn(frames, 3, seed=frames)

    for many in range(4):
        for labels in product(others, repeat=many):
            targets = torch.tensor(labels, dtype=torch.long)

            got = ctc_loss(logits, targets, blank=blank)

            expected = by_enumeration(logits, list(labels), blank)
            assert got.item() == pytest.approx(expected, rel=1e-12), labels


def test_lengths_leave_out_what_lies_beyond_them():
    logits, targets = batch()
    logits[1, 3:], targets[2], targets[1, 1] = torch.nan, -5, 99

    each = ctc_loss(logits, targets, **LENGTHS, reduction="none")

    expected = [
        by_enumeration(logits[i, :frames], targets[i, :many].tolist())
        for i, (frames, many) in enumerate(((5, 2), (3, 1), (4, 0)))
    ]
    assert each.tolist() == pytest.approx(expected, rel=1e-12)
    lists = {name: lengths.tolist() for name, lengths in LENGTHS.items()}
    torch.testing.assert_close(each, ctc_loss(logits, targets, **lists, reduction="none"))


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_it_agrees_with_torch_value_and_gradient(reduction):
    logits, targets = batch()
    leaf = logits.requires_grad_()
    scores = leaf.log_softmax(-1).transpose(0, 1)

    got = ctc_loss(leaf, targets, **LENGTHS, average="both", reduction=reduction)
    expected = functional.ctc_loss(scores, targets, *LENGTHS.values(), reduction=reduction)

    torch.testing.assert_close(got, expected)
    slopes = [torch.autograd.grad(loss.sum(), leaf)[0] for loss in (got, expected)]
    torch.testing.assert_close(*slopes)


def test_what_the_mean_divides_by_is_stated():
    logits, targets = batch()
    weight = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    each = weight * ctc_loss(logits, targets, **LENGTHS, reduction="none")
    many = LENGTHS["target_lengths"]

    def mean(average):
        return ctc_loss(logits, targets, **LENGTHS, weight=weight, average=average)

    torch.testing.assert_close(mean("sequence"), each.sum() / weight.sum())
    torch.testing.assert_close(mean("label"), each.sum() / (weight * many).sum())
    torch.testing.assert_close(mean("both"), (each / many.clamp(min=1)).sum() / weight.sum())


def test_both_derivatives_are_right_though_torchs_kernel_has_one():
    logits, targets = batch()
    leaf = logits.requires_grad_()

    def loss(z):
        return ctc_loss(z, targets, **LENGTHS)

    assert torch.autograd.gradcheck(loss, leaf)
    assert torch.autograd.gradgradcheck(loss, leaf)


def test_every_transform_agrees_with_the_plain_call():
    logits, targets = batch()

    def loss(z, y=targets):
        return ctc_loss(z, y, **LENGTHS)

    leaf = logits.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf), leaf)
    torch.testing.assert_close(loss(leaf.detach()), loss(leaf).detach())
    torch.testing.assert_close(torch.func.grad(loss)(logits), slope)
    several = torch.stack([logits, 2 * logits]), torch.stack([targets, targets.flip(-1)])
    got = torch.func.vmap(loss)(*several)
    torch.testing.assert_close(
        got, torch.stack([loss(z, y) for z, y in zip(*several, strict=True)])
    )
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    leaf = logits.clone().requires_grad_()
    torch.testing.assert_close(torch.autograd.grad(compiled(leaf), leaf)[0], slope)
    with forward_ad.dual_level():
        direction = drawn(*logits.shape, seed=9)
        values = loss(forward_ad.make_dual(logits, direction))
        along = forward_ad.unpack_dual(values).tangent
    torch.testing.assert_close(along, (slope * direction).sum())


@pytest.mark.parametrize("wanted", [True, False], ids=["with a gradient", "without"])
def test_a_target_that_no_path_spells_costs_infinity_or_nothing_and_teaches_nothing(wanted):
    # Two equal labels need three frames: one between them is blank.
    logits, targets = drawn(2, 2, 3), torch.tensor([[1, 1], [1, 2]])
    leaf = logits.requires_grad_(wanted)

    each = ctc_loss(leaf, targets, reduction="none")
    zeroed = ctc_loss(leaf, targets, zero_infinity=True)

    assert each[0] == math.inf
    torch.testing.assert_close(zeroed, each[1] / 2)
    if wanted:
        for loss in (each.sum(), zeroed):
            (slope,) = torch.autograd.grad(loss, leaf, retain_graph=True)
            assert (slope[0] == 0).all()
            assert (slope[1] != 0).all()
            assert slope.isfinite().all()
        again = torch.autograd.grad(each.sum(), leaf, create_graph=True)[0]
        torch.testing.assert_close(again, slope * 2)


def test_without_frames_only_an_empty_target_can_be_spelled():
    none = torch.zeros(2, 0, 3)
    lengths = {"target_lengths": [0, 1]}

    got = ctc_loss(none, torch.tensor([[1], [1]]), **lengths, reduction="none")
    some = ctc_loss(
        drawn(2, 4, 3), torch.tensor([[1], [1]]), input_lengths=[0, 0], **lengths, reduction="none"
    )

    assert got.tolist() == some.tolist() == [0, math.inf]
    assert ctc_loss(torch.zeros(0, 4, 3), torch.zeros(0, 2).long()) == 0


def test_one_frame_a_label_is_cross_entropy():
    logits, targets = drawn(2, 3, 5), torch.tensor([[1, 2, 1], [4, 3, 2]])

    got = ctc_loss(logits, targets, reduction="sum")

    torch.testing.assert_close(got, cross_entropy(logits, targets, reduction="sum"))


def test_log_probabilities_may_be_passed_as_they_are():
    logits, targets = batch()

    got = ctc_loss(logits.log_softmax(-1), targets, **LENGTHS)

    torch.testing.assert_close(got, ctc_loss(logits, targets, **LENGTHS))


def test_leading_dimensions_are_batch():
    logits, targets = drawn(2, 3, 4, 5), torch.arange(12).reshape(2, 3, 2) % 4 + 1
    lengths = torch.tensor([[4, 3, 4], [4, 4, 2]])

    got = ctc_loss(logits, targets, input_lengths=lengths, reduction="none")

    flat = ctc_loss(
        logits.flatten(0, 1),
        targets.flatten(0, 1),
        input_lengths=lengths.flatten(),
        reduction="none",
    )
    torch.testing.assert_close(got, flat.reshape(2, 3))


def test_a_mask_is_the_same_as_leaving_out_and_hides_anything():
    logits, targets = batch()
    expected = ctc_loss(logits[::2], targets[::2], target_lengths=[2, 1])
    logits[1], targets[1] = torch.nan, -9
    leaf = logits.requires_grad_()

    got = ctc_loss(leaf, targets, target_lengths=[2, 77, 1], mask=torch.tensor([True, False, True]))
    (slope,) = torch.autograd.grad(got, leaf)

    torch.testing.assert_close(got, expected)
    assert slope.isfinite().all()
    assert (slope[1] == 0).all()
    assert ctc_loss(leaf, targets, mask=torch.zeros(3, dtype=torch.bool)) == 0


def test_a_score_that_is_nan_makes_its_sequence_nan_and_no_other():
    logits, targets = batch()
    logits[1, 0, 2] = torch.nan
    leaf = logits.requires_grad_()

    each = ctc_loss(leaf, targets, reduction="none")
    (slope,) = torch.autograd.grad(each.sum(), leaf)

    assert each.isnan().tolist() == [False, True, False]
    assert slope[1, 0].isnan().all()
    assert slope[[0, 2]].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_extremes_are_finite_and_right(dtype):
    logits = torch.zeros(1, 4, 3, dtype=dtype)
    logits[0, :, 0], logits[0, 1, 1], logits[0, 2] = 1e4, -1e4, torch.tensor([-1e4, 1e4, 0])
    targets = torch.tensor([[1, 2]])
    leaf = logits.requires_grad_()

    got = ctc_loss(leaf, targets)
    (slope,) = torch.autograd.grad(got, leaf)

    exact = ctc_loss(leaf.double(), targets)
    assert got.dtype == torch.float32
    assert got.isfinite()
    torch.testing.assert_close(got.double(), exact, rtol=1e-6, atol=0)
    assert slope.dtype == dtype
    assert slope.isfinite().all()


def test_a_class_that_is_ruled_out_leaves_the_other_paths():
    logits, targets = drawn(4, 3), torch.tensor([1])
    logits[0, 1] = -torch.inf
    leaf = logits.requires_grad_()

    got = ctc_loss(leaf, targets)
    (slope,) = torch.autograd.grad(got, leaf)

    assert got.item() == pytest.approx(by_enumeration(logits.detach(), [1]), rel=1e-12)
    assert slope.isfinite().all()
    assert slope[0, 1] == 0


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.uint16], ids=str)
def test_labels_and_lengths_mean_the_same_in_every_integer_type(dtype):
    logits, targets = batch()

    got = ctc_loss(
        logits, targets.to(dtype), **{name: value.to(dtype) for name, value in LENGTHS.items()}
    )

    torch.testing.assert_close(got, ctc_loss(logits, targets, **LENGTHS), rtol=0, atol=0)


def test_along_its_axis_the_loss_is_the_formula_of_its_spec():
    reference = oracle(catalog.spec("ctc_loss"))

    for z in (-4.0, 0.0, 3.0):
        got = ctc_loss(torch.tensor([[0.0, z]] * 2, dtype=torch.float64), torch.tensor([1]))
        assert got.item() == pytest.approx(float(reference.value(z, 0)), rel=1e-12)


Z, Y = torch.zeros(2, 4, 3), torch.tensor([[1, 2], [2, 1]])


@pytest.mark.parametrize(
    ("error", "arguments", "options", "message"),
    [
        (TypeError, (Z.long(), Y), {}, "logits must be a floating-point tensor"),
        (TypeError, (Z, Y.double()), {}, "targets must be integers, but has dtype torch.float64"),
        (ValueError, (torch.zeros(3), Y), {}, "logits must have an axis of frames and a last one"),
        (
            ValueError,
            (Z, Y[0]),
            {},
            r"targets must have the shape \(2, 2\) of a row of labels a seq",
        ),
        (ValueError, (Z, torch.tensor(1)), {}, "targets must have a last axis of labels"),
        (ValueError, (Z, Y + 1), {}, "targets must be class numbers 0 to 2, but contains 3 at ind"),
        (
            ValueError,
            (Z, Y - 1),
            {},
            "targets must not contain the blank, but contains 0 at index 0",
        ),
        (ValueError, (Z, Y), {"blank": 2}, "must not contain the blank, but contains 2 at index 1"),
        (ValueError, (Z, Y), {"blank": 3}, "blank must be a class number 0 to 2, but is 3"),
        (ValueError, (Z, Y), {"blank": -1}, "blank must be a class number 0 to 2, but is -1"),
        (
            ValueError,
            (Z, Y),
            {"input_lengths": [5, 4]},
            "input_lengths must lie in 0 to 4, but cont",
        ),
        (
            ValueError,
            (Z, Y),
            {"target_lengths": [1, 3]},
            "target_lengths must lie in 0 to 2, but c",
        ),
        (
            ValueError,
            (Z, Y),
            {"target_lengths": [1, -1]},
            "target_lengths must lie in 0 to 2, but ",
        ),
        (
            ValueError,
            (Z, Y),
            {"input_lengths": [4]},
            r"input_lengths must have the shape \(2,\) of",
        ),
        (TypeError, (Z, Y), {"input_lengths": [4.0, 2]}, "input_lengths must be integers, but has"),
        (ValueError, (Z, Y), {"average": "mean"}, "average must be one of 'sequence', 'label', 'b"),
        (
            ValueError,
            (Z, Y),
            {"reduction": "avg"},
            "reduction must be one of 'mean', 'sum', 'none'",
        ),
        (TypeError, (Z, Y), {"mask": torch.ones(2)}, "mask must be a boolean tensor"),
        (ValueError, (Z, Y), {"weight": torch.ones(2, 1)}, r"weight must have the shape \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(error, arguments, options, message):
    with pytest.raises(error, match=message):
        ctc_loss(*arguments, **options)
