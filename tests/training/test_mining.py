"""Mined losses are the losses of what was mined; two processes together make one batch."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossedu.losses import (
    binary_cross_entropy_with_logits,
    info_nce_loss,
    mse_loss,
    pairwise_logistic_loss,
    sigmoid_focal_loss,
)
from lossedu.training import Run, fit
from lossedu.training.data import rare_events
from lossedu.training.history import History
from lossedu.training.mining import AcrossProcesses, AdaptiveFocus, HardExamples
from lossedu.training.recipes import perceptron

WORKER = """
import sys
from functools import partial
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from lossedu.losses import info_nce_loss, pairwise_logistic_loss
from lossedu.training import fit
from lossedu.training.mining import AcrossProcesses

folder = sys.argv[1]
given = torch.load(f"{folder}/given.pt")
encoder = torch.nn.Linear(4, 3, bias=False)
with torch.no_grad():
    encoder.weight.copy_(given["contrast"]["weight"])
history = fit(
    encoder,
    AcrossProcesses(info_nce_loss),
    (given["contrast"]["inputs"].float(), given["contrast"]["rest"][0].float()),
    optimizer=partial(torch.optim.SGD, lr=0.5),
    epochs=4,
    batch_size=4,
    progress=False,
)
rank = distributed.get_rank()
history.write(f"{folder}/history{rank}.jsonl")

