"""A course in a temporary folder: nothing that a test does reaches the tree."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of what nbgrader needs: configuration, teacher's text, sample class."""
    for name in ("solutions", "samples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path
