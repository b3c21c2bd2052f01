"""Laws that hold for every loss of the catalog, whatever it is."""

import pytest
import torch

from lossedu import catalog
from lossedu.symbolic import oracle

HALVES = [torch.float16, torch.bfloat16]
EXTREMES = [1e4, -1e4, 100.0, -100.0, 30.0, -30.0, 17.0, -17.0, 1e-3, 0.0]


def oracle_of(case):
    options = {
        k: tuple(v.tolist()) if isinstance(v, torch.Tensor) else v for k, v in case.options.items()
    }
    return oracle(case.spec, **options)


def as_numbers(case, predictions, targets):
    """One example as the oracle takes it: numbers, or rows of numbers."""
    if not case.spec.indexed:
        return predictions.item(), targets.item()
    if case.spec.target == "c":
        return tuple(predictions.tolist()), tuple(case.fixed["costs"][targets].tolist())
    if case.spec.targets == "class":
        targets = torch.nn.functional.one_hot(targets, predictions.shape[-1])
    if case.spec.targets == "none":
        return tuple(predictions.tolist()), 0
    return tuple(predictions.tolist()), tuple(targets.tolist())


def extremes(case, dtype):
    """Every extreme prediction beside every kind of target."""
    kind = case.spec.targets
    if kind == "real":
        predictions = torch.tensor(EXTREMES, dtype=dtype)
        return predictions, predictions.flip(0).clone()
    if kind == "amount":
        predictions = torch.tensor(EXTREMES, dtype=dtype).repeat_interleave(3)
        return predictions, torch.tensor([1e-3, 1.0, 1e3], dtype=dtype).repeat(len(EXTREMES))
    if not case.spec.indexed:
        predictions = torch.tensor(EXTREMES, dtype=dtype).repeat_interleave(2)
        events = (torch.arange(len(predictions)) % 2).to(dtype)
        return predictions, events if kind == "event" else 2 * events - 1
    rows = torch.tensor([[x, 0.0, -x, 1.0] for x in EXTREMES], dtype=dtype).repeat_interleave(4, 0)
    if kind in ("class", "none"):
        return rows, torch.arange(len(rows)) % 4
    targets = torch.tensor([[0.0, 0.25, 0.25, 0.5], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]])
    if kind == "shares":  # the formula has no value at log 0; the loss has, and a test of its own
        targets = (targets + 0.125) / 1.5
    return rows, targets.repeat(len(EXTREMES), 1).to(dtype)


def widened(targets):
    """Targets for float64 predictions."""
    return targets.double() if targets.is_floating_point() else targets


def relative_error(got, expected):
    return float(abs(got - expected) / abs(expected)) if expected else abs(float(got))


def test_value_agrees_with_the_formula_to_twelve_digits(case):
    predictions, targets = case.draw(8)
    reference = oracle_of(case)

    values = case(predictions, targets, reduction="none")

    for x, y, value in zip(predictions, targets, values, strict=True):
        assert relative_error(value.item(), reference.value(*as_numbers(case, x, y))) < 1e-12, (
            f"{case.spec.function.__module__}.{case.spec.name} and its spec's formula disagree "
            f"at prediction {x.tolist()}, target {y.tolist()}"
        )


def test_value_agrees_with_the_formula_where_predictions_or_grades_are_equal(plain):
    predictions, targets = plain.draw(8, seed=22)
    predictions = predictions.div(3).round()
    if plain.spec.targets == "grade":
        targets = targets.clamp(max=1)  # two items of one grade that counts
    reference = oracle_of(plain)

    values = plain(predictions, targets, reduction="none")

    assert not plain.spec.indexed or (predictions[:, 1:] == predictions[:, :-1]).any()
    for x, y, value in zip(predictions, targets, values, strict=True):
        expected = reference.value(*as_numbers(plain, x, y))
        assert relative_error(value.item(), expected) < 1e-12, (x.tolist(), y.tolist())


