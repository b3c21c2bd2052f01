"""The assignments on ranking and on design: their notebooks, rubrics and banks of mistakes."""

from importlib import import_module
from pathlib import Path

import pytest

from autograder.bridge.sources import notebook_of

ROOT = Path(__file__).parents[3]
ASSIGNMENTS = ("ranking", "design")
TEXTS = {name: (ROOT / "solutions" / name / f"{name}.md").read_text() for name in ASSIGNMENTS}
NOTEBOOKS = {name: notebook_of(text) for name, text in TEXTS.items()}
RUBRICS = {name: import_module(f"autograder.rubrics.{name}.rubric").RUBRIC for name in ASSIGNMENTS}
BANKS = {name: import_module(f"autograder.rubrics.{name}.mistakes").BANK for name in ASSIGNMENTS}
both = pytest.mark.parametrize("assignment", ASSIGNMENTS)