found = {}
for name, loss in (("ranking", pairwise_logistic_loss), ("contrast", info_nce_loss)):
    model = torch.nn.Linear(4, 1 if name == "ranking" else 3, bias=False, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(given[name]["weight"])
    model = DistributedDataParallel(model)
    inputs = given[name]["inputs"].chunk(2)[rank]
    rest = [part.chunk(2)[rank] for part in given[name]["rest"]]
    output = model(inputs)
    output = output.squeeze(-1) if name == "ranking" else output
    value = AcrossProcesses(loss)(output, *rest)
    value.backward()
    found[name] = value.detach(), model.module.weight.grad
torch.save(found, f"{folder}/found{rank}.pt")
"""


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def given_problems():
    return {
        "ranking": {
            "weight": drawn(1, 4),
            "inputs": drawn(8, 4, seed=1),
            "rest": [torch.tensor([2.0, 0, 1, 0, 3, 0, 0, 1], dtype=torch.float64)],
        },
        "contrast": {
            "weight": drawn(3, 4, seed=2),
            "inputs": drawn(8, 4, seed=3),
            "rest": [drawn(8, 3, seed=4)],
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, in_two_processes):
    """Where each of two processes left what it found; they meet at a port of their own."""
    folder = tmp_path_factory.mktemp("processes")
    torch.save(given_problems(), folder / "given.pt")
    in_two_processes(WORKER, folder)
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return [torch.load(folder / f"found{rank}.pt") for rank in range(2)]


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "loss"), [("ranking", pairwise_logistic_loss), ("contrast", info_nce_loss)]
)
def test_two_processes_find_the_loss_and_the_gradient_of_one(found, name, loss):
    problem = given_problems()[name]
    weight = problem["weight"].requires_grad_()

    output = problem["inputs"] @ weight.mT
    whole = loss(output.squeeze(-1) if name == "ranking" else output, *problem["rest"])
    (slope,) = torch.autograd.grad(whole, weight)

    for value, sent in (each[name] for each in found):
        torch.testing.assert_close(value, whole.detach())
        torch.testing.assert_close(sent, slope)


@pytest.mark.server
def test_a_process_alone_would_find_another_loss(found):
    problem = given_problems()["contrast"]

    output = problem["inputs"] @ problem["weight"].mT
    alone = info_nce_loss(output[:4], problem["rest"][0][:4])

    assert abs(alone - found[0]["contrast"][0]) > 0.05


@pytest.mark.server
def test_fit_in_two_processes_trains_on_the_negatives_of_both(folder):
    problem = given_problems()["contrast"]
    encoder = torch.nn.Linear(4, 3, bias=False)
    with torch.no_grad():
        encoder.weight.copy_(problem["weight"])

    alone = fit(
        encoder,
        AcrossProcesses(info_nce_loss),
        (problem["inputs"].float(), problem["rest"][0].float()),
        optimizer=partial(torch.optim.SGD, lr=0.5),
        epochs=4,
        batch_size=4,
        progress=False,
    )

    together = History.read(folder / "history0.jsonl")
    assert together.settings["processes"] == 2
    assert together.steps["loss"] == pytest.approx(alone.steps["loss"], rel=1e-5)
    assert together.steps["gradient_norm"] == pytest.approx(alone.steps["gradient_norm"], rel=1e-5)


def test_in_one_process_the_loss_is_the_loss_itself():
    scores, grades = drawn(6), torch.tensor([0.0, 1, 2, 0, 1, 2], dtype=torch.float64)
    loss = AcrossProcesses(pairwise_logistic_loss)

    assert torch.equal(loss(scores, grades), pairwise_logistic_loss(scores, grades))


def test_what_is_gathered_may_be_a_tuple():
    pair = drawn(2, 5, 3)

    loss = AcrossProcesses(lambda both, reduction: info_nce_loss(*both, reduction=reduction))

    assert torch.equal(loss((pair[0], pair[1])), info_nce_loss(*pair))
    assert loss((pair[0], pair[1]), reduction="none").shape == (5,)


@given(n=st.integers(1, 40), keep=st.floats(0.01, 1), seed=st.integers(0, 20))
def test_the_loss_is_the_mean_of_the_largest(n, keep, seed):
    predictions, targets = drawn(2, n, seed=seed)

    value = HardExamples(mse_loss, keep=keep)(predictions, targets)

    largest = sorted(((predictions - targets) ** 2).tolist(), reverse=True)
    kept = max(1, -int(-keep * (1 - 1e-12) * n // 1))
    assert abs(value.item() - sum(largest[:kept]) / kept) < 1e-9


def test_easy_examples_get_no_gradient():
    predictions = torch.tensor([0.1, 3.0, -2.0, 0.2], requires_grad=True)

    HardExamples(mse_loss, keep=0.5)(predictions, torch.zeros(4)).backward()

    assert predictions.grad.tolist() == [0.0, 3.0, -2.0, 0.0]


def test_keeping_all_is_the_loss_itself():
    logits, targets = drawn(9), (drawn(9, seed=1) > 0).double()

    mined = HardExamples(sigmoid_focal_loss, keep=1.0)(logits, targets)

    torch.testing.assert_close(mined, sigmoid_focal_loss(logits, targets))


def test_telemetry_sees_every_example():
    values = HardExamples(mse_loss, keep=0.1)(drawn(10), torch.zeros(10).double(), reduction="none")

    assert (values > 0).all()


def test_the_sum_is_over_the_hardest():
    loss = HardExamples(mse_loss, keep=0.5)

    value = loss(torch.tensor([1.0, 2.0, 3.0, 0.0]), torch.zeros(4), reduction="sum")

    assert value.item() == 13.0


@pytest.mark.parametrize("keep", [0.0, -1.0, 1.5])
def test_a_share_that_keeps_nothing_is_refused_before_the_run(keep):
    with pytest.raises(ValueError, match=r"keep must lie in \(0, 1\]"):
        HardExamples(mse_loss, keep=keep)


def run_with(hard_example_rate):
    """What a callback sees behind an epoch of this rate."""
    history = History()
    history.add("epochs", {"epoch": 0, "hard_example_rate": hard_example_rate})
    return Run(torch.nn.Linear(1, 1), mse_loss, None, history)


def test_the_focus_begins_as_cross_entropy():
    logits, targets = drawn(9), (drawn(9, seed=1) > 0).double()

    value = AdaptiveFocus()(logits, targets)

    torch.testing.assert_close(value, binary_cross_entropy_with_logits(logits, targets))


@given(rate=st.floats(0, 1), most=st.floats(0, 5))
def test_the_focus_follows_the_share_of_easy_examples(rate, most):
    focus = AdaptiveFocus(most=most)

    focus.after_epoch(run_with(rate))

    logits, targets = torch.tensor([0.3, -2.0]), torch.tensor([1.0, 1.0])
    expected = sigmoid_focal_loss(logits, targets, gamma=most - most * rate)
    torch.testing.assert_close(focus(logits, targets), expected)


def test_without_classes_the_focus_stays():
    focus = AdaptiveFocus()
    focus.gamma = 1.0

    focus.after_epoch(run_with(float("nan")))

    assert focus.gamma == 1.0


def test_the_focus_survives_a_checkpoint():
    focus, other = AdaptiveFocus(), AdaptiveFocus()
    focus.after_epoch(run_with(0.25))

    other.load_state_dict(focus.state_dict())

    assert other.gamma == focus.gamma == 1.5


def test_a_focus_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"most must be at least 0, but is -1"):
        AdaptiveFocus(most=-1.0)


def mined_run(loss, callbacks=()):
    data = rare_events(2000, positive_rate=0.05)
    model = perceptron(8, 1)
    history = fit(
        model,
        loss,
        (data.features, data.labels),
        (data.features, data.labels),
        optimizer=partial(torch.optim.AdamW, lr=0.05),
        epochs=6,
        callbacks=callbacks,
        progress=False,
    )
    with torch.no_grad():
        values = sigmoid_focal_loss(model(data.features), data.labels, gamma=0, reduction="none")
    return history, values.double()


def test_fit_moves_the_focus_with_the_telemetry():
    focus = AdaptiveFocus(most=3.0)

    history, _ = mined_run(focus, [focus])

    assert focus.gamma == pytest.approx(3 * (1 - history.last("hard_example_rate")))
    assert 2.5 < focus.gamma < 3


def test_fit_reports_the_loss_of_the_hardest_and_the_tail_of_all():
    history, values = mined_run(HardExamples(binary_cross_entropy_with_logits, keep=0.25))

    # 31 batches of 64, of which 16 are kept, and one of 16, of which 4 are.
    batches = values.split(64)
    hardest = [batch.topk(len(batch) // 4).values.mean() * len(batch) for batch in batches]
    assert history.last("valid_loss") == pytest.approx(sum(hardest).item() / 2000, rel=1e-5)
    assert history.last("loss_p50") == pytest.approx(values.median().item(), rel=1e-2)
