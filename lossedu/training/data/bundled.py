"""Real data that ships with scikit-learn: split, then standardised by what the training part says.

The trap: standardising before splitting lets the held-out examples speak in training.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from lossedu.arguments.checks import check_choice
from lossedu.extras import explained
from lossedu.training.data.draws import Device

Bundled = Literal["breast_cancer", "diabetes", "digits", "iris", "wine"]
_REAL_TARGETS = ("diabetes",)


@dataclass(frozen=True)
class Split:
    """A data set in three parts, each a pair of features and targets.

    Attributes:
        train: To fit to.
        valid: To choose by.
        test: To report, once.
        feature_mean: What was subtracted from the features, shape ``(d,)``.
        feature_scale: What they were divided by, above 0, the same shape.
        target_mean: What was subtracted from the targets; 0 for classes.
        target_scale: What they were divided by; 1 for classes.
        classes: The classes' names in order; none where targets are numbers.
    """

    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    feature_mean: Tensor
    feature_scale: Tensor
    target_mean: float
    target_scale: float
    classes: tuple[str, ...]


def bundled(
    name: Bundled,
    *,
    valid_share: float = 0.2,
    test_share: float = 0.2,
    seed: int = 0,
    device: Device = "cpu",
) -> Split:
    """Load a data set that ships with scikit-learn.

    ``"digits"``: 1797 images of 8 by 8 pixels in a row of 64, 10 classes.  ``"breast_cancer"``: 569
    by 30, 2 classes.  ``"wine"``: 178 by 13, 3 classes.  ``"iris"``: 150 by 4, 3 classes.
    ``"diabetes"``: 442 by 10, a number to predict.

    Args:
        name: Which.
        valid_share: The share to choose by, above 0; of each class alike.
        test_share: The share to report, above 0; below 1 together with ``valid_share``.
        seed: What the split depends on, and nothing else.
        device: Where the tensors go.

    Returns:
        Three parts.  Features have mean 0 and standard deviation 1 in the training part (a feature
        that is constant there becomes 0 and stays finite elsewhere); numbers to predict likewise.

    Raises:
        ValueError: If there is no such data set, or the shares leave no part to train on.
        ModuleNotFoundError: If scikit-learn is missing (``pip install 'lossedu[train]'``).

    Example:
        >>> split = bundled("wine")
        >>> [len(part[0]) for part in (split.train, split.valid, split.test)]
        [106, 36, 36]
        >>> split.classes
        ('class_0', 'class_1', 'class_2')
    """
    check_choice("name", name, get_args(Bundled))
    if not (valid_share > 0 and test_share > 0 and valid_share + test_share < 1):
        raise ValueError(
            "valid_share and test_share must be above 0 and below 1 together, "
            f"but are {valid_share} and {test_share}."
        )
    with explained("bundled", "train"):
        from sklearn import datasets

    loaded: Any = getattr(datasets, f"load_{name}")()
    real = name in _REAL_TARGETS
    features = torch.tensor(loaded.data, dtype=torch.float64)
    targets = torch.tensor(loaded.target, dtype=torch.float64 if real else torch.int64)
    parts = _parts(targets, valid_share, test_share, seed, stratified=not real)
    mean, scale = _moments(features[parts[0]])
    target_mean, target_scale = _moments(targets[parts[0]]) if real else _AS_IT_IS
    shown = ((features - mean) / scale).float()
    if real:
        targets = ((targets - target_mean) / target_scale).float()
    train, valid, test = ((shown[part].to(device), targets[part].to(device)) for part in parts)
    return Split(
        train,
        valid,
        test,
        feature_mean=mean.float().to(device),
        feature_scale=scale.float().to(device),
        target_mean=target_mean.item(),
        target_scale=target_scale.item(),
        classes=() if real else tuple(map(str, loaded.target_names)),
    )


_AS_IT_IS = torch.tensor(0.0), torch.tensor(1.0)


def _parts(
    targets: Tensor, valid_share: float, test_share: float, seed: int, *, stratified: bool
) -> list[Tensor]:
    """Positions of the training, validation and test examples."""
    from sklearn.model_selection import train_test_split

    rest, test = train_test_split(
        torch.arange(len(targets)).numpy(),
        test_size=test_share,
        random_state=seed,
        stratify=targets if stratified else None,
    )
    train, valid = train_test_split(
        rest,
        test_size=valid_share / (1 - test_share),
        random_state=seed,
        stratify=targets[rest] if stratified else None,
    )
    return [torch.from_numpy(part) for part in (train, valid, test)]


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column; 1 for one that is constant."""
    deviation = values.std(0, correction=0)
    return values.mean(0), torch.where(deviation > 0, deviation, 1.0)
