"""nbgrader's commands start servers of the sandbox, which share one loader."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def one_loader(loaded_once: None) -> None:
    """For all tests of a file."""
