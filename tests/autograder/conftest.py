"""A course in a temporary folder: nothing that a test does reaches the tree."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.layers import floor_is_met, live_layers
from autograder.sandbox.loader import loader
from tests import needs

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of what nbgrader needs: configuration, teacher's text, sample class."""
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def sandbox_here() -> None:
    """Nothing is graded where the sandbox cannot be built."""
    if not floor_is_met(live_layers()):
        needs.lacking(needs.SANDBOX)


@pytest.fixture(scope="module")
def loaded_once(sandbox_here: None) -> Iterator[None]:
    """What submissions import is loaded once for a file of tests, not once a server or command."""
    with loader():
        yield
