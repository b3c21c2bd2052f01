"""How the focal assignment is marked: 20 points by these checks, 4 by hand."""

import torch

from autograder.checks import Aspect, Extremes, Gradients, Plot, Shapes, Values, derivative
from autograder.checks.sources import Ruled, SourceRule
from autograder.checks.training import Metric, Training
from autograder.rubrics import Rubric, known_mistakes
from autograder.rubrics.focal.exams import detection, distorted, excess, recall
from autograder.rubrics.focal.inputs import (
    AXIS,
    FAR,
    FAR_NUMBERS,
    FAR_ROWS,
    FAR_Y,
    NUMBERS,
    ROWS,
    Y,
    Z,
    drawn_balanced,
    drawn_binary,
    drawn_class_weights,
    drawn_classes,
    drawn_far,
    drawn_focal,
    drawn_free,
    half,
    shaped,
    simple_binary,
    simple_classes,
    simple_focal,
)
from autograder.rubrics.focal.references import binary, classes, focal

BANK = known_mistakes("focal")
BY_HAND = SourceRule(
    names=("*binary_cross_entropy*", "*focal_loss*", "BCE*Loss", "soft_margin_loss"),
    modules=("lossedu", "torchvision"),
    apart=(
        "binary_cross_entropy",
        "focal_loss",
        "focal_loss_grad",
        "multiclass_focal_loss",
        "detector",
        "calibrated",
    ),
)


# Asked beside extremes, without points: a mistake that moderate inputs show is named by them.
_MODERATE = "moderate logits must be right"

