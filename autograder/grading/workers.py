"""Who grades: processes of this machine, or of a Dask cluster.  Each opens its grader once.

A worker that dies takes its neighbours' work with it, as processes of a pool do.  What was under
way is then graded one by one, so that only the submission that kills its worker is lost.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Protocol

from autograder.grading.outcomes import Outcome
from autograder.grading.refusals import RefusalError

if TYPE_CHECKING:  # a grader brings torch; only workers need it
    from autograder.grading.grader import Graded

Grade = Callable[[bytes, str], "Graded"]


class UnavailableError(RefusalError, RuntimeError):
    """No submission can be graded here; the text says why and what to do."""


class Grader(Protocol):
    """How submissions are graded: sent to every worker, and opened there once.

    It must be hashable and small to send.
    """

    def open(self) -> AbstractContextManager[Grade]:
        """What grades the bytes of a submission by its name; it may be slow to come."""
        ...


@dataclass(frozen=True)
class Task:
    """One submission to be graded.

    Attributes:
        submission: Whose it is.
        raw: The file.
    """

    submission: str
    raw: bytes


@dataclass(frozen=True)
class Marked:
    """What a worker sends back.

    Attributes:
        outcome: The marks; None if there are none, because grading itself broke.
        notebook: The notebook that was run, as text; None if there is none.
        error: Why there are no marks.
    """

    outcome: Outcome | None
    notebook: str | None = None
    error: str = ""


_PRELOADED = (
    "autograder.grading.fewer_imports",
    "autograder.grading.grader",
    "autograder.rubrics",
    "autograder.sandbox.client",
    "nbformat",
)

Pool = Callable[[], AbstractContextManager[tuple[Executor, int]]]


@contextmanager
def machine(jobs: int | None = None) -> Iterator[Pool]:
    """Processes of this machine; what they need is loaded while the caller goes on.

    Args:
        jobs: How many; None for one a usable core.

    Raises:
        UnavailableError: If this system can grade nothing.
    """
    from multiprocessing import forkserver

    from autograder.sandbox.loader import loader
    from autograder.sandbox.system import why_not_here

    if elsewhere := why_not_here():
        raise UnavailableError(elsewhere)

    # Two processes with two threads each would wait for one another on two cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with loader():
        forkserver.set_forkserver_preload(list(_PRELOADED))
        forkserver.ensure_running()
        yield partial(local, jobs or usable_cores())


def usable_cores() -> int:
    """How many cores this process may use: fewer than there are if a container or mask says so."""
    from joblib import cpu_count

    return int(cpu_count())


class _Processes(ProcessPoolExecutor):
    """Before 3.11.5 a pool waits for ever to end if its workers died while a task was sent to them.

    Nobody reads what they have not read; a notebook is longer than a pipe.  As later versions do
    (https://github.com/python/cpython/issues/94777), the thread that ends the pool closes what they
    read from, before it waits for the one that sends.
    """

    needs_it = sys.version_info < (3, 11, 5)

    # Private names, but of versions that change no more.
    def _start_executor_manager_thread(self) -> None:
        super()._start_executor_manager_thread()
        manager: Any = self._executor_manager_thread
        if not self.needs_it or "join_executor_internals" in vars(manager):
            return
        join = manager.join_executor_internals

        def close_and_join() -> None:
            manager.call_queue._reader.close()
            join()

        manager.join_executor_internals = close_and_join


@contextmanager
def local(jobs: int) -> Iterator[tuple[Executor, int]]:
    """So many processes of this machine."""
    others = set(active_children())
    # A fork of a process with threads, as nbgrader has, may hang; one of a server for that cannot.
    with _Processes(jobs, get_context("forkserver"), initializer=_settle) as executor:
        try:
            yield executor, jobs
        except BaseException:
            for worker in set(active_children()) - others:
                worker.terminate()
            raise


@contextmanager
def cluster(address: str, timeout_s: float = 10) -> Iterator[tuple[Executor, int]]:
    """The workers of a Dask cluster."""
    from distributed import Client

    try:
        client = Client(address, timeout=timeout_s)
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"the scheduler must answer at {address}, but does not: {error}"
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise UnavailableError(f"the scheduler at {address} must have workers, but has none.")
        executor = client.get_executor(pure=False)
        try:
            yield executor, threads
        except BaseException:
            executor.shutdown(wait=False)
            raise
        finally:
            client.run(close_graders)


def results(tasks: Iterable[Task], grader: Grader, pool: Pool) -> Iterator[tuple[Task, Marked]]:
    """Grade, and give each result when it is known.

    Args:
        tasks: Taken as they are needed: a class need not fit into memory.
        grader: Sent to every worker.
        pool: Makes the workers, anew where they died.

    Raises:
        UnavailableError: If no worker can grade anything.
    """
    waiting = iter(tasks)
    while suspects := (yield from _until_broken(waiting, grader, pool)):
        for suspect in suspects:
            if (yield from _until_broken(iter([suspect]), grader, pool)):
                yield suspect, Marked(None, error="it ended the process that graded it")


def work(grader: Grader, task: Task) -> Marked:
    """Grade one submission in this process."""
    import nbformat

    grade = _opened.grade(grader)
    try:
        graded = grade(task.raw, task.submission)
        text = None if graded.notebook is None else nbformat.writes(graded.notebook) + "\n"
    except Exception as error:  # of the grader; it must cost this submission alone
        return Marked(None, error=f"{type(error).__name__}: {error}"[:300])
    return Marked(graded.outcome, text)


def close_graders() -> None:
    """End the sandboxes of this process."""
    _opened.close()


def _until_broken(
    tasks: Iterator[Task], grader: Grader, pool: Pool
) -> Generator[tuple[Task, Marked], None, list[Task]]:
    """Give results; return the tasks that were under way when a worker died."""
    under_way: dict[Future[Marked], Task] = {}
    broken: list[Task] = []
    with pool() as (executor, jobs):
        while not broken:
            # Two for each worker: none waits while a result is being written down.
            while len(under_way) < 2 * jobs and (task := next(tasks, None)) is not None:
                try:
                    under_way[executor.submit(work, grader, task)] = task
                except BrokenProcessPool:
                    broken.append(task)
                    break
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                task = under_way.pop(future)
                marked = _result(future)
                if marked is None:
                    broken.append(task)
                else:
                    yield task, marked
    return broken + list(under_way.values())


def _result(future: Future[Marked]) -> Marked | None:
    """What a worker sent; None if it died."""
    try:
        marked = future.result()
        sent = isinstance(marked, Marked)
        return marked if sent else Marked(None, error="its worker sent what is no result")
    except BrokenProcessPool:
        return None
    except UnavailableError:
        raise
    except Exception as error:  # a cluster gives up on a task in its own words
        return Marked(None, error=f"{type(error).__name__}: {error}"[:300])


def _settle() -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it, even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class _Opened:
    """The graders of this process, one a thread, for a sandbox serves one at a time."""

    def __init__(self) -> None:
        self._graders: dict[tuple[Grader, int], Grade] = {}
        self._stack = ExitStack()
        self._lock = threading.Lock()

    def grade(self, grader: Grader) -> Grade:
        key = (grader, threading.get_ident())
        with self._lock:
            if key not in self._graders:
                if not self._graders:
                    # atexit does not run in the processes of a pool; this does.
                    Finalize(None, self.close, exitpriority=1)
                try:
                    self._graders[key] = self._stack.enter_context(grader.open())
                except Exception as error:
                    raise UnavailableError(str(error)) from error
            return self._graders[key]

    def close(self) -> None:
        with self._lock:
            self._graders.clear()
            self._stack.close()


_opened = _Opened()
