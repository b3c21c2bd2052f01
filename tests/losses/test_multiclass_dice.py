"""What holds for Dice over classes and generalised Dice."""

import math
from itertools import product

import pytest
import sympy as sp
import torch

from lossedu import catalog
from lossedu.losses import dice_loss, generalized_dice_loss, softmax_dice_loss, tversky_loss
from lossedu.properties import along_axis

BOTH = [softmax_dice_loss, generalized_dice_loss]
CLASSES = 4


def drawn(*shape, seed=0):
    return 2 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def images(seed=0):
    """Scores of four classes for two images of 3 by 5, and class numbers; one class is absent."""
    numbers = (drawn(2, 3, 5, seed=seed + 1).abs() * 2).long() % CLASSES
    numbers[1][numbers[1] == 3] = 0
    assert len(numbers.unique()) == CLASSES
    return drawn(2, CLASSES, 3, 5, seed=seed), numbers


def softmax_by_hand(scores):
    largest = max(scores)
    powers = [math.exp(z - largest) for z in scores]
    return [power / sum(powers) for power in powers]


def counts_by_loop(logits, numbers, skipped=-100):
    """Hits, misses and false alarms of each class in one image, pixel by pixel."""
    found = [[0.0, 0.0, 0.0, 0.0] for _ in range(logits.shape[0])]
    for row, column in product(*map(range, numbers.shape)):
        true = numbers[row, column].item()
        if true == skipped:
            continue
        for c, p in enumerate(softmax_by_hand(logits[:, row, column].tolist())):
            found[c][0] += p if c == true else 0.0
            found[c][1] += 1 - p if c == true else 0.0
            found[c][2] += 0.0 if c == true else p
            found[c][3] += c == true
    return found


def dice_by_loop(logits, numbers, *, alpha=0.5, beta=0.5, smooth=1.0, first=0, skipped=-100):
    return [
        1 - (2 * t + smooth) / (2 * t + 2 * alpha * n + 2 * beta * m + smooth)
        for t, m, n, _ in counts_by_loop(logits, numbers, skipped)[first:]
    ]


def generalized_by_loop(logits, numbers, *, power=2.0, smooth=1.0, first=0, skipped=-100):
    counts = counts_by_loop(logits, numbers, skipped)[first:]
    least = min((size for *_, size in counts if size), default=1.0)
    weights = [(least / size) ** power if size else 1.0 for *_, size in counts]
    common = sum(w * t for w, (t, *_) in zip(weights, counts, strict=True))
    sizes = sum(w * (2 * t + m + n) for w, (t, m, n, _) in zip(weights, counts, strict=True))
    return 1 - (2 * common + smooth) / (sizes + smooth)


@pytest.mark.parametrize("first", [0, 1], ids=["all classes", "without background"])
@pytest.mark.parametrize("options", [{}, {"alpha": 0.2, "beta": 0.9}, {"smooth": 0.0}], ids=str)
def test_dice_over_classes_agrees_with_a_loop(options, first):
    logits, numbers = images()
    numbers[0, 0] = 255

    got = softmax_dice_loss(
        logits,
        numbers,
        axis=1,
        include_background=not first,
        ignore_index=255,
        reduction="none",
        **options,
    )

    for image in range(2):
        by_loop = dice_by_loop(logits[image], numbers[image], first=first, skipped=255, **options)
        assert got[image].tolist() == pytest.approx(by_loop, rel=1e-12)


@pytest.mark.parametrize("first", [0, 1], ids=["all classes", "without background"])
@pytest.mark.parametrize("options", [{}, {"power": 0.0}, {"power": 1.0, "smooth": 0.0}], ids=str)
def test_generalised_dice_agrees_with_a_loop(options, first):
    logits, numbers = images()
    numbers[0, 0] = -7

    got = generalized_dice_loss(
        logits,
        numbers,
        axis=1,
        include_background=not first,
        ignore_index=-7,
        reduction="none",
        **options,
    )

    by_loop = [
        generalized_by_loop(logits[i], numbers[i], first=first, skipped=-7, **options)
        for i in range(2)
    ]
    assert got.tolist() == pytest.approx(by_loop, rel=1e-12)


def one_hot(numbers):
    return torch.nn.functional.one_hot(numbers, CLASSES).movedim(-1, 1).double()


