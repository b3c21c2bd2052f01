"""Runs of training that several tests look at, each trained once a run of the tests."""

from lossedu.training.diagnosis.failures import failures
from lossedu.training.history import History
from lossedu.training.recipes import recipes
from tests.once import once_a_run


@once_a_run
def recipe_run(name: str, seed: int) -> History:
    """A recipe as it stands, trained."""
    return recipes()[name].run(seed=seed)


@once_a_run
def failed_run(name: str, seed: int = 0) -> History:
    """A run that fails in a known way."""
    return failures()[name](seed)
