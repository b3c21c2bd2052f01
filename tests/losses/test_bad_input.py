"""Bad input is refused, in words that name the argument, the rule and what was given."""

import re

import numpy as np
import pytest
import torch

from lossedu import catalog, losses

HINTED = re.compile(r"^\w+( and \w+)? must .+, but .+\.( Hint: .+[.?])?$", re.DOTALL)


def refused(error, function, *args, **kwargs):
    """The message with which a call is refused; its form is the house's."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert HINTED.match(message), message
    return message


def test_a_column_against_a_row_is_refused(compared):
    predictions, targets = compared.draw(8)

    message = refused(ValueError, compared, predictions.unsqueeze(1), targets)

    assert "shape" in message
    assert "8" in message


def test_integer_predictions_are_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(TypeError, plain, predictions.long(), targets)

    assert "floating-point tensor, but has dtype torch.int64" in message


def test_a_list_for_a_tensor_is_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(TypeError, plain, predictions.tolist(), targets)

    assert "must be a tensor, but is list. Hint: pass torch.as_tensor(" in message


def test_an_unknown_reduction_is_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(ValueError, plain, predictions, targets, reduction="avg")

    assert message == "reduction must be one of 'mean', 'sum', 'none', but is 'avg'."


def test_a_weight_of_the_wrong_shape_is_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(ValueError, plain, predictions, targets, weight=torch.ones(4, 1))

    assert message.startswith("weight must have the shape (4,) of one number an example")
    assert "but has shape (4, 1)" in message


def test_an_infinite_weight_is_refused(plain):
    predictions, targets = plain.draw(4)
    weight = torch.tensor([1.0, torch.inf, 1.0, 1.0])

    message = refused(ValueError, plain, predictions, targets, weight=weight)

    assert message == "weight must be at least 0 and finite, but contains inf at index 1."


def test_a_mask_of_numbers_is_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(TypeError, plain, predictions, targets, mask=torch.ones(4))

    assert "mask must be a boolean tensor" in message


def test_a_mask_of_the_wrong_shape_is_refused(plain):
    predictions, targets = plain.draw(4)

    mask = torch.ones(2, dtype=torch.bool)

    assert "but has shape (2,)" in refused(ValueError, plain, predictions, targets, mask=mask)


def test_an_option_out_of_range_is_refused(loss, parameter):
    predictions, targets = loss.draw(4)
    if isinstance(parameter.samples[0], tuple):
        bad = torch.full(predictions.shape[-1:], parameter.low - 1.0)
    else:
        bad = parameter.low - 1.0

    message = refused(ValueError, loss, predictions, targets, **{parameter.name: bad})

    assert message.startswith(f"{parameter.name} must ")


@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "sigmoid_focal_loss"])
def test_targets_of_plus_and_minus_one_get_a_hint(name):
    loss = catalog.spec(name).function

    message = refused(ValueError, loss, torch.zeros(3), torch.tensor([1.0, -1.0, 1.0]))

    assert message == (
        "targets must lie in [0, 1], but contains -1 at index 1. "
        "Hint: targets look like -1 and +1; pass (targets + 1) / 2."
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "sigmoid_focal_loss"])
def test_a_target_that_is_nan_is_refused(name):
    loss = catalog.spec(name).function

    message = refused(ValueError, loss, torch.zeros(3), torch.tensor([1.0, torch.nan, torch.nan]))

    assert "contains nan at index 1 (and 1 more)" in message


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss"])
@pytest.mark.parametrize("wrong", [5, -1])
def test_class_numbers_out_of_range_are_refused(name, wrong):
    loss = catalog.spec(name).function

    message = refused(ValueError, loss, torch.zeros(2, 5), torch.tensor([0, wrong]))

    assert f"targets must be class numbers 0 to 4, but contains {wrong} at index 1" in message


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss"])
def test_logits_without_a_class_are_refused(name):
    loss = catalog.spec(name).function

    message = refused(ValueError, loss, torch.zeros(2, 0), torch.zeros(2, dtype=torch.long))

    assert "at least one class" in message


def test_softmax_focal_loss_refuses_probabilities_as_targets():
    loss = catalog.spec("softmax_focal_loss").function

    message = refused(TypeError, loss, torch.zeros(2, 3), torch.full((2, 3), 1 / 3))

    assert "targets must be integer class numbers" in message


def test_an_unknown_loss_is_refused_with_the_list_of_known_ones():
    message = refused(ValueError, catalog.spec, "focal")

    assert "sigmoid_focal_loss" in message


def test_complex_numbers_are_refused_wherever_a_tensor_is_taken(compared):
    predictions, targets = compared.draw(4)
    imaginary = torch.ones(4, dtype=torch.complex64)

    for name in ("predictions", "targets", "weight"):
        given = {"predictions": predictions, "targets": targets, "weight": None}
        given[name] = imaginary if name == "weight" else given[name].to(torch.complex64)
        with pytest.raises(TypeError, match=r"must be|complex"):
            compared(given["predictions"], given["targets"], weight=given["weight"])


INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16, torch.uint32]


@pytest.mark.parametrize("dtype", [*INTEGERS, torch.uint64], ids=str)
@pytest.mark.parametrize("ignored", [-100, 156, 28], ids=str)
def test_class_numbers_mean_the_same_in_every_integer_type(dtype, ignored):
    """156 is -100 in one byte: neither may stand for the other."""
    numbers = [156, 28, 100] if torch.iinfo(dtype).max > 156 else [28, 100]
    logits = torch.linspace(-3, 3, 200).expand(len(numbers), 200)

    for name in ("cross_entropy", "perplexity"):
        loss = getattr(losses, name)
        expected = loss(logits, torch.tensor(numbers), ignore_index=ignored)
        got = loss(logits, torch.tensor(numbers, dtype=dtype), ignore_index=ignored)

        torch.testing.assert_close(got, expected, rtol=0, atol=0)


def test_targets_mean_the_same_in_every_integer_type(compared):
    predictions, targets = compared.draw(8)
    shares = compared.spec.targets == "shares"
    whole = torch.eye(4).repeat(2, 1).double() if shares else targets.round()
    if "cross_entropy" in compared.spec.name and shares:
        whole = whole.argmax(-1)

    for dtype in [*INTEGERS, torch.uint64, torch.int64]:
        held = whole if torch.iinfo(dtype).min else whole.abs()
        got = compared(predictions, held.to(dtype))
        expected = compared(predictions, held)
        torch.testing.assert_close(got, expected, rtol=1e-14, atol=0)


def test_a_weight_below_zero_is_refused(plain):
    predictions, targets = plain.draw(4)

    message = refused(
        ValueError, plain, predictions, targets, weight=torch.tensor([1.0, -1.0, 1.0, 1.0])
    )

    assert message == "weight must be at least 0 and finite, but contains -1 at index 1."


def test_an_option_that_is_no_number_or_infinite_is_refused(loss, parameter):
    if isinstance(parameter.samples[0], tuple):
        pytest.skip("a value a class")
    predictions, targets = loss.draw(4)

    for error, wrong in ((TypeError, "1"), (TypeError, True), (ValueError, torch.inf)):
        message = refused(error, loss, predictions, targets, **{parameter.name: wrong})
        assert message.startswith(f"{parameter.name} must ")


def test_a_number_of_numpy_is_a_number(loss, parameter):
    sample = parameter.samples[-1]
    if isinstance(sample, tuple):
        pytest.skip("a value a class")
    predictions, targets = loss.draw(4)
    kind = np.int64 if isinstance(sample, int) else np.float64

    got = loss(predictions, targets, **{parameter.name: kind(sample)})

    torch.testing.assert_close(got, loss(predictions, targets, **{parameter.name: sample}))


@pytest.mark.parametrize("name", ["cross_entropy", "kl_divergence"])
def test_target_rows_that_do_not_sum_to_one_are_refused(name):
    loss = getattr(losses, name)
    rows = torch.tensor([[0.5, 0.5], [0.1, 0.2]])

    with pytest.raises(ValueError, match=r"row sums of target\w* must be 1, but contains 0.3 at"):
        loss(torch.zeros(2, 2), rows)

    assert loss(torch.zeros(2, 2), rows, mask=torch.tensor([True, False])).isfinite()


CLASSED = ["cross_entropy", "softmax_focal_loss", "multiclass_hinge_loss", "perplexity"]


@pytest.mark.parametrize("name", CLASSED)
def test_what_is_near_to_class_numbers_gets_a_remedy(name):
    loss = getattr(losses, name)
    images, classes = torch.zeros(2, 3, 4, 5), torch.zeros(2, 4, 5, dtype=torch.long)

    assert "targets.long()" in refused(TypeError, loss, torch.zeros(2, 3), torch.zeros(2))
    assert "Hint: pass axis=1 if the classes" in refused(ValueError, loss, images, classes)
    assert loss(images, classes, axis=1).isfinite()
    assert "targets must be a tensor, but is list" in refused(
        TypeError, loss, torch.zeros(2, 3), [0, 1]
    )


@pytest.mark.parametrize("name", [*CLASSED, "kl_divergence"])
def test_an_axis_that_logits_lack_is_refused(name):
    loss, logits, classes = getattr(losses, name), torch.zeros(2, 3), torch.zeros(2).long()

    assert "axis must lie in [-2, 1] for logits of shape (2, 3), but is 2." in refused(
        ValueError, loss, logits, classes, axis=2
    )
    for wrong in (0.0, True, "1", None):
        assert f"axis must be a whole number, but is {wrong!r}." in refused(
            TypeError, loss, logits, classes, axis=wrong
        )


PAIR = (torch.zeros(2), torch.ones(2))
EYE = torch.eye(2)
INFINITE = torch.tensor([1.0, torch.inf])


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("pos_weight", lambda w: losses.binary_cross_entropy_with_logits(*PAIR, pos_weight=w)),
        ("class_weights", lambda w: losses.cross_entropy(EYE, torch.arange(2), class_weights=w)),
        ("gamma", lambda w: losses.sigmoid_focal_loss(*PAIR, gamma=w)),
        ("alpha", lambda w: losses.softmax_focal_loss(EYE, torch.arange(2), alpha=w)),
        ("costs", lambda w: losses.cost_sensitive_loss(EYE, torch.arange(2), w.diag())),
        ("counts", lambda w: losses.aggregate_losses(torch.zeros(2), w)),
        ("counts", lambda w: losses.class_balanced_weights(w)),
    ],
)
def test_an_infinite_weight_of_any_kind_is_refused(name, call):
    message = refused(ValueError, call, INFINITE)

    assert message.startswith(f"{name} must be at least 0 and finite, but contains inf at index")