def test_gradient_agrees_with_the_formula(case, each_gradient):
    predictions, targets = case.draw(6, seed=1)
    reference = oracle_of(case)

    got = each_gradient(case, predictions, targets)

    for x, y, slope in zip(predictions, targets, got, strict=True):
        numbers = as_numbers(case, x, y)
        for k, entry in enumerate(slope.reshape(-1).tolist(), 1):
            expected = float(reference.gradient(*numbers, k))
            assert entry == pytest.approx(expected, rel=1e-11, abs=1e-13), (
                f"the gradient of {case.spec.name} is not that of its spec's formula at "
                f"prediction {x.tolist()}, target {y.tolist()}"
            )


def test_gradcheck_and_gradgradcheck_pass(case):
    predictions, targets = case.draw(5, seed=2)
    leaf = predictions.requires_grad_()

    assert torch.autograd.gradcheck(lambda x: case(x, targets), leaf)
    assert torch.autograd.gradgradcheck(lambda x: case(x, targets), leaf)


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES], ids=str)
def test_extreme_predictions_give_finite_values_and_gradients(case, dtype, each_gradient):
    predictions, targets = extremes(case, dtype)

    values = case(predictions, targets, reduction="none")
    slopes = each_gradient(case, predictions, targets)

    # What is beyond the largest number of a dtype has no other name than inf.
    exact = predictions.double(), widened(targets)
    high = case(*exact, reduction="none") > torch.finfo(values.dtype).max
    too_large = each_gradient(case, *exact).abs() > torch.finfo(dtype).max
    assert values[~high].isfinite().all()
    assert values[high].isposinf().all()
    assert slopes[~too_large].isfinite().all()
    assert not slopes.isnan().any()
    assert slopes.dtype == dtype


def test_extreme_predictions_are_right_in_float32(plain, each_gradient):
    """Within eight units in the last place of the answer, or of what one of the input moves."""
    predictions, targets = extremes(plain, torch.float32)
    reference = oracle_of(plain)
    slopes = each_gradient(plain, predictions.double(), widened(targets))
    moved = (slopes * predictions).abs().reshape(len(predictions), -1).sum(-1)

    values = plain(predictions, targets, reduction="none")

    for x, y, value, conditioned in zip(predictions, targets, values, moved, strict=True):
        expected = float(reference.value(*as_numbers(plain, x, y)))
        if expected > torch.finfo(torch.float32).max:
            assert value.isposinf(), (x.tolist(), y.tolist())
            continue
        bound = 8 * torch.finfo(torch.float32).eps * (abs(expected) + conditioned.item())
        assert abs(value.item() - expected) <= bound + 1.2e-38, (x.tolist(), y.tolist())


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_precision_is_computed_in_float32(case, dtype):
    predictions, targets = case.draw(16, seed=3)
    rounded = predictions.to(dtype)
    kept = targets.to(dtype) if targets.is_floating_point() else targets

    got = case(rounded, kept)
    expected = case(rounded.float(), kept.float() if kept.is_floating_point() else kept)

    assert got.dtype == torch.float32
    assert got == expected


def test_loss_is_never_negative(case):
    predictions, targets = case.draw(64, seed=4, scale=20.0)

    assert (case(predictions, targets, reduction="none") >= 0).all()


def test_each_example_is_valued_alone(case):
    predictions, targets = case.draw(6, seed=5)

    together = case(predictions, targets, reduction="none")
    pairs = [(predictions[i : i + 1], targets[i : i + 1]) for i in range(6)]
    alone = torch.stack([case(*pair, reduction="sum") for pair in pairs])

    torch.testing.assert_close(together, alone, rtol=1e-14, atol=0)


def test_reordering_examples_reorders_values(plain):
    predictions, targets = plain.draw(9, seed=6)
    order = torch.arange(9).flip(0)

    got = plain(predictions[order], targets[order], reduction="none")

    torch.testing.assert_close(
        got, plain(predictions, targets, reduction="none")[order], rtol=0, atol=0
    )


