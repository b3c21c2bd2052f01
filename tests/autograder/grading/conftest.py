"""A tiny course of one's own for each test that grades a class."""

import shutil

import pytest

from autograder.grading.folders import CourseFolders
from tests.autograder import tiny_class as tiny


@pytest.fixture(scope="module", autouse=True)
def one_loader(loaded_once):
    """Servers of the sandbox share one loader."""


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course that is copied: to release one takes seconds."""
    return tiny.make_course(tmp_path_factory.mktemp("released")).root


@pytest.fixture
def folders(tmp_path, released):
    return CourseFolders(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture
def record(tmp_path):
    """Where the grader writes down whom it grades."""
    path = tmp_path / "record"
    path.touch()
    return path
