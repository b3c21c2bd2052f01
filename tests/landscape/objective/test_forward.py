"""The hook of `fit` is that of a landscape: the same function, the same loss."""

import pytest
import torch
from torch import nn

from lossedu.landscape import (
    Limit,
    Objective,
    checkpoint_ensemble,
    compare_checkpoints,
    hessian,
    landscape_gate,
    top_eigenvalues,
    update_batch_norm,
)
from lossedu.landscape.curvature.products import gauss_newton
from lossedu.landscape.slices.line import line
from lossedu.training.random_states import scoped
from tests.training.own_models import (
    IGNORED,
    WORDS,
    by_tokens,
    language_model,
    of_pairs,
    own_loss,
    pairs,
    sentences,
    split,
    two_towers,
)


def of_sentences(size, forward=by_tokens, **settings):
    return Objective(language_model(), None, split(sentences(), size), forward=forward, **settings)


def test_a_model_that_computes_its_own_loss_is_an_objective():
    objective = of_sentences(12, own_loss)
    model = language_model()
    loss = model(**sentences()).loss
    expected = torch.autograd.grad(loss, list(model.parameters()))

    value, gradient = objective.value_and_gradient(objective.point)

    assert value == pytest.approx(loss.item(), rel=1e-6)
    torch.testing.assert_close(gradient, torch.cat([part.flatten() for part in expected]))
    assert line(objective, resolution=3).losses[1] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("size", [1, 5, 12])
def test_a_mean_over_tokens_its_gradient_and_curvature_do_not_depend_on_the_split(size):
    model = language_model().double()
    whole = Objective(model, None, [sentences()], forward=by_tokens)
    objective = Objective(model, None, split(sentences(), size), forward=by_tokens)
    vector = torch.linspace(-1, 1, whole.size, dtype=torch.float64)

    assert objective.value(whole.point) == pytest.approx(whole.value(whole.point), rel=1e-12)
    with objective.following(objective.point) as value:
        assert value() == pytest.approx(whole.value(whole.point), rel=1e-12)
    torch.testing.assert_close(objective.gradient(whole.point), whole.gradient(whole.point))
    torch.testing.assert_close(hessian(objective) @ vector, hessian(whole) @ vector)


def test_without_weights_the_mean_of_means_depends_on_the_split():
    values = [of_sentences(size, own_loss) for size in (1, 12)]

    one, other = (objective.value(objective.point) for objective in values)

    assert one != pytest.approx(other, rel=1e-3)


def test_a_loss_of_outputs_may_weigh_its_mean_too():
    x = torch.randn(10, 3, generator=torch.Generator().manual_seed(0)).double()
    y, model = (x[:, 0] > 0.5).long(), nn.Linear(3, 2).double()
    weight = torch.tensor([1.0, 7.0]).double()

    def weighted(outputs, targets):
        return nn.functional.cross_entropy(outputs, targets, weight), weight[targets].sum()

    whole, parts = (Objective(model, weighted, (x, y), batch_size=size) for size in (10, 3))

    vector = torch.linspace(-1, 1, whole.size, dtype=torch.float64)
    assert parts.value(whole.point) == pytest.approx(whole.value(whole.point), rel=1e-12)
    torch.testing.assert_close(hessian(parts) @ vector, hessian(whole) @ vector)
    torch.testing.assert_close(gauss_newton(parts) @ vector, gauss_newton(whole) @ vector)


def test_batches_of_padding_alone_weigh_nothing():
    padding = {"tokens": torch.zeros(2, 9).long(), "labels": torch.full((2, 9), IGNORED)}
    whole = of_sentences(12)
    padded = Objective(language_model(), None, [padding, sentences(), padding], forward=by_tokens)

    vector = torch.linspace(-1, 1, whole.size)
    assert padded.value(whole.point) == pytest.approx(whole.value(whole.point), rel=1e-6)
    torch.testing.assert_close(padded.gradient(whole.point), whole.gradient(whole.point))
    torch.testing.assert_close(hessian(padded) @ vector, hessian(whole) @ vector)