def as_monai_has_it(p, y, smooth, background):
    """Its mean over images and classes, and its generalised one with squared weights."""
    p, y = (p, y) if background else (p[:, 1:], y[:, 1:])
    common, sizes = (p * y).sum((2, 3)), (p + y).sum((2, 3))
    mean = (1 - (2 * common + smooth) / (sizes + smooth)).mean()
    weights = 1 / y.sum((2, 3)) ** 2
    weights[weights.isinf()] = 0
    rarest = weights.amax(1, keepdim=True).expand(weights.shape)
    weights = torch.where(weights == 0, rarest, weights)
    general = 1 - 2 * (weights * common).sum(1) / (weights * sizes).sum(1)
    return mean, general.mean()


@pytest.mark.parametrize("background", [True, False])
def test_both_agree_with_the_definitions_of_monai(background):
    logits, numbers = images(seed=5)
    options = {"axis": 1, "include_background": background}

    mean, general = as_monai_has_it(logits.softmax(1), one_hot(numbers), 0.3, background)

    torch.testing.assert_close(softmax_dice_loss(logits, numbers, smooth=0.3, **options), mean)
    got = generalized_dice_loss(logits, numbers, smooth=0.0, **options)
    torch.testing.assert_close(got, general)


def test_pooled_over_the_batch_it_is_the_definition_of_segmentation_models():
    logits, numbers = images()
    p, y = logits.softmax(1), one_hot(numbers)
    common, sizes = (p * y).sum((0, 2, 3)), (p + y).sum((0, 2, 3))

    got = softmax_dice_loss(logits, numbers, axis=1, dim=(0, 2, 3), smooth=0.0, reduction="none")

    torch.testing.assert_close(got, 1 - 2 * common / sizes)


@pytest.mark.parametrize("loss", BOTH)
def test_shares_of_zero_and_one_are_class_numbers(loss):
    logits, numbers = images()

    got = loss(logits, one_hot(numbers), axis=1, reduction="none")

    torch.testing.assert_close(got, loss(logits, numbers, axis=1, reduction="none"))


@pytest.mark.parametrize("alpha", [0.5, 0.2])
def test_two_classes_without_background_are_the_binary_loss(alpha):
    z, y = drawn(3, 12), (drawn(3, 12, seed=1) > 0).long()
    options = {"alpha": alpha, "beta": 1 - alpha, "reduction": "none"}

    got = softmax_dice_loss(
        torch.stack([0 * z, z], -1), y, include_background=False, dim=1, **options
    )

    torch.testing.assert_close(got[:, 0], tversky_loss(z, y, **options))
    if alpha == 0.5:
        torch.testing.assert_close(got[:, 0], dice_loss(z, y, reduction="none"))


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0, 5.0])
def test_of_classes_of_equal_size_all_weigh_alike(power):
    logits, numbers = drawn(2, 3, 6), torch.tensor([0, 1, 2, 2, 1, 0]).expand(2, 6)

    got = generalized_dice_loss(logits, numbers, axis=1, power=power)

    torch.testing.assert_close(got, generalized_dice_loss(logits, numbers, axis=1, power=0.0))


@pytest.mark.parametrize("loss", BOTH)
@pytest.mark.parametrize("axis", [1, -3, 0, 3, -1])
def test_the_class_axis_may_be_any(loss, axis):
    logits, numbers = images()
    batch = 1 if axis == 0 else 0
    turned = logits.movedim(1, axis)
    over = tuple(d for d in range(4) if d not in (batch, axis % 4))

    got = loss(turned, numbers, axis=axis, dim=over, reduction="none")

    torch.testing.assert_close(got, loss(logits, numbers, axis=1, reduction="none"))


@pytest.mark.parametrize("loss", BOTH)
def test_both_derivatives_are_right_and_those_in_shares_too(loss):
    logits, numbers = images()
    small, few = logits[:, :, :2, :2].clone().requires_grad_(), numbers[:, :2, :2]
    shares = drawn(2, CLASSES, 2, 2, seed=3).softmax(1).requires_grad_()

    assert torch.autograd.gradcheck(lambda z: loss(z, few, axis=1), small)
    assert torch.autograd.gradgradcheck(lambda z: loss(z, few, axis=1), small)

    def of_parts(z, raw):
        return loss(z, raw.softmax(1), axis=1)

    assert torch.autograd.gradcheck(of_parts, (small, shares.detach().log().requires_grad_()))


