"""What a graded cell may ask: values, gradients, shapes, properties, extremes, sources, training.

A check draws inputs, lets the submission compute, computes the truth itself, and says what it found
in words that give away neither.  Rubrics choose from these.
"""

from autograder.checks.against_reference import Aspect, Plot
from autograder.checks.check import Check, Curve, Finding
from autograder.checks.extremes import Extremes
from autograder.checks.gradients import Gradients, derivative
from autograder.checks.laws import (
    bounded,
    convex,
    monotone,
    permutation_equivariant,
    permutation_invariant,
    related,
    scaled_by,
    unchanged_by,
)
from autograder.checks.properties import Law, Properties
from autograder.checks.shapes import Shapes
from autograder.checks.values import Values

__all__ = [
    "Aspect",
    "Check",
    "Curve",
    "Extremes",
    "Finding",
    "Gradients",
    "Law",
    "Plot",
    "Properties",
    "Shapes",
    "Values",
    "bounded",
    "convex",
    "derivative",
    "monotone",
    "permutation_equivariant",
    "permutation_invariant",
    "related",
    "scaled_by",
    "unchanged_by",
]