def test_several_inputs_have_a_spectrum():
    objective = Objective(two_towers(), None, pairs(), forward=of_pairs)
    model, (left, right, same) = two_towers(), pairs()
    scores = model(left, right)
    expected = nn.functional.binary_cross_entropy_with_logits(scores, same)

    assert objective.value(objective.point) == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(
        objective.outputs(objective.point, next(objective.batches())), scores
    )
    assert top_eigenvalues(objective, 1).converged.all()


def test_the_model_of_a_hook_is_never_touched():
    model = language_model()
    before = {name: part.clone() for name, part in model.state_dict().items()}
    objective = Objective(model, None, [sentences()], forward=by_tokens)

    objective.gradient(objective.point + 1)

    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert model.training
    assert all(part.grad is None for part in model.parameters())


class Classifier(nn.Module):
    """Takes words, normalises, and gives its loss and logits for labels."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, 5)
        self.norm = nn.BatchNorm1d(5)
        self.head = nn.Linear(5, 3)

    def forward(self, tokens):
        return self.head(self.norm(self.words(tokens).mean(1)))


def classify(model, batch):
    logits = model(batch["tokens"])
    return nn.functional.cross_entropy(logits, batch["labels"]), None, logits


def classified():
    data = sentences()
    return split({"tokens": data["tokens"], "labels": data["tokens"][:, 0] % 3}, 5)


def test_checkpoints_are_compared_and_gated_through_the_hook():
    with scoped(0):
        first, second = Classifier(), Classifier()

    found = compare_checkpoints(first, second, None, classified(), forward=classify, tolerance=0.5)
    limits = {"loss": Limit(most=50.0), "accuracy": Limit(least=1.1), "barrier": Limit(most=50.0)}
    result = landscape_gate(
        second, None, classified(), limits, forward=classify, reference=first, tolerance=0.5
    )

    assert found.signs[0].loss != found.signs[1].loss
    assert 0 <= found.signs[0].held_out["accuracy"] <= 1
    assert [check.passed for check in result.checks] == [True, False, True]


def test_an_ensemble_of_checkpoints_says_what_its_members_say_through_the_hook():
    with scoped(0):
        members = [Classifier().eval() for _ in range(2)]

    found = checkpoint_ensemble(members, classified(), forward=classify)

    tokens = sentences()["tokens"]
    mean = torch.stack([member(tokens).double().softmax(1) for member in members]).mean(0)
    torch.testing.assert_close(found.probabilities, mean.detach(), rtol=1e-5, atol=1e-6)


def test_batch_norm_gets_the_statistics_that_the_hook_gives_it():
    with scoped(0):
        model = Classifier()

    update_batch_norm(model, classified(), forward=classify)

    words = model.words(sentences()["tokens"]).mean(1)
    torch.testing.assert_close(model.norm.running_mean, words.mean(0))


def test_the_digest_knows_dictionaries_apart():
    other = sentences()
    other["labels"] = other["labels"].roll(1)

    one, same = of_sentences(5), of_sentences(3)
    changed = Objective(language_model(), None, [other], forward=by_tokens)

    assert one.digest() == same.digest() != changed.digest()


def test_what_only_a_loss_of_outputs_has_is_refused_in_words():
    with pytest.raises(ValueError, match="not both, but neither is"):
        Objective(two_towers(), None, pairs())
    without = Objective(language_model(), nn.MSELoss(), [sentences()])
    with pytest.raises(TypeError, match=r"tensors or tuples .*forward=lambda model, batch"):
        without.value(without.point)
    without = of_sentences(12, own_loss)
    with pytest.raises(ValueError, match=r"\(loss, weight, outputs\) where outputs are asked for"):
        without.outputs(without.point, next(without.batches()))
    hooked = Objective(two_towers(), None, pairs(), forward=of_pairs)
    with pytest.raises(ValueError, match=r"there is forward in its place.*Objective\(model, loss"):
        gauss_newton(hooked) @ torch.ones(hooked.size)
