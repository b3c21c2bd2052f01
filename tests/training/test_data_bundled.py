"""Real data comes whole, in parts that share no example, standardised by the training part."""

import pytest
import torch
from sklearn import datasets

from lossedu.training.data import bundled

CLASSES = {"breast_cancer": 2, "digits": 10, "iris": 3, "wine": 3}
NAMES = [*CLASSES, "diabetes"]
every_set = pytest.mark.parametrize("name", NAMES)


def parts(split):
    return split.train, split.valid, split.test


def raw(split, features):
    """Features as scikit-learn has them; constant columns are kept by a scale of 1."""
    return features * split.feature_scale + split.feature_mean


@every_set
def test_the_parts_together_are_the_data_set(name):
    split = bundled(name)
    original = getattr(datasets, f"load_{name}")()

    rows = torch.cat([raw(split, features) for features, _ in parts(split)])
    targets = torch.cat([targets.double() for _, targets in parts(split)])
    targets = targets * split.target_scale + split.target_mean
    found = torch.cat([rows.double(), targets[:, None]], 1)
    wanted = torch.tensor(original.data), torch.tensor(original.target).double()[:, None]
    wanted = torch.cat(wanted, 1)
    assert found.shape == wanted.shape
    # A random projection tells rows apart; sorted, it does not care for their order.
    direction = torch.randn(
        wanted.shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    torch.testing.assert_close(
        (found @ direction).sort().values, (wanted @ direction).sort().values, atol=1e-3, rtol=1e-5
    )


@every_set
def test_the_training_part_has_mean_zero_and_deviation_one(name):
    features, _ = bundled(name).train

    deviation = features.std(0, correction=0)
    torch.testing.assert_close(features.mean(0), torch.zeros(features.shape[1]), atol=1e-5, rtol=0)
    assert (((deviation - 1).abs() < 1e-4) | (deviation == 0)).all()


@every_set
def test_what_standardises_is_the_moments_of_the_training_part_not_of_all(name):
    split = bundled(name, seed=3)

    everything = torch.cat([raw(split, features) for features, _ in parts(split)])
    training = raw(split, split.train[0])
    torch.testing.assert_close(split.feature_mean, training.mean(0), atol=1e-3, rtol=1e-4)
    assert not torch.allclose(split.feature_mean, everything.mean(0), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_each_part_has_its_share_of_each_class(name):
    split = bundled(name)
    whole = torch.cat([targets for _, targets in parts(split)])
    shares = whole.bincount() / len(whole)

    assert len(split.classes) == CLASSES[name]
    for (_, targets), part in zip(parts(split), (0.6, 0.2, 0.2), strict=True):
        assert abs(len(targets) - part * len(whole)) <= 2
        counts = targets.bincount(minlength=len(shares))
        assert ((counts - shares * len(targets)).abs() <= 1.5).all()


def test_numbers_to_predict_are_standardised_and_come_back():
    split = bundled("diabetes")
    _, targets = split.train

    assert split.classes == ()
    assert abs(targets.mean()) < 1e-5
    assert abs(targets.std(correction=0) - 1) < 1e-5
    back = targets * split.target_scale + split.target_mean
    assert set(back.round().tolist()) <= set(datasets.load_diabetes().target.tolist())


def test_a_pixel_that_is_never_lit_stays_finite():
    split = bundled("digits")

    assert (split.train[0].std(0) == 0).any()
    assert all(features.isfinite().all() for features, _ in parts(split))


def test_the_seed_decides_the_split():
    first, again, other = (bundled("iris", seed=seed) for seed in (1, 1, 2))

    assert torch.equal(first.train[0], again.train[0])
    assert not torch.equal(first.train[1], other.train[1])


def test_tensors_go_to_the_device_asked_for():
    split = bundled("iris", device="meta")

    assert split.train[0].device.type == split.test[1].device.type == "meta"


def test_an_unknown_set_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="name must be one of 'breast_cancer', 'diabetes'"):
        bundled("mnist")


@pytest.mark.parametrize("shares", [(0.0, 0.2), (0.2, 0.0), (0.5, 0.5), (-0.1, 0.2)])
def test_shares_that_leave_a_part_empty_are_refused(shares):
    with pytest.raises(ValueError, match="must be above 0 and below 1 together"):
        bundled("iris", valid_share=shares[0], test_share=shares[1])
