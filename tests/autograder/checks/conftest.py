"""Submissions to ask: a notebook in this process, and processes that fail."""

import pytest
import torch

from autograder.sandbox.session import Reply
from autograder.student.notebook_check import NotebookWork

IMPORTS = "import torch\nfrom torch.nn import functional as F\n"


class Broken:
    """A submission whose every answer has one status."""

    def __init__(self, status):
        self.sources = {}
        self.status = status
        self.asked = 0

    def call(self, calls):
        self.asked += len(calls)
        return [Reply(self.status) for _ in calls]

    def used_s(self):
        return 0.0


@pytest.fixture
def work():
    """Makes a submission from source code."""

    def made(source):
        namespace = {}
        exec(IMPORTS + source, namespace)
        return NotebookWork(namespace, {"imports": IMPORTS, "answer": source})

    return made


@pytest.fixture
def broken():
    return Broken


@pytest.fixture
def secret():
    return torch.Generator().manual_seed(7)
