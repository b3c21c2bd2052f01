"""A tiny course for each test that grades a class; servers of the sandbox share one loader."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch

from autograder.grading.folders import CourseFolders
from autograder.sandbox.client import Limits, Server
from autograder.sandbox.session import Call, Cell
from tests.autograder import tiny_class as tiny

PATIENT = Limits(notebook_s=900.0, share_s=300.0, cell_s=300.0, call_s=300.0, total_s=900.0)
SQUARE = Cell("square", "def square(x):\n    return x * x")
THREE = Call("square", (torch.tensor([3.0]),), gradient_of=0)


@pytest.fixture(scope="module", autouse=True)
def one_loader(loaded_once):
    """For all tests of a file."""


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """A course that is copied: to release one takes seconds."""
    return tiny.make_course(tmp_path_factory.mktemp("released")).root


@pytest.fixture
def folders(tmp_path, released):
    return CourseFolders(shutil.copytree(released, tmp_path / "course"))


@contextmanager
def one_thread():
    """A pool of this process: to start another one takes longer than to grade a tiny class."""
    with ThreadPoolExecutor(1) as executor:
        yield executor, 1


def grade(folders, grader, submissions=None, **options):
    """Grade a tiny class here."""
    return tiny.grade(folders, grader, submissions, **{"pool": one_thread, **options})


@pytest.fixture(scope="module")
def server(one_loader):
    with Server(PATIENT) as running:
        yield running


def is_right(reply):
    right = reply.status == "ok" and reply.value.tolist() == [9.0]
    return right and reply.gradient is not None and reply.gradient.tolist() == [6.0]


def next_one_is_right(server):
    with server.open() as session:
        session.run([SQUARE])
        (reply,) = session.call([THREE])
    return is_right(reply)
