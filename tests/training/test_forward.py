"""One hook, ``forward(model, batch)``, for models that no pair of model and loss describes."""

from collections import UserDict, namedtuple
from functools import partial

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lossedu.training import fit
from lossedu.training.outputs import Outputs
from tests.training.own_models import (
    IGNORED,
    by_tokens,
    language_model,
    of_pairs,
    own_loss,
    pairs,
    sentences,
    split,
    two_towers,
)

STILL = partial(torch.optim.SGD, lr=0.0)
ADAM = partial(torch.optim.Adam, lr=0.05)


def trained(model, data, forward, *, valid=None, optimizer=ADAM, epochs=1, **settings):
    return fit(
        model,
        None,
        data,
        valid,
        forward=forward,
        optimizer=optimizer,
        epochs=epochs,
        progress=False,
        **settings,
    )


@pytest.mark.parametrize("kind", [dict, UserDict])
def test_a_model_that_computes_its_own_loss_learns_from_dictionaries(kind):
    data = [kind(batch) for batch in split(sentences(), 4)]

    history = trained(language_model(), data, own_loss, valid=data, epochs=40)

    assert history.last("valid_loss") < 0.8 * history.epochs["valid_loss"][0]
    assert history.settings["loss"] == "own_loss"


@pytest.mark.parametrize("source", ["tensors", "loader", "named"])
def test_several_inputs_reach_the_model_and_their_outputs_the_metrics(source):
    data = pairs()
    named = namedtuple("Pair", "left right same")
    train = {
        "tensors": data,
        "loader": DataLoader(TensorDataset(*data), batch_size=5, shuffle=True),
        "named": [named(*(part[k : k + 5] for part in data)) for k in range(0, 20, 5)],
    }[source]
    metrics = {"accuracy": lambda s, right, same: ((s > 0) == (same > 0)).float().mean()}

    history = trained(two_towers(), train, of_pairs, valid=data, epochs=60, metrics=metrics)

    assert history.last("accuracy") > 0.9
    assert len(history.epochs["accuracy"]) == 60


def test_a_loader_that_collates_dictionaries_is_shuffled_and_read_whole():
    data = sentences()
    rows = [{k: v[i] for k, v in data.items()} for i in range(12)]
    seen = []

    def counting(model, batch):
        seen.append(len(batch["tokens"]))
        return own_loss(model, batch)

    history = trained(language_model(), DataLoader(rows, 5, shuffle=True), counting, epochs=2)

    assert seen == [5, 5, 2] * 2
    assert history.settings["examples"] == 12


def test_a_mean_over_tokens_does_not_depend_on_how_sentences_are_split_into_batches():
    data = sentences()
    tokens = (data["labels"] != IGNORED).sum()
    logits = language_model()(**data).logits
    whole = nn.functional.cross_entropy(logits.mT, data["labels"], reduction="sum") / tokens

    for size in (3, 5):
        history = trained(
            language_model(), split(data, size), by_tokens, valid=split(data, size), optimizer=STILL
        )
        assert history.last("train_loss") == pytest.approx(whole.item(), rel=1e-6)
        assert history.last("valid_loss") == pytest.approx(whole.item(), rel=1e-6)

    careless = trained(language_model(), split(data, 3), own_loss, optimizer=STILL)
    assert careless.last("train_loss") != pytest.approx(whole.item(), rel=1e-3)


def test_accumulated_batches_of_different_token_counts_make_the_step_of_one_large_batch():
    data, models = sentences(), [language_model() for _ in range(3)]
    steps = partial(torch.optim.SGD, lr=0.5)

    for model, size, accumulate in zip(models, (12, 3, 5), (1, 4, 3), strict=True):
        batches = split(data, size)
        trained(model, batches, by_tokens, optimizer=steps, accumulate=accumulate)

    for model in models[1:]:
        torch.testing.assert_close(dict(model.state_dict()), dict(models[0].state_dict()))