_TASK_1 = (
    Values(
        "focal.bce",
        "focal-bce",
        2,
        "binary_cross_entropy",
        binary,
        (Aspect("an example costs -log p_t, one value each", ((Z, Y),), drawn_binary),),
        BANK,
        simple_binary(),
        Plot("logit of a positive", AXIS, (AXIS, torch.ones_like(AXIS))),
    ),
    Extremes(
        "focal.bce-extremes",
        "focal-bce-extremes",
        1,
        "binary_cross_entropy",
        binary,
        (
            Aspect("logits of ±10 000 must give finite, right values and slopes", ((FAR, FAR_Y),)),
            Aspect("float16 must do as well", (half((FAR, FAR_Y)),)),
            Aspect(_MODERATE, ((Z, Y),), weight=0),
        ),
        BANK,
    ),
)
_TASK_2 = (
    Values(
        "focal.values",
        "focal-values",
        2,
        "focal_loss",
        focal,
        (
            Aspect(
                "with gamma = 0 and alpha = None focal loss is cross-entropy",
                ((Z, Y, 0.0, None),),
                drawn_free,
            ),
            Aspect(
                "an example costs -(1 - p_t) ** gamma * log p_t, positives and negatives alike",
                ((Z, Y, 2.0, None), (Z, Y, 1.0, None), (Z[:4], Y[:4], 3.0, None)),
                drawn_focal,
            ),
        ),
        BANK,
        simple_focal(),
        Plot("logit of a negative", AXIS, (AXIS, torch.zeros_like(AXIS), 2.0, None)),
    ),
    Values(
        "focal.alpha",
        "focal-alpha",
        1,
        "focal_loss",
        focal,
        (
            Aspect(
                "positives are weighted by alpha and negatives by 1 - alpha",
                ((Z, Y, 2.0, 0.25), (Z, Y, 1.0, 0.9), (Z, Y, 2.0, None)),
                drawn_balanced,
            ),
        ),
        BANK,
        simple_focal(),
        Plot("logit of a negative", AXIS, (AXIS, torch.zeros_like(AXIS), 2.0, 0.25)),
    ),
    Gradients(
        "focal.gradients",
        "focal-gradients",
        1,
        "focal_loss",
        focal,
        (
            Aspect(
                "the factor depends on the logits too, and autograd must see it",
                ((Z, Y, 2.0, None), (Z, Y, 1.0, 0.25)),
                drawn_focal,
            ),
        ),
        BANK,
    ),
    Shapes("focal.shapes", "focal-shapes", 1, "focal_loss", shaped),
    Extremes(
        "focal.extremes",
        "focal-extremes",
        2,
        "focal_loss",
        focal,
        (
            Aspect(
                "logits of ±10 000 must give finite, right values and slopes",
                ((FAR, FAR_Y, 2.0, None),),
            ),
            Aspect(
                "any gamma from 0 upwards must do as well",
                ((FAR, FAR_Y, 0.5, None), (FAR, FAR_Y, 0.0, None)),
                drawn_far,
            ),
            Aspect("float16 must do as well", (half((FAR, FAR_Y, 2.0, None)),)),
            Aspect(_MODERATE, ((Z, Y, 2.0, None), (Z, Y, 1.0, 0.25)), weight=0),
        ),
        BANK,
    ),
)
_TASK_3 = (
    Values(
        "focal.grad",
        "focal-grad",
        2,
        "focal_loss_grad",
        derivative(focal),
        (
            Aspect(
                "with gamma = 0 and alpha = None the slope is p minus the target",
                ((Z, Y, 0.0, None),),
                drawn_free,
            ),
            Aspect(
                "it is the derivative of each example's focal loss by its logit",
                ((Z, Y, 2.0, None), (Z, Y, 1.0, 0.25), (Z[:4], Y[:4], 3.0, 0.9)),
                drawn_balanced,
            ),
        ),
        BANK,
        simple_focal(),
        Plot("logit of a negative", AXIS, (AXIS, torch.zeros_like(AXIS), 2.0, None)),
    ),
    Extremes(
        "focal.grad-extremes",
        "focal-grad-extremes",
        1,
        "focal_loss_grad",
        derivative(focal),
        (
            Aspect(
                "logits of ±10 000 must give finite, right slopes, for every gamma",
                ((FAR, FAR_Y, 2.0, None), (FAR, FAR_Y, 0.5, None)),
                drawn_far,
            ),
            Aspect(_MODERATE, ((Z, Y, 2.0, None), (Z, Y, 1.0, 0.25)), weight=0),
        ),
        BANK,
        wrt=None,
    ),
)
_WEIGHTS = torch.tensor([0.5, 1.0, 3.0])
_TASK_4 = (
    Values(
        "focal.multiclass",
        "focal-multiclass",
        2,
        "multiclass_focal_loss",
        classes,
        (
            Aspect(
                "an example costs -(1 - p_t) ** gamma * log p_t with the softmax of its own row",
                ((ROWS, NUMBERS, 0.0, None), (ROWS, NUMBERS, 2.0, None)),
                drawn_classes,
                weight=2,
            ),
            Aspect(
                "each example is weighted by alpha of its own class",
                ((ROWS, NUMBERS, 1.0, _WEIGHTS),),
                drawn_class_weights,
            ),
        ),
        BANK,
        simple_classes(),
    ),
    Extremes(
        "focal.multiclass-extremes",
        "focal-multiclass-extremes",
        1,
        "multiclass_focal_loss",
        classes,
        (
            Aspect(
                "logits of ±10 000 must give finite, right values and slopes",
                ((FAR_ROWS, FAR_NUMBERS, 2.0, None), (FAR_ROWS, FAR_NUMBERS, 1.0, None)),
            ),
            Aspect(
                "moderate logits must give right slopes",
                ((ROWS, NUMBERS, 2.0, None), (ROWS, NUMBERS, 1.0, _WEIGHTS)),
            ),
        ),
        BANK,
    ),
)
_TASK_5 = (
    Training(
        "focal.recall",
        "focal-recall",
        3,
        "detector",
        detection,
        (
            Metric(
                "recall, at a threshold that 5 % of the negatives exceed,",
                recall,
                least=0.47,
                hint="Train longer, or with another step size; standardise nothing on new data.",
            ),
        ),
        learns_from="focal_loss",
    ),
    Training(
        "focal.calibration",
        "focal-calibration",
        1,
        "calibrated",
        distorted,
        (
            Metric(
                "cost in cross-entropy above that of a perfect forecaster, in nats,",
                excess,
                most=0.005,
                hint="Fit a slope and an intercept to the logits; return probabilities.",
            ),
        ),
        costly=False,
    ),
)
RUBRIC = Rubric(
    "focal",
    tuple(Ruled(check, BY_HAND) for check in (*_TASK_1, *_TASK_2, *_TASK_3, *_TASK_4, *_TASK_5)),
)
