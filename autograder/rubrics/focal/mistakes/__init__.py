"""Known mistakes of the focal assignment, a module a function.

Where a sentence could belong to several functions, each has its own entry: what a student reads
must name the function at hand.
"""

from autograder.checks.bank import Bank
from autograder.rubrics.focal.mistakes import binary, classes, loss, slope

BANK = Bank(
    (binary.RECIPE, loss.RECIPE, slope.RECIPE, classes.RECIPE),
    (*binary.MISTAKES, *loss.MISTAKES, *slope.MISTAKES, *classes.MISTAKES),
)