@pytest.mark.parametrize("loss", BOTH)
def test_a_mask_is_the_same_as_ignoring_and_as_a_crop(loss):
    logits, numbers = images()
    mask = torch.ones(2, 3, 5, dtype=torch.bool)
    mask[:, 2] = False
    expected = loss(logits[:, :, :2], numbers[:, :2], axis=1, reduction="none")
    logits[:, :, 2], ignored = torch.nan, numbers.clone()
    ignored[:, 2] = -100
    leaf = logits.clone().requires_grad_()

    masked = loss(leaf, numbers, axis=1, mask=mask, reduction="none")
    skipped = loss(logits, ignored, axis=1, reduction="none")

    torch.testing.assert_close(masked, expected)
    torch.testing.assert_close(skipped, expected)
    (slopes,) = torch.autograd.grad(masked.sum(), leaf)
    assert (slopes[:, :, 2] == 0).all()
    assert slopes.isfinite().all()
    assert (slopes[:, :, :2] != 0).any()


@pytest.mark.parametrize("loss", BOTH)
def test_an_image_that_is_hidden_whole_does_not_count_and_nothing_gives_zero(loss):
    logits, numbers = images()
    mask = torch.ones(2, 3, 5, dtype=torch.bool)
    mask[1] = False
    leaf = logits.clone().requires_grad_()

    torch.testing.assert_close(
        loss(logits, numbers, axis=1, mask=mask), loss(logits[:1], numbers[:1], axis=1)
    )
    nothing = loss(leaf, numbers, axis=1, mask=torch.zeros_like(mask))
    assert nothing == 0
    assert (torch.autograd.grad(nothing, leaf)[0] == 0).all()
    assert loss(logits[:0], numbers[:0], axis=1) == 0


@pytest.mark.parametrize("loss", BOTH)
def test_reductions_agree_and_a_weight_repeats_an_image(loss):
    logits, numbers = images()
    times = torch.tensor([3, 1])
    each = loss(logits, numbers, axis=1, reduction="none")
    weight = times.double() if each.ndim == 1 else times.double().unsqueeze(-1).expand(each.shape)

    got = loss(logits, numbers, axis=1, weight=weight)

    torch.testing.assert_close(loss(logits, numbers, axis=1), each.mean())
    torch.testing.assert_close(loss(logits, numbers, axis=1, reduction="sum"), each.sum())
    repeated = logits.repeat_interleave(times, 0), numbers.repeat_interleave(times, 0)
    torch.testing.assert_close(got, loss(*repeated, axis=1))


def test_a_weight_of_a_class_leaves_it_out():
    logits, numbers = images()
    kept = torch.tensor([0.0, 1.0, 1.0, 1.0], dtype=torch.float64).expand(2, CLASSES)

    got = softmax_dice_loss(logits, numbers, axis=1, weight=kept)

    expected = softmax_dice_loss(logits, numbers, axis=1, include_background=False)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("loss", BOTH)
def test_an_absent_class_costs_what_smoothing_says(loss):
    # Only the background is there, and a hundredth of each pixel is predicted to be something.
    only = torch.zeros(1, 10, dtype=torch.long)
    logits = torch.tensor([math.log(99), 0.0], dtype=torch.float64).expand(1, 10, 2)
    options = {"include_background": False, "dim": 1}

    assert loss(logits, only, smooth=1.0, **options).item() == pytest.approx(0.1 / 1.1)
    assert loss(logits, only, smooth=0.0, **options).item() == pytest.approx(1.0)


@pytest.mark.parametrize("loss", BOTH)
def test_a_near_perfect_overlap_keeps_its_digits(loss):
    logits = torch.tensor([[[50.0, 0.0], [0.0, 50.0]]])

    got = loss(logits, torch.tensor([[0, 1]]), dim=1, smooth=0.0)

    assert got.item() == pytest.approx(math.exp(-50), rel=1e-6, abs=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("loss", BOTH)
def test_extremes_and_large_images_stay_finite(loss, dtype):
    far = torch.tensor([1e4, -1e4, 0.0], dtype=dtype).repeat(1, 30_000, 1).requires_grad_()
    for number in range(3):
        numbers = torch.full((1, 30_000), number, dtype=torch.uint8)
        value = loss(far, numbers, dim=1)
        (slope,) = torch.autograd.grad(value, far)
        exact = loss(far.double(), numbers, dim=1)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value.double(), exact, rtol=1e-6, atol=1e-30)
        assert slope.isfinite().all()


