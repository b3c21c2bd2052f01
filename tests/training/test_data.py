"""The generator draws what it says it draws."""

import pytest
import torch

from lossedu.training import rare_events

N = 200_000


@pytest.fixture(scope="module")
def data():
    return rare_events(N, positive_rate=0.01, seed=3)


def test_the_rate_of_positives_is_the_one_asked_for(data):
    standard_error = (0.01 * 0.99 / N) ** 0.5

    assert abs(data.clean_labels.mean().item() - 0.01) < 4 * standard_error


def test_the_stated_probability_is_calibrated(data):
    for low, high in ((0.0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 1.0)):
        inside = (data.probability >= low) & (data.probability < high)
        p, y = data.probability[inside], data.clean_labels[inside]
        standard_error = (p * (1 - p)).sum().sqrt() / len(p)

        assert len(p) > 100
        assert abs(y.mean() - p.mean()) < 4 * standard_error


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data():
    first, again, other = (rare_events(50, seed=seed) for seed in (1, 1, 2))

    assert torch.equal(first.features, again.features)
    assert not torch.equal(first.features, other.features)


def test_without_noise_labels_are_clean(data):
    assert torch.equal(data.labels, data.clean_labels)


def test_noise_moves_as_many_labels_up_as_down():
    noisy = rare_events(N, positive_rate=0.05, label_noise=0.2, seed=4)
    lost = ((noisy.clean_labels == 1) & (noisy.labels == 0)).sum().item()
    gained = ((noisy.clean_labels == 0) & (noisy.labels == 1)).sum().item()

    expected = N * 0.05 * 0.2
    assert abs(lost - expected) < 4 * expected**0.5
    assert abs(gained - expected) < 4 * expected**0.5


def test_no_examples_are_no_examples():
    assert rare_events(0).features.shape == (0, 8)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_a_rate_at_or_beyond_its_ends_is_refused(rate):
    with pytest.raises(ValueError, match="positive_rate must lie strictly between 0 and 1"):
        rare_events(10, positive_rate=rate)
