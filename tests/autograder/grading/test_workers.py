"""Workers that die leave nobody waiting, whatever the version of Python."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import process
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NoReturn

import pytest

from autograder.grading import workers
from autograder.grading.workers import Task, local, results

LONGER_THAN_A_PIPE = bytes(2**20)


class Deadly:
    """A grader that ends the process it works in."""

    def open(self) -> AbstractContextManager[workers.Grade]:
        return nullcontext(_die)


def _die(raw: bytes, submission: str) -> NoReturn:
    os._exit(1)


@pytest.fixture
def python_3_11_0(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A pool that does not by itself close what its dead workers read from."""
    opened = process._SafeQueue.__init__

    def kept_open(queue: process._SafeQueue, *given: object, **named: object) -> None:
        opened(queue, *given, **named)
        close = queue._reader.close

        def unless_asked_by_later_versions() -> None:
            if not sys._getframe(1).f_code.co_name.endswith("terminate_broken"):
                close()

        queue._reader.close = unless_asked_by_later_versions

    monkeypatch.setattr(process._SafeQueue, "__init__", kept_open)
    monkeypatch.setattr(workers._Processes, "needs_it", True)


@pytest.mark.usefixtures("python_3_11_0")
def test_a_worker_that_dies_while_a_long_file_is_sent_to_it_costs_only_what_it_graded():
    tasks = [Task(f"student-{n}", LONGER_THAN_A_PIPE) for n in range(3)]

    graded = {task.submission: marked for task, marked in results(tasks, Deadly(), _one_process)}

    assert sorted(graded) == ["student-0", "student-1", "student-2"]
    assert {marked.error for marked in graded.values()} == {"it ended the process that graded it"}


@pytest.mark.usefixtures("python_3_11_0")
def test_ctrl_c_while_a_long_file_is_sent_ends_the_pool():
    with pytest.raises(KeyboardInterrupt):
        _interrupted()


def _interrupted() -> NoReturn:
    with _one_process() as (executor, _):
        for _ in range(3):
            executor.submit(len, LONGER_THAN_A_PIPE)
        raise KeyboardInterrupt


_one_process = partial(local, 1)