@pytest.mark.parametrize("loss", BOTH)
def test_a_score_that_is_nan_makes_its_image_nan_and_no_other(loss):
    logits, numbers = images()
    logits[1, 2, 0, 0] = torch.nan

    each = loss(logits, numbers, axis=1, reduction="none")

    assert each[0].isfinite().all()
    assert each[1].isnan().all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.uint16], ids=str)
@pytest.mark.parametrize("loss", BOTH)
def test_class_numbers_mean_the_same_in_every_integer_type(loss, dtype):
    logits, numbers = images()

    got = loss(logits, numbers.to(dtype), axis=1)

    torch.testing.assert_close(got, loss(logits, numbers, axis=1), rtol=0, atol=0)


@pytest.mark.parametrize("loss", BOTH)
def test_every_transform_agrees_with_the_plain_call(loss):
    logits, numbers = images()

    def plain(z, y=numbers):
        return loss(z, y, axis=1)

    leaf = logits.clone().requires_grad_()
    (slope,) = torch.autograd.grad(plain(leaf), leaf)
    torch.testing.assert_close(torch.func.grad(plain)(logits), slope)
    several = torch.stack([logits, 2 * logits]), torch.stack([numbers, numbers.flip(0)])
    got = torch.func.vmap(plain)(*several)
    torch.testing.assert_close(
        got, torch.stack([plain(z, y) for z, y in zip(*several, strict=True)])
    )
    compiled = torch.compile(plain, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(logits), plain(logits))


@pytest.mark.parametrize("name", ["softmax_dice_loss", "generalized_dice_loss"])
def test_along_its_axis_the_loss_is_the_formula_of_its_spec(name):
    spec = catalog.spec(name)
    # One entry of class 1, and for generalised Dice nine sure ones of class 0 beside it.
    others = 9 if name == "generalized_dice_loss" else 0
    numbers = torch.tensor([[1] + [0] * others])

    for settings in [{}, *({p.name: s} for p in spec.parameters for s in p.samples)]:
        for z in (-3.0, 0.0, 2.5):
            rest = torch.tensor([[60.0, 0.0]] * others, dtype=torch.float64).reshape(-1, 2)
            rows = torch.cat([torch.tensor([[0.0, z]], dtype=torch.float64), rest])
            got = spec.function(rows.unsqueeze(0), numbers, dim=1, **settings)
            expression, letter, _ = along_axis(spec, settings)
            formula = float(expression.subs(letter, sp.Rational(z)).evalf(30))
            assert got.item() == pytest.approx(formula, rel=1e-12), (settings, z)


LOGITS, NUMBERS = torch.zeros(2, 3, 4, 5), torch.zeros(2, 4, 5, dtype=torch.long)


@pytest.mark.parametrize("loss", BOTH)
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((LOGITS, NUMBERS), {}, "Hint: pass axis=1 if the classes are on the second axis"),
        ((LOGITS, NUMBERS), {"axis": 1, "dim": 1}, r"dim must name axes .* other than the class a"),
        ((LOGITS, NUMBERS), {"axis": 1, "dim": (2, 4)}, "the class axis, 1, but names 4"),
        ((LOGITS, NUMBERS), {"axis": 1, "dim": ()}, "dim must name at least one axis"),
        ((torch.zeros(4, 3), torch.zeros(4).long()), {}, "Hint: pass dim=0 if they are one region"),
        (
            (LOGITS, NUMBERS + 3),
            {"axis": 1},
            "targets must be class numbers 0 to 2, but contains 3",
        ),
        ((LOGITS, NUMBERS), {"axis": 1, "smooth": -1.0}, "smooth must be at least 0, but is -1"),
        ((LOGITS, LOGITS), {"axis": 1}, "the row sums of targets must be 1, but contains 0"),
        ((LOGITS[:, :1], NUMBERS), {"axis": 1, "include_background": False}, "besides the backgr"),
    ],
)
def test_what_does_not_fit_is_refused(loss, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        loss(*arguments, **options)