def test_a_batch_of_padding_alone_changes_nothing():
    data, model, padded = split(sentences(), 4), language_model(), language_model()
    nothing = {"tokens": data[0]["tokens"], "labels": torch.full((4, 9), IGNORED)}

    plain = trained(model, data, by_tokens, valid=data)
    other = trained(padded, [nothing, *data], by_tokens, valid=[*data, nothing])

    for column in ("train_loss", "valid_loss"):
        assert other.last(column) == pytest.approx(plain.last(column), rel=1e-6)
    assert not other.events


class Correct:
    """A metric that reads one batch after another."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.right, self.all = 0, 0

    def update(self, scores, right, same):
        self.right += int(((scores > 0) == (same > 0)).sum())
        self.all += len(same)

    def compute(self):
        return torch.tensor(self.right / self.all)


class WithoutReset:
    """The same for those who forget to reset."""

    def __init__(self):
        self.count = 0

    def update(self, scores, *rest):
        self.count += len(scores)

    def compute(self):
        return self.count


@pytest.mark.parametrize("validated", [True, False])
def test_a_metric_that_streams_says_what_a_function_of_all_outputs_says(validated):
    def share(scores, right, same):
        return ((scores > 0) == (same > 0)).float().mean()

    metrics = {"streamed": Correct(), "whole": share, "count": WithoutReset()}
    valid = DataLoader(TensorDataset(*pairs(13)), batch_size=4) if validated else None

    history = trained(
        two_towers(), pairs(), of_pairs, valid=valid, epochs=3, batch_size=8, metrics=metrics
    )

    assert history.epochs["streamed"] == pytest.approx(history.epochs["whole"])
    assert history.epochs["count"] == [13 if validated else 20] * 3


def test_outputs_are_kept_only_where_a_metric_is_a_function_of_all_of_them(monkeypatch):
    kept = []
    add = Outputs.add
    monkeypatch.setattr(Outputs, "add", lambda self, *parts: kept.append(1) or add(self, *parts))
    valid = DataLoader(TensorDataset(*pairs()), batch_size=2)

    for metrics in ({}, {"streamed": Correct()}):
        trained(two_towers(), pairs(), of_pairs, valid=valid, metrics=metrics)
    assert not kept

    metrics = {"streamed": Correct(), "n": lambda scores, *rest: len(scores)}
    trained(two_towers(), pairs(), of_pairs, valid=valid, metrics=metrics)
    assert len(kept) == 10


def test_what_cannot_be_put_together_is_refused_only_where_a_metric_reads_all_of_it(tmp_path):
    data = split(sentences(), 4)

    def with_cache(model, batch):
        found = model(**batch)
        return found.loss, None, found

    for valid in (data, None):
        history = trained(language_model(), data, with_cache, valid=valid, checkpoints=tmp_path)
        assert history.last("train_loss") > 0
    with pytest.raises(ValueError, match=r"outputs must be tensors.*ModelOutput.*found\.logits"):
        trained(language_model(), data, with_cache, valid=data, metrics={"n": lambda o, b: 1.0})


def test_a_cache_among_outputs_neither_stops_a_run_nor_its_checkpoints(tmp_path):
    data = split(sentences(), 4)

    def beside_a_cache(model, batch):
        found = model(**batch)
        return found.loss, None, {"logits": found.logits, "cache": found.past_key_values}

    metrics = {"n": lambda outputs, batch: len(outputs["logits"]) + len(batch["labels"])}
    settings = {"metrics": metrics, "checkpoints": tmp_path}

    history = trained(language_model(), data, beside_a_cache, **settings)
    again = trained(language_model(), data, beside_a_cache, epochs=2, **settings)

    assert history.last("n") == 24
    assert again.epochs["n"] == [24, 24]


def test_outputs_of_different_lengths_need_a_metric_that_streams():
    longest = split(sentences(), 6)
    longest[1] = {name: part[:, :8] for name, part in longest[1].items()}

    class Words:
        def __init__(self):
            self.reset()

        def reset(self):
            self.count = 0

        def update(self, logits, batch):
            self.count += int((batch["labels"] != IGNORED).sum())

        def compute(self):
            return self.count

    history = trained(
        language_model(), longest, by_tokens, valid=longest, metrics={"words": Words()}
    )
    assert history.last("words") == sum(int((b["labels"] != IGNORED).sum()) for b in longest)
    with pytest.raises(ValueError, match=r"same width in every batch.*update and compute"):
        trained(language_model(), longest, by_tokens, metrics={"n": lambda o, b: 1.0})


def test_labels_of_a_dictionary_give_the_figures_of_classes():
    x = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))
    data = [{"inputs": x, "labels": (x[:, 0] > 0).long()}]

    def classify(model, batch):
        logits = model(batch["inputs"])
        return nn.functional.cross_entropy(logits, batch["labels"]), None, logits

    history = trained(nn.Linear(3, 2), data, classify, valid=data, epochs=30)

    assert history.last("class_recall_1") > 0.9


def test_a_forward_that_is_a_module_learns_and_is_kept_with_the_run(tmp_path):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.log_scale = nn.Parameter(torch.zeros(()))

        def forward(self, model, batch):
            loss, *_ = of_pairs(model, batch)
            return loss / self.log_scale.exp() + self.log_scale

    forward = Scaled()
    trained(two_towers(), pairs(), forward, checkpoints=tmp_path)
    resumed = Scaled()
    trained(two_towers(), pairs(), resumed, checkpoints=tmp_path)

    assert forward.log_scale.item() != 0
    assert resumed.log_scale.item() == pytest.approx(forward.log_scale.item())


def test_the_layer_where_a_nan_arises_is_found_through_the_hook():
    model = language_model()
    with torch.no_grad():
        model.head.weight.fill_(1e38)

    history = trained(model, split(sentences(), 4), own_loss)

    assert history.events[0]["where"] == "head"


@pytest.mark.parametrize(
    ("loss", "forward", "message"),
    [
        (None, None, "loss or forward must be given, and not both, but neither is"),
        (nn.MSELoss(), own_loss, "loss or forward must be given, and not both, but both are"),
        (None, "mean", "forward must be a function, but is str"),
        ("mse", None, "loss must be a function, but is str"),
        (None, lambda m, b: None, "forward must return one number, but returned NoneType"),
        (None, lambda m, b: m(**b), r"but returned ModelOutput. Hint: return its \.loss"),
        (None, lambda m, b: m(**b).logits, r"one number, but returned shape \(12, 9, 7\)"),
        (None, lambda m, b: (m(**b).loss, 1, 2, 3), r"\(loss, weight, outputs\), but returned 4"),
        (None, lambda m, b: (m(**b).loss, b["labels"]), r"weight of its mean, .* \(12, 9\)"),
        (None, lambda m, b: (m(**b).loss, -1.0), "weight of at least 0 and finite, but .* -1"),
        (nn.MSELoss(), None, r"tensors or tuples .*, but yield dict. Hint: forward=lambda"),
    ],
)
def test_what_no_hook_can_be_is_refused_in_words(loss, forward, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fit(
            language_model(),
            loss,
            [sentences()],
            forward=forward,
            optimizer=ADAM,
            epochs=1,
            progress=False,
        )


def test_a_weight_now_and_then_is_refused():
    def sometimes(model, batch):
        loss = own_loss(model, batch)
        return (loss, 3) if len(batch["tokens"]) == 5 else loss

    with pytest.raises(ValueError, match="a weight for all batches or for none"):
        trained(language_model(), split(sentences(), 5), sometimes, accumulate=3)


def test_metrics_without_outputs_are_refused():
    with pytest.raises(ValueError, match="where there are metrics, but returned no outputs"):
        trained(
            language_model(), [sentences()], own_loss, metrics={"n": lambda outputs, batch: 1.0}
        )
