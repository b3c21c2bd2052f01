"""Runs one chapter in a kernel of its own."""

import ast
import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .chapter import Chapter
from .time_budget import REFERENCE_PIECE_S, Cost, cost

_PROBE = Path(__file__).with_name("probe.py")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_STARTS = 2  # another program may take a port in the moment between choosing and using it
_READY_S = 300  # a crowded machine takes long to start a program
_ARGUMENTS = ["--IPKernelApp.log_level=40", "--HistoryManager.hist_file=:memory:"]
_REPORT = "get_ipython().probe.report()"


@dataclass(frozen=True)
class Settings:
    """How chapters are run.

    Attributes:
        packages: Packages whose loaded modules are reported.
        cell_timeout_s: The longest that a cell may take by the clock.
        budget_s: What a chapter may cost, in seconds of the reference machine.
        stop_s: What it may cost before it is stopped in the middle.
    """

    packages: tuple[str, ...]
    cell_timeout_s: float | None
    budget_s: float
    stop_s: float = float("inf")


@dataclass(frozen=True)
class Failure:
    """A cell that failed.

    Attributes:
        place: Where it stands.
        source: Its code.
        trace: What Python says.
        stopped: Whether it was stopped for its time.
        hangs: Whether its kernel answers no more.
    """

    place: str
    source: str
    trace: str
    stopped: bool = False
    hangs: bool = False

    @property
    def reason(self) -> str:
        """The last line of what Python says."""
        return self.trace.strip().splitlines()[-1]

    def __str__(self) -> str:
        code = "\n".join(f"    {line}" for line in self.source.strip().splitlines())
        return f"{self.place} failed:\n\n{code}\n\n{self.trace.strip()}\n"


@dataclass(frozen=True)
class Run:
    """What came of running a chapter.

    Attributes:
        chapter: The chapter.
        notebook: Its cells with their outputs.
        began: When it was started, in seconds since the epoch.
        wall_s: Seconds by the clock.
        failure: The cell that failed, if one did.
        cost: What it cost.
        modules: The modules of the packages that it had loaded at the end.
        read: The files that it opened to read.
        written: Those that it opened to write.
        listed: The folders that it listed.
    """

    chapter: Chapter
    notebook: Any
    began: float
    wall_s: float
    failure: Failure | None = None
    cost: Cost = field(default_factory=Cost)
    modules: frozenset[str] = frozenset()
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


async def run(chapter: Chapter, settings: Settings) -> Run:
    """Run a chapter from top to bottom; a cell that fails ends it.

    The kernel is gone afterwards, also if the run is cancelled.
    """
    began, clock = time.time(), time.perf_counter()
    notebook = chapter.copy_to_run()
    async with _kernel(chapter) as (manager, talk):
        client = NotebookClient(
            notebook, km=manager, timeout=settings.cell_timeout_s, record_timing=False
        )
        client.kc = talk
        await _ask(talk, _listen(settings))
        failure = await _run_cells(client, chapter)
        lives = await manager.is_alive() and not (failure and failure.hangs)
        seen = json.loads(await _ask(talk, _REPORT)) if lives else {}
    return Run(
        chapter,
        notebook,
        began,
        time.perf_counter() - clock,
        failure,
        cost([(line, s) for line, s in seen.get("cells", [])], seen.get("pieces", [1.0])),
        frozenset(seen.get("modules", [])),
        *(tuple(seen.get(what, [])) for what in ("read", "written", "listed")),
    )


@asynccontextmanager
async def _kernel(chapter: Chapter) -> AsyncIterator[tuple[AsyncKernelManager, Any]]:
    """A kernel that is ready, in the chapter's folder, and the way to talk with it."""
    name = chapter.notebook.metadata.get("kernelspec", {}).get("name", "python3")
    for left in reversed(range(_STARTS)):
        manager = AsyncKernelManager(kernel_name=name)
        talk = None
        try:
            await manager.start_kernel(cwd=str(chapter.path.parent), extra_arguments=_ARGUMENTS)
            talk = manager.client()
            talk.start_channels()
            try:
                await talk.wait_for_ready(timeout=_READY_S)
            except RuntimeError:
                if left:
                    continue
                raise
            talk.allow_stdin = False
            yield manager, talk
            return
        finally:
            if talk is not None:
                talk.stop_channels()
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)


async def _run_cells(client: NotebookClient, chapter: Chapter) -> Failure | None:
    reply = await client.kc.kernel_info(reply=True, timeout=_READY_S)
    client.nb.metadata["language_info"] = reply["content"]["language_info"]
    for index, cell in enumerate(client.nb.cells):
        try:
            await client.async_execute_cell(
                cell, index, execution_count=client.code_cells_executed + 1
            )
        except CellExecutionError as error:
            stopped = error.ename == "OverTime"
            # nbclient's own text would repeat the cell.
            said = next((o for o in cell.outputs if o.output_type == "error"), None)
            trace = "\n".join(said.traceback) if said else error.traceback
            return _failure(chapter, index, _COLOURS.sub("", trace), stopped=stopped)
        except (CellTimeoutError, DeadKernelError) as error:
            task = asyncio.current_task()
            if task and task.cancelling():  # nbclient takes Ctrl-C for the death of the kernel
                raise asyncio.CancelledError from error
            return _failure(chapter, index, str(error), hangs=True)
    client.set_widgets_metadata()
    return None


def _failure(chapter: Chapter, index: int, trace: str, **kind: bool) -> Failure:
    cells = chapter.notebook.cells
    number = sum(cell.cell_type == "code" for cell in cells[: index + 1])
    line = chapter.line(index)
    place = f"{chapter.name}: cell {number}" + (f" (line {line})" if line else "")
    return Failure(place, cells[index].source, trace, **kind)


def _listen(settings: Settings) -> str:
    """An expression that starts the probe without a name among the chapter's."""
    source = _PROBE.read_text(encoding="utf-8")
    limit = settings.stop_s
    stop = f"shell.probe.stop_after({limit!r}, {REFERENCE_PIECE_S!r})" if isfinite(limit) else "0"
    return (
        f"(lambda shell, names: (exec(compile({source!r}, 'probe.py', 'exec'), names),"
        f" setattr(shell, 'probe', names['Probe'](shell, {list(settings.packages)!r})), {stop}))"
        "(get_ipython(), {'__name__': 'probe'})"
    )


async def _ask(talk: Any, expression: str) -> Any:
    """The value of an expression in a kernel, without a trace in its history."""
    reply = await talk.execute(
        "", silent=True, store_history=False, user_expressions={"asked": expression}, reply=True
    )
    answer = reply["content"]["user_expressions"]["asked"]
    if answer["status"] != "ok":
        raise RuntimeError(f"a kernel must be able to say {expression[:40]!r}, but: {answer}")
    return ast.literal_eval(answer["data"]["text/plain"])
