"""Classes that overlap by a known amount, and labels wrong at a known rate."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lossedu.arguments.checks import check_count, check_number, check_shape, check_values
from lossedu.training.data.draws import Device


@dataclass(frozen=True)
class NoisyClasses:
    """A data set of several classes, and the truth about it.

    Attributes:
        features: Shape ``(n, classes)``, float32.
        labels: What an annotator wrote down, shape ``(n,)``, int64.
        clean_labels: What is so, the same shape.
        probability: The true probability of each clean class given the features, shape
            ``(n, classes)``.
        label_probability: The same of each label as it is written down.
        transition: The probability that class ``i`` is written down as ``j``, shape
            ``(classes, classes)``.
    """

    features: Tensor
    labels: Tensor
    clean_labels: Tensor
    probability: Tensor
    label_probability: Tensor
    transition: Tensor

    @property
    def bayes_error(self) -> float:
        """The expected share of errors against clean labels of the best decision there is."""
        return 1 - self.probability.amax(-1).double().mean().item()

    @property
    def best_cross_entropy(self) -> float:
        """The expected cross-entropy, in nats, against written labels of the best prediction."""
        entropy: Tensor = torch.special.entr(self.label_probability.double())
        return entropy.sum(-1).mean().item()


def noisy_classes(
    n: int,
    *,
    classes: int = 3,
    separation: float = 3.0,
    label_noise: float = 0.0,
    transition: Tensor | None = None,
    seed: int = 0,
    device: Device = "cpu",
) -> NoisyClasses:
    r"""Draw equally frequent normal classes and write some of their labels down wrongly.

    Class c is standard normal around :math:`s` times the c-th unit vector, so the truth is known:

    .. math:: p(c \mid x) = \frac{e^{s x_c}}{\sum_k e^{s x_k}}, \qquad
        p(\text{label } j \mid x) = \sum_c p(c \mid x) \, T_{cj}

    Args:
        n: Number of examples, at least 0.
        classes: How many, at least 2.
        separation: :math:`s`, at least 0: the distance of a class from the origin.
        label_noise: The probability that a label is wrong, in [0, 1]; all wrong labels are then
            equally likely.
        transition: T, shape ``(classes, classes)``, rows that sum to 1; instead of ``label_noise``
            where some confusions are likelier than others.
        seed: What the draw depends on, and nothing else.
        device: Where the tensors go.  They are drawn on the CPU: the same everywhere.

    Returns:
        Features, labels, clean labels and true probabilities.

    Raises:
        ValueError: If an argument is out of range, or both kinds of noise are given.

    Example:
        >>> data = noisy_classes(10_000, label_noise=0.25)
        >>> wrong = (data.labels != data.clean_labels).float().mean().item()
        >>> abs(wrong - 0.25) < 0.02
        True
    """
    check_number("n", n, low=0)
    check_count("classes", classes)
    check_number("classes", classes, low=2)
    check_number("separation", separation, low=0.0)
    confusion = _transition(classes, label_noise, transition)
    generator = torch.Generator().manual_seed(seed)
    clean = torch.randint(classes, (n,), generator=generator)
    noise = torch.randn(n, classes, generator=generator)
    features = noise + separation * torch.nn.functional.one_hot(clean, classes)
    # By inverting the distribution, since torch.multinomial takes at most 2 ** 24 rows of these.
    reached = confusion.cumsum(-1)[clean]
    draw = torch.rand(n, 1, generator=generator, dtype=torch.float64)
    labels = (draw >= reached).sum(-1).clamp(max=classes - 1)
    probability = (separation * features).softmax(-1)
    drawn = features, labels, clean, probability, probability @ confusion.float(), confusion.float()
    return NoisyClasses(*(tensor.to(device) for tensor in drawn))


def _transition(classes: int, label_noise: float, transition: Tensor | None) -> Tensor:
    """Who is written down as whom, float64."""
    if transition is None:
        check_number("label_noise", label_noise, low=0.0, high=1.0)
        even = torch.full((classes, classes), label_noise / (classes - 1), dtype=torch.float64)
        return even.fill_diagonal_(1 - label_noise)
    if label_noise:
        raise ValueError(
            f"label_noise must be 0 where a transition is given, but is {label_noise}."
        )
    check_shape("transition", transition, (classes, classes), "one row and one column a class")
    check_values("transition", transition, low=0.0, high=1.0, rule="lie in [0, 1]")
    transition = transition.detach().cpu().double()
    check_values("transition.sum(-1)", transition.sum(-1), low=1 - 1e-6, high=1 + 1e-6, rule="be 1")
    return transition
