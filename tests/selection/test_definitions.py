"""A test is followed by names: what it does not reach in its file says nothing about it."""

import pytest

from tests.selection.closure import Use
from tests.selection.definitions import Definitions

TEST = """
import shutil
from lossedu.losses import l1_loss, mse_loss
from tests.shapes import square, triangle

TABLE = [triangle(x) for x in range(3)]


def helped():
    return l1_loss


def test_one(made):
    assert square(made)


def test_two():
    assert helped()


def test_three():
    assert TABLE


def test_four():
    assert shutil.run(["make", "all"]), "import math\\nmath.pi"
"""
SHAPES = """
from lossedu.losses import huber_loss, power_loss

def square(x):
    return huber_loss(x)

def triangle(x):
    return power_loss(x)
"""
CONFTEST = """
import pytest
from lossedu import tables, whole_files
from lossedu.losses import quantile_loss

@pytest.fixture(autouse=True)
def always():
    return whole_files

@pytest.fixture
def made():
    return quantile_loss

@pytest.fixture
def unused():
    return tables
"""


@pytest.fixture
def tree(tmp_path):
    """Three files of tests, and what a test of the first reaches."""
    (tmp_path / "tests").mkdir()
    for name, text in (("test_it", TEST), ("shapes", SHAPES), ("conftest", CONFTEST)):
        (tmp_path / "tests" / f"{name}.py").write_text(text, encoding="utf-8")
    path = tmp_path / "tests" / "test_it.py"
    definitions = Definitions(tmp_path)

    def reach(name, **options):
        return definitions.reach(path, definitions.source(path).part(name), **options)

    return reach


def losses(reach):
    return {use.path.rpartition(".")[2] for use in reach.uses if ".losses." in use.path}


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("test_one", {"huber_loss", "quantile_loss"}),  # a helper elsewhere, and a fixture
        ("test_two", {"l1_loss"}),  # a helper here
        ("test_three", {"power_loss"}),  # a constant
        ("test_four", set()),
    ],
)
def test_a_test_reaches_what_its_names_lead_to_and_nothing_else(tree, name, reached):
    assert losses(tree(name)) == reached


def test_every_test_reaches_the_fixtures_that_all_use(tree):
    reached = tree("test_four").uses

    assert Use("lossedu.whole_files") in reached
    assert Use("lossedu.tables") not in reached


def test_commands_and_texts_are_noted(tree):
    reach = tree("test_four")

    assert "make" in reach.commands
    assert "import math\nmath.pi" in reach.texts


def test_a_file_that_is_reached_is_named(tree):
    assert {p.name for p in tree("test_one").files} == {"test_it.py", "shapes.py", "conftest.py"}
    assert {p.name for p in tree("test_two").files} == {"test_it.py", "conftest.py"}