def test_reductions_agree(case):
    predictions, targets = case.draw(7, seed=7)

    values = case(predictions, targets, reduction="none")

    torch.testing.assert_close(case(predictions, targets, reduction="sum"), values.sum())
    mean = values.sum() / case.divisor(targets)
    torch.testing.assert_close(case(predictions, targets, reduction="mean"), mean)


def test_a_mask_is_the_same_as_leaving_out(case, each_gradient):
    predictions, targets = case.draw(8, seed=8)
    mask = torch.arange(8) % 3 != 0

    torch.testing.assert_close(
        case(predictions, targets, mask=mask), case(predictions[mask], targets[mask])
    )
    slopes = each_gradient(case, predictions, targets, mask=mask)
    assert (slopes[~mask] == 0).all()
    assert case.spec.flat or (slopes[mask] != 0).any()


def test_what_a_mask_hides_may_be_nan_or_no_target_at_all(case, each_gradient):
    predictions, targets = case.draw(4, seed=9)
    mask = torch.tensor([True, False, True, True])
    expected = case(predictions[mask], targets[mask])
    predictions[1] = torch.nan
    targets[1] = torch.nan if targets.is_floating_point() else 10**6

    got = case(predictions, targets, mask=mask)
    slopes = each_gradient(case, predictions, targets, mask=mask, reduction="mean")

    torch.testing.assert_close(got, expected)
    assert slopes.isfinite().all()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_nothing_that_counts_gives_zero_with_zero_gradient(case, reduction, each_gradient):
    predictions, targets = case.draw(3, seed=10)
    nothing = torch.zeros(3, dtype=torch.bool)

    assert case(predictions, targets, mask=nothing, reduction=reduction) == 0
    assert (each_gradient(case, predictions, targets, mask=nothing, reduction=reduction) == 0).all()
    assert case(predictions[:0], targets[:0], reduction=reduction) == 0
    assert case(predictions[:0], targets[:0], reduction="none").shape == (0,)


def test_all_weights_zero_give_zero_with_zero_gradient(plain, each_gradient):
    predictions, targets = plain.draw(3, seed=11)
    weight = torch.zeros(3, dtype=torch.float64)

    assert plain(predictions, targets, weight=weight) == 0
    assert (each_gradient(plain, predictions, targets, weight=weight, reduction="mean") == 0).all()


def test_an_integer_weight_repeats_the_example(case):
    predictions, targets = case.draw(4, seed=12)
    times = torch.tensor([1, 2, 0, 3])

    for reduction in ("mean", "sum"):
        weighted = case(predictions, targets, weight=times.double(), reduction=reduction)
        repeated = case(
            predictions.repeat_interleave(times, 0),
            targets.repeat_interleave(times, 0),
            reduction=reduction,
        )
        torch.testing.assert_close(weighted, repeated)


def test_leading_dimensions_are_batch(plain):
    predictions, targets = plain.draw(6, seed=13)
    folded = predictions.reshape(2, 3, *predictions.shape[1:])

    got = plain(folded, targets.reshape(2, 3, *targets.shape[1:]), reduction="none")

    torch.testing.assert_close(got.flatten(), plain(predictions, targets, reduction="none"))


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_the_class_axis_may_be_any(classed, axis):
    predictions, targets = classed.draw(6, seed=22)
    shape = (2, 3, *predictions.shape[1:])
    rows, targets = predictions.reshape(shape), targets.reshape(2, 3, *targets.shape[1:])
    turned = rows.movedim(-1, axis).contiguous().requires_grad_()
    shares = targets.ndim == rows.ndim
    mask = torch.tensor([[True, True, False], [True, False, True]])
    weight = torch.arange(1.0, 7.0, dtype=torch.float64).reshape(2, 3)
    options = {"mask": mask, "weight": weight}

    got = classed(turned, targets.movedim(-1, axis) if shares else targets, axis=axis, **options)

    leaf = rows.clone().requires_grad_()
    expected = classed(leaf, targets, **options)
    torch.testing.assert_close(got, expected)
    (slopes,) = torch.autograd.grad(got, turned)
    (known,) = torch.autograd.grad(expected, leaf)
    torch.testing.assert_close(slopes.movedim(axis, -1), known)


