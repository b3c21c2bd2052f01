"""What generators say of their data is so: each truth against another way to compute it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from lossedu.losses import info_nce_loss
from lossedu.ranking_metrics import ndcg
from lossedu.training.data import (
    graded_lists,
    heavy_tails,
    noisy_classes,
    rare_events,
    two_views,
)

N = 100_000
SIGMAS = 4.5  # one in 150 000 draws is further away than this many standard errors
GENERATORS = {
    "rare_events": rare_events,
    "noisy_classes": noisy_classes,
    "heavy_tails": heavy_tails,
    "graded_lists": graded_lists,
    "two_views": two_views,
}
every_generator = pytest.mark.parametrize("generate", GENERATORS.values(), ids=GENERATORS)


def tensors(data):
    return {name: value for name, value in vars(data).items() if isinstance(value, torch.Tensor)}


def close(values, expected):
    """Whether the mean of independent values is as expected, as far as their number can tell."""
    values = values.double()
    error = values.std().item() / len(values) ** 0.5
    return abs(values.mean().item() - expected) < SIGMAS * error


@every_generator
def test_the_same_seed_gives_the_same_data_and_another_seed_other_data(generate):
    first, again, other = (tensors(generate(20, seed=seed)) for seed in (1, 1, 2))

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@every_generator
@pytest.mark.parametrize("n", [0, 1, 17])
def test_there_are_as_many_examples_as_asked_for(generate, n):
    data = generate(n)

    first = next(iter(tensors(data).values()))
    assert len(first) == n


@every_generator
def test_tensors_go_to_the_device_asked_for(generate):
    data = tensors(generate(3, device="meta"))

    assert {tensor.device.type for tensor in data.values()} == {"meta"}


@every_generator
def test_drawing_leaves_the_global_random_state_alone(generate):
    before = torch.random.get_rng_state()

    generate(10)

    assert torch.equal(torch.random.get_rng_state(), before)


@every_generator
def test_a_negative_number_of_examples_is_refused(generate):
    with pytest.raises(ValueError, match="must be at least 0, but is -1"):
        generate(-1)


def test_the_bayes_error_of_rare_events_is_that_of_deciding_by_the_true_probability():
    data = rare_events(N, positive_rate=0.2, seed=5)

    wrong = (data.probability > 0.5) != data.clean_labels.bool()
    assert close(wrong, data.bayes_error)


@pytest.mark.parametrize(("classes", "separation"), [(2, 1.0), (3, 2.5), (7, 3.0)])
def test_the_bayes_error_of_classes_is_that_of_an_integral(classes, separation):
    data = noisy_classes(N, classes=classes, separation=separation, seed=6)

    # The own coordinate of an example must exceed all others, which are standard normal.
    right, _ = integrate.quad(
        lambda z: stats.norm.pdf(z) * stats.norm.cdf(z + separation) ** (classes - 1), -9, 9
    )
    assert close(1 - data.probability.amax(-1), 1 - right)
    assert close(data.probability.argmax(-1) != data.clean_labels, data.bayes_error)


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_labels_are_wrong_at_the_rate_asked_for_and_all_mistakes_are_equally_likely(noise):
    data = noisy_classes(N, classes=4, label_noise=noise, seed=7)

    for true in range(4):
        written = data.labels[data.clean_labels == true]
        for label in range(4):
            expected = 1 - noise if label == true else noise / 3
            error = (expected * (1 - expected) / len(written)) ** 0.5
            assert abs((written == label).double().mean() - expected) <= SIGMAS * error


def test_a_transition_is_followed():
    transition = torch.tensor([[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]])

    data = noisy_classes(N, transition=transition, seed=8)

    for true in range(3):
        written = data.labels[data.clean_labels == true]
        shares = written.bincount(minlength=3) / len(written)
        error = (transition[true] * (1 - transition[true]) / len(written)).sqrt()
        assert ((shares - transition[true]).abs() <= SIGMAS * error).all()


def test_the_best_cross_entropy_is_that_of_the_true_probability_of_the_label():
    data = noisy_classes(N, classes=5, separation=2.0, label_noise=0.2, seed=9)

    losses = torch.nn.functional.nll_loss(
        data.label_probability.log(), data.labels, reduction="none"
    )
    assert close(losses, data.best_cross_entropy)
    torch.testing.assert_close(data.label_probability.sum(-1), torch.ones(N))


@given(tail=st.floats(1.5, 10), upward=st.floats(0.05, 0.95), level=st.floats(0.02, 0.98))
def test_a_quantile_has_its_share_of_targets_below_it(tail, upward, level):
    data = heavy_tails(4000, tail=tail, upward=upward, seed=10)

    below = (data.targets < data.quantile(level)).double().mean().item()
    assert abs(below - level) < 6 * (level * (1 - level) / 4000) ** 0.5


@given(tail=st.floats(1.3, 10), upward=st.floats(0, 1))
def test_the_mean_is_the_integral_over_the_tails(tail, upward):
    data = heavy_tails(3, tail=tail, upward=upward)

    area, _ = integrate.quad(lambda t: (1 + t) ** -tail, 0, torch.inf)
    mean = data.location + data.scale * (upward - (1 - upward)) * area
    torch.testing.assert_close(data.mean, mean)


def test_symmetric_noise_has_its_mean_at_its_median():
    data = heavy_tails(50, upward=0.5)

    torch.testing.assert_close(data.mean, data.median)
    torch.testing.assert_close(data.median, data.location)


@pytest.mark.parametrize(("upward", "mean"), [(0.0, -math.inf), (1.0, math.inf), (0.5, math.nan)])
def test_without_a_mean_the_mean_says_so(upward, mean):
    data = heavy_tails(2, tail=1.0, upward=upward)

    torch.testing.assert_close(data.mean, torch.full((2,), mean), equal_nan=True)


def test_the_tail_index_is_the_one_asked_for():
    data = heavy_tails(N, tail=3.0, seed=11)

    # The log of 1 + |noise| is exponential with rate 3.
    noise = (data.targets - data.location) / data.scale
    assert close(torch.log1p(noise.double().abs()), 1 / 3)


@given(
    items=st.integers(1, 20),
    grades=st.integers(2, 6),
    k=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_without_noise_the_utility_ranks_perfectly(items, grades, k, seed):
    data = graded_lists(5, items, grades=grades, noise=0.0, seed=seed)

    relevant = data.relevance.amax(-1) > 0
    expected = relevant.double()  # by convention 0 for lists in which nothing is relevant
    torch.testing.assert_close(ndcg(data.utility, data.relevance, k=k), expected)


def test_all_lists_hold_the_same_grades_each_of_them_and_few_are_high():
    data = graded_lists(50, 20, grades=4)

    same = data.relevance.sort(-1).values
    assert torch.equal(same, same[:1].expand(50, -1))
    counts = same[0].long().bincount()
    assert len(counts) == 4
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)


@pytest.mark.parametrize(("k", "upper"), [(1, 0), (3, 0), (3, 2), (None, 0), (None, 2), (None, 5)])
def test_swapping_two_neighbours_of_the_best_order_loses_ndcg(k, upper):
    data = graded_lists(40_000, 7, noise=0.7, seed=12)
    order = data.utility.argsort(-1, descending=True)
    places = torch.arange(7)
    places[[upper, upper + 1]] = places[[upper + 1, upper]]
    worse = torch.empty_like(data.utility).scatter(
        1, order[:, places], -torch.arange(7.0).expand(len(order), -1)
    )

    lost = ndcg(data.utility, data.relevance, k=k) - ndcg(worse, data.relevance, k=k)
    assert lost.mean() > 2 * lost.std() / len(lost) ** 0.5


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_views_correlate_as_asked_for_once_turned(correlation):
    data = two_views(N, features=3, correlation=correlation, seed=13)

    found = torch.corrcoef(torch.cat([data.view_a @ data.rotation, data.view_b], 1).mT)
    error = SIGMAS / N**0.5
    torch.testing.assert_close(found[:3, 3:], correlation * torch.eye(3), atol=error, rtol=0)
    torch.testing.assert_close(found[:3, :3], torch.eye(3), atol=error, rtol=0)


def test_the_best_scores_are_the_log_density_ratio():
    data = two_views(6, features=3, correlation=0.7, seed=14)

    together = torch.cat(
        [
            torch.cat([torch.eye(3), 0.7 * data.rotation], 1),
            torch.cat([0.7 * data.rotation.mT, torch.eye(3)], 1),
        ]
    )
    joint = torch.distributions.MultivariateNormal(torch.zeros(6), together)
    alone = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3))
    for i in range(6):
        for j in range(6):
            pair = torch.cat([data.view_a[i], data.view_b[j]])
            ratio = joint.log_prob(pair) - alone.log_prob(pair[:3]) - alone.log_prob(pair[3:])
            torch.testing.assert_close(data.best_scores()[i, j], ratio, atol=1e-4, rtol=1e-4)


def test_the_mutual_information_is_the_mean_log_density_ratio_of_pairs():
    data = two_views(3000, features=4, correlation=0.8, seed=15)

    assert close(data.best_scores().diagonal(), data.mutual_information)


def test_the_best_scores_beat_the_turned_views_and_info_nce_stays_below_the_information():
    data = two_views(512, features=8, correlation=0.9, seed=16)
    truth = torch.arange(512)

    best = torch.nn.functional.cross_entropy(data.best_scores(), truth).item()
    turned = min(
        info_nce_loss(data.view_a @ data.rotation, data.view_b, temperature=t).item()
        for t in (0.05, 0.1, 0.2, 0.5)
    )
    assert best < turned
    assert math.log(512) - turned < math.log(512) - best < data.mutual_information


def test_location_scale_and_utility_are_the_documented_functions_of_the_features():
    tails, lists = heavy_tails(20, seed=17), graded_lists(4, 5, features=3, seed=18)

    for x, location, scale in zip(tails.features, tails.location, tails.scale, strict=True):
        first, second, *_ = x.tolist()
        assert location.item() == pytest.approx(math.sin(2 * first) + second, abs=1e-5)
        assert scale.item() == pytest.approx(0.5 + 0.5 * first**2, abs=1e-5)
    for x, utility in zip(lists.features.flatten(0, 1), lists.utility.flatten(), strict=True):
        a, b, c = x.tolist()
        assert utility.item() == pytest.approx((a - b + c) / math.sqrt(3) + a * b / 2, abs=1e-5)


@given(features=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_rotation_keeps_lengths(features, seed):
    rotation = two_views(0, features=features, seed=seed).rotation

    torch.testing.assert_close(rotation @ rotation.mT, torch.eye(features))


WRONG = {
    "classes must be at least 2": lambda: noisy_classes(5, classes=1),
    "separation must be at least 0": lambda: noisy_classes(5, separation=-1.0),
    r"label_noise must lie in \[0, 1\]": lambda: noisy_classes(5, label_noise=1.5),
    "label_noise must be 0 where a transition is given": lambda: noisy_classes(
        5, label_noise=0.1, transition=torch.eye(3)
    ),
    r"transition must have the shape \(3, 3\)": lambda: noisy_classes(5, transition=torch.eye(2)),
    r"transition.sum\(-1\) must be 1": lambda: noisy_classes(5, transition=torch.eye(3) / 2),
    "tail must be above 0 and finite": lambda: heavy_tails(5, tail=0.0),
    r"upward must lie in \[0, 1\]": lambda: heavy_tails(5, upward=1.1),
    "level must lie strictly between 0 and 1": lambda: heavy_tails(5).quantile(1.0),
    "features must be at least 2": lambda: heavy_tails(5, features=1),
    "items must be a whole number of at least 1": lambda: graded_lists(5, 0),
    "grades must be at least 2": lambda: graded_lists(5, grades=1),
    "noise must be at least 0": lambda: graded_lists(5, noise=-0.1),
    r"correlation must lie in \[0, 1\)": lambda: two_views(5, correlation=1.0),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_out_of_range_is_refused(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
