"""Every figure is what it says, computed here another way."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from lossedu.losses import as_module, batch_triplet_loss, mse_loss
from lossedu.losses import binary_cross_entropy_with_logits as bce
from lossedu.training import telemetry
from lossedu.training.epoch_summary import summarise
from lossedu.training.loss_kinds import per_example, spec_of
from lossedu.training.telemetry import UpdateRatio
from tests.training.conftest import small_data, small_model


class Copies:
    """What a step did, from copies of everything."""

    def __init__(self):
        self.norms, self.ratios, self.before = [], [], None

    def on_start(self, run):
        self.before = self._values(run)

    def after_step(self, run):
        after = self._values(run)
        self.norms.append(torch.cat([p.grad.flatten() for p in run.model.parameters()]).norm())
        self.ratios.append((after - self.before).norm() / self.before.norm())
        self.before = after

    def _values(self, run):
        return torch.cat([p.detach().flatten().clone() for p in run.model.parameters()])


def test_gradient_norm_and_update_ratio_are_those_of_copies(quick_fit):
    copies = Copies()

    history, _ = quick_fit(epochs=4, callbacks=[copies])

    assert history.steps["gradient_norm"] == pytest.approx(torch.stack(copies.norms).tolist())
    assert history.steps["update_ratio"] == pytest.approx(torch.stack(copies.ratios).tolist())


@pytest.mark.parametrize("clip", [None, 0.1])
@pytest.mark.parametrize("weigh", [False, True])
def test_sparse_gradients_are_watched_and_clipped_as_dense_ones_are(quick_fit, clip, weigh):
    rows = torch.tensor([[0, 1, 1], [2, 0, 4], [4, 4, 4], [1, 3, 0]])
    data = rows, torch.tensor([0, 1, 0, 1])

    def loss(outputs, targets):
        value = nn.functional.cross_entropy(outputs, targets)
        return (value, torch.tensor(3.0)) if weigh else value

    def run(sparse):
        with torch.random.fork_rng():
            torch.random.manual_seed(0)
            table = nn.EmbeddingBag(5, 4, sparse=sparse)
            model = nn.Sequential(table, nn.Linear(4, 2))
        sgd = partial(torch.optim.SGD, lr=0.5)
        history, _ = quick_fit(
            model, train=data, loss=loss, optimizer=sgd, clip=clip, batch_size=2, accumulate=2
        )
        return history.steps, model.state_dict()

    (ours, mine), (dense, theirs) = run(True), run(False)

    for column in ("loss", "gradient_norm", "gradient_norm_clipped", "update_ratio"):
        assert ours[column] == pytest.approx(dense[column], rel=1e-5), column
    for name, expected in theirs.items():
        torch.testing.assert_close(mine[name], expected)


def test_the_ratio_of_large_tensors_is_estimated_to_a_few_percent():
    generator = torch.Generator().manual_seed(0)
    shapes = (512, 256), (64, 32, 3, 3), (50,)
    layers = [torch.randn(shape, generator=generator) for shape in shapes]
    layers[1] = layers[1].to(memory_format=torch.channels_last)
    parameters = [nn.Parameter(values) for values in layers]
    ratio = UpdateRatio(parameters)
    base = torch.cat([p.detach().flatten() for p in parameters]).norm()
    sizes = 0.01, 0.03, 1.0
    changes = [
        torch.randn(p.shape, generator=generator) * size
        for p, size in zip(parameters, sizes, strict=True)
    ]
    with torch.no_grad():
        for parameter, change in zip(parameters, changes, strict=True):
            parameter += change

    expected = torch.cat([c.flatten() for c in changes]).norm() / base

    # 1,024 of the entries of each: the standard error of a norm is 1 / sqrt(2 n), of a ratio twice.
    assert ratio().item() == pytest.approx(expected.item(), rel=4 * 2 / math.sqrt(2 * 1024))
    assert ratio().item() == 0.0


def test_figures_are_fetched_in_blocks(quick_fit, monkeypatch):
    monkeypatch.setattr(telemetry, "BLOCK_SECONDS", 1e9)
    lengths = []
    fetch = telemetry.StepTelemetry.fetch

    def counting(self, epoch, accelerator):
        rows = fetch(self, epoch, accelerator)
        lengths.append(len(rows))
        return rows

    monkeypatch.setattr(telemetry.StepTelemetry, "fetch", counting)
    history, _ = quick_fit(train=small_data(200), batch_size=2, epochs=1)

    assert lengths == [64, 36]
    assert history.steps["step"] == list(range(100))


def test_throughput_and_memory_are_numbers_above_zero(quick_fit):
    history, _ = quick_fit()

    assert min(history.steps["examples_per_second"]) > 0
    assert min(history.steps["memory_mb"]) > 10


def test_a_classifier_is_summarised_class_by_class():
    outputs = torch.tensor([[2.0, 0.0], [0.0, 0.5], [3.0, 0.0], [0.0, 3.0]])
    targets = torch.tensor([0, 1, 1, 1])
    values = nn.functional.cross_entropy(outputs, targets, reduction="none")

    figures = summarise(nn.CrossEntropyLoss(), outputs, (targets,))

    assert figures["class_recall_0"] == 1
    assert figures["class_recall_1"] == pytest.approx(2 / 3)
    assert figures["class_loss_0"] == pytest.approx(values[0].item())
    assert figures["class_loss_1"] == pytest.approx(values[1:].mean().item())
    assert figures["hard_example_rate"] == 0.25  # the third
    assert figures["margin_violation_rate"] == 0.5  # the second and the third
    assert figures["loss_p50"] == pytest.approx(values.median().item(), abs=0.2)
    assert figures["loss_p99"] == pytest.approx(values.max().item(), rel=0.05)
    assert 0 < figures["calibration_error"] < 1


def test_events_are_two_classes():
    logits, events = torch.tensor([2.0, -0.5, 1.0]), torch.tensor([1.0, 0.0, 0.0])

    figures = summarise(bce, logits, (events,))
    signs = summarise(nn.SoftMarginLoss(), logits, (2 * events - 1,))

    assert figures["class_recall_0"] == 0.5
    assert figures["class_recall_1"] == 1
    assert figures["hard_example_rate"] == pytest.approx(1 / 3)
    assert figures["margin_violation_rate"] == pytest.approx(2 / 3)
    for name in ("class_recall_0", "hard_example_rate", "class_loss_1", "calibration_error"):
        assert signs[name] == pytest.approx(figures[name])


def test_ignored_positions_of_sequences_do_not_count():
    outputs = torch.tensor([[[9.0, 0.0], [0.0, 9.0]]])
    targets = torch.tensor([[0, -100]])

    def loss(z, y):
        return nn.functional.cross_entropy(z.flatten(0, 1), y.flatten())

    assert summarise(loss, outputs, (targets,))["class_recall_0"] == 1


def test_values_and_embeddings_have_no_classes():
    outputs, labels = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 2, 2])

    of_values = summarise(mse_loss, torch.randn(5), (torch.tensor([0.0, 1, 0, 1, 0]),))
    of_embeddings = summarise(batch_triplet_loss, outputs, (labels,))

    assert set(of_values) == {"loss_p50", "loss_p90", "loss_p99"}
    assert not [name for name in of_embeddings if name.startswith("class_")]


def test_the_spread_is_one_for_opposite_rows_and_zero_for_equal_ones():
    rows = torch.tensor([[3.0, 4.0], [-6.0, -8.0]])

    assert summarise(len, rows, ())["embedding_spread"] == pytest.approx(1)
    assert summarise(len, rows.abs(), ())["embedding_spread"] == pytest.approx(0, abs=1e-3)
    assert summarise(len, rows[:, None], ())["embedding_spread"] == pytest.approx(1)


def test_a_loss_is_recognised_through_what_wraps_it():
    smoothed = partial(bce, weight=None)

    assert spec_of(as_module(bce)) is spec_of(smoothed) is spec_of(bce) is not None
    assert spec_of(nn.functional.mse_loss) is None
    values = torch.randn(3), torch.ones(3)
    for loss in (bce, smoothed, as_module(bce), nn.BCEWithLogitsLoss()):
        torch.testing.assert_close(per_example(loss)(*values), bce(*values, reduction="none"))
    assert per_example(lambda z, y: z.sum()) is None


def test_without_validation_data_the_epochs_last_examples_stand_for_it(quick_fit):
    still = partial(torch.optim.SGD, lr=0.0)
    x, y = small_data()

    history, model = quick_fit(epochs=2, optimizer=still, metrics={"n": lambda z, y: len(z)})

    assert history.epochs["n"] == [23, 23]
    expected = summarise(nn.CrossEntropyLoss(), model(x), (y,))
    for name in ("loss_p90", "class_loss_1", "calibration_error"):
        assert history.last(name) == pytest.approx(expected[name], rel=1e-5)


def test_only_so_many_of_the_last_examples_are_held(quick_fit):
    history, _ = quick_fit(
        train=small_data(5000), batch_size=100, epochs=1, metrics={"n": lambda z, y: len(z)}
    )

    assert history.last("n") == 2100  # the whole batches that hold the last 2,048


def test_telemetry_reaches_a_tracker_of_accelerate(quick_fit):
    from accelerate.tracking import GeneralTracker

    class Memory(GeneralTracker):
        name, requires_logging_directory, main_process_only = "memory", False, True

        def __init__(self):
            super().__init__()
            self.config, self.logged = None, []

        @property
        def tracker(self):
            return self.logged

        def store_init_configuration(self, values):
            self.config = values

        def log(self, values, step=None, **kwargs):
            self.logged.append((step, values))

    tracker = Memory()
    history, _ = quick_fit(small_model(), trackers=[tracker])

    losses = [values["step/loss"] for _, values in tracker.logged if "step/loss" in values]
    assert losses == history.steps["loss"]
    assert tracker.logged[-1][1]["epoch/train_loss"] == history.last("train_loss")
    assert tracker.config["optimizer"] == "AdamW"