def test_inputs_are_left_as_they_are(plain):
    predictions, targets = plain.draw(5, seed=14)
    before = predictions.clone(), targets.clone()

    plain(predictions, targets, mask=torch.tensor([True, False, True, True, False]))

    assert torch.equal(predictions, before[0])
    assert torch.equal(targets, before[1])


def test_a_special_case_of_the_spec_holds_exactly(general, special):
    predictions, targets = general.draw(12, seed=15)
    other = catalog.spec(special.equals).function

    got = general(predictions, targets, reduction="none", **special.settings)
    expected = other(predictions, targets, reduction="none", **special.other_settings)

    torch.testing.assert_close(got, special.factor * expected, rtol=1e-14, atol=1e-300)


def test_vmap_agrees_with_a_loop(plain):
    predictions, targets = plain.draw(6, seed=16)
    batch = (
        predictions.reshape(3, 2, *predictions.shape[1:]),
        targets.reshape(3, 2, *targets.shape[1:]),
    )

    got = torch.func.vmap(plain)(*batch)

    torch.testing.assert_close(got, torch.stack([plain(x, y) for x, y in zip(*batch, strict=True)]))


def test_functional_gradient_agrees_with_backward(plain, each_gradient):
    predictions, targets = plain.draw(6, seed=17)

    got = torch.func.grad(lambda x: plain(x, targets, reduction="sum"))(predictions)

    torch.testing.assert_close(got, each_gradient(plain, predictions, targets))


@pytest.mark.slow
def test_compiled_in_one_graph_agrees_with_eager(case):
    predictions, targets = case.draw(6, seed=18)
    mask = torch.tensor([True, True, False, True, True, True])
    torch.compiler.reset()

    compiled = torch.compile(
        lambda x, y, m: case(x, y, mask=m), fullgraph=True, backend="aot_eager"
    )

    torch.testing.assert_close(
        compiled(predictions, targets, mask), case(predictions, targets, mask=mask)
    )


def test_under_autocast_half_precision_logits_work(plain):
    predictions, targets = plain.draw(6, seed=19)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = plain(predictions.bfloat16(), targets)

    assert got.isfinite()
    assert got.dtype == torch.float32


def with_nan(case, n, where):
    """Examples, the second of which has a NaN among its predictions."""
    predictions, targets = case.draw(n, seed=20)
    predictions[(1, where) if predictions.ndim > 1 else 1] = torch.nan
    return predictions.requires_grad_(), targets


@pytest.mark.parametrize("where", [0, -1], ids=["first", "last"])
def test_a_prediction_that_is_nan_makes_its_value_and_its_slope_nan_and_no_other(case, where):
    predictions, targets = with_nan(case, 4, where)
    entry = (1, where) if predictions.ndim > 1 else 1
    others = torch.tensor([0, 2, 3])

    values = case(predictions, targets, reduction="none")
    mean = case(predictions, targets)
    (slopes,) = torch.autograd.grad(mean, predictions)

    assert values[1].isnan()
    assert mean.isnan()
    assert values[others].isfinite().all()
    assert slopes[entry].isnan()
    assert slopes[others].isfinite().all()


def test_a_target_that_is_nan_is_refused_or_makes_its_value_and_its_slope_nan(compared):
    predictions, targets = compared.draw(4, seed=21)
    if not targets.is_floating_point():
        pytest.skip("class numbers have no NaN")
    targets[(1, -1) if targets.ndim > 1 else 1] = torch.nan
    leaf = predictions.requires_grad_()

    if compared.spec.targets != "real":  # what has a domain is refused outside of it
        with pytest.raises(ValueError, match="nan"):
            compared(leaf, targets)
        return
    values = compared(leaf, targets, reduction="none")
    (slopes,) = torch.autograd.grad(values.sum(), leaf)

    assert values[1].isnan()
    assert slopes[1].isnan()
    assert slopes[[0, 2, 3]].isfinite().all()
