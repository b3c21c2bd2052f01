"""A session with one submission: its cells run once, then its functions are called."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

from autograder.sandbox.allowance import Allowance, Due, within
from autograder.sandbox.asking import Request, Usage, not_run
from autograder.sandbox.ban import NOTHING, Ban
from autograder.sandbox.host import Child, Host
from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Call, Cell, CellRun, Reply
from autograder.sandbox.vetting import Room, fitting, vetted_reply, vetted_run
from autograder.sandbox.wire import Value, WireError, pack, receive

Gone = Literal["crashed", "timeout"]
_BEGIN_S = 300.0  # only a process that hangs takes so long
_LONGEST_CELL = 1_000_000
_MOST_AHEAD = 32_768  # bytes that any socket holds while nobody reads
_LITTLE_S = 0.001


class SandboxError(RuntimeError):
    """The sandbox itself does not work; no submission is to blame."""


class _GoneError(Exception):
    """The submission's process is no more."""


class Session:
    """One submission.

    When a cell or a call takes the process down, what follows is answered with ``"crashed"`` or
    ``"timeout"`` until `reopen` begins anew.

    Args:
        host: Starts its process.
        limits: What it may use.
        ban: What it must not find in its process.

    Raises:
        SandboxError: If its process cannot be started.
    """

    def __init__(self, host: Host, limits: Limits, ban: Ban = NOTHING) -> None:
        self._host, self._limits, self._ban = host, limits, ban
        self._cells: list[Cell] = []
        self._runs: list[CellRun] = []
        self._fatal: set[int] = set()
        self._allowance = Allowance(limits, self.used_s)
        self._room = Room.of(limits)
        self._began = time.monotonic()
        self._peak_mb = 0.0
        self._gone: Gone | None = None
        self._worst: Gone | None = None
        self._usage: Usage | None = None
        self._channel: socket.socket | None = None
        self._child = Child(0, 0)
        self._number = 0
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def sources(self) -> dict[str, str]:
        """What the student wrote, by the id of the cell."""
        return {cell.id: cell.source for cell in self._cells}

    @property
    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self._channel is not None

    @property
    def everything(self) -> "Session":
        """Itself: who opened it knows whether something is missing in it."""
        return self

    @property
    def used_up(self) -> str:
        """What used up the notebook's time, in one line; empty if there is time left."""
        return self._allowance.bill()

    @property
    def left(self) -> Limits:
        """The limits of another process for the same submission."""
        return replace(self._limits, notebook_s=max(self._allowance.notebook_s, _LITTLE_S))

    def run(self, cells: Sequence[Cell]) -> list[CellRun]:
        """Run cells, in order, after those that were run before.  Never raises for what they do."""
        first = len(self._cells)
        self._cells += cells
        for index in range(first, len(self._cells)):
            self._runs.append(self._run(index))
        return self._runs[first:]

    def call(self, calls: Sequence[Call]) -> list[Reply]:
        """Answer each call, in order.  Never raises for what a submission does."""
        # Not guarded: what cannot be asked is the fault of who asks.
        requests = [
            self._request("call", vars(call), call.function, self._limits.call_s, call.trains)
            for call in calls
        ]
        ahead, replies = 0, []
        for place, request in enumerate(requests):
            if self.used_up and not request.trains:
                if ahead > place:  # nobody waits for what is still being worked on
                    self._lose("timeout")
                replies.append(Reply("spent", error=self.used_up))
                continue
            ahead = self._send_ahead(requests, place, ahead)
            replies.append(fitting(self._reply(request), calls[place]))
        return replies

    def used_s(self) -> float:
        """The seconds of processor time that its process has used so far."""
        return self._host.used_s(self._child)

    def reopen(self) -> list[CellRun]:
        """Begin anew in a fresh process, without the cells that took one down.

        Returns:
            What became of each cell; of those left out, what became of them before.
        """
        self._end()
        self._gone = None
        self._room = Room.of(self._limits)
        self._open()
        for index in range(len(self._cells)):
            if index not in self._fatal:
                self._runs[index] = self._run(index)
        return list(self._runs)

    def close(self) -> Usage:
        """End the submission's process and all that it started."""
        if self._usage is None:
            self._end()
            seconds = time.monotonic() - self._began
            self._usage = Usage(seconds, self._peak_mb, self._worst or "graded")
        return self._usage

    def _run(self, index: int) -> CellRun:
        cell = self._cells[index]
        if self.used_up and not cell.trains:
            return CellRun(cell.id, "not run", [not_run(self.used_up)], self.used_up)
        if not self.alive:
            return CellRun(cell.id, "not run")
        if len(cell.source) > _LONGEST_CELL:
            error = f"ValueError: a cell must have at most {_LONGEST_CELL} characters"
            return CellRun(cell.id, "error", error=error)
        part = f"the cell {cell.id!r}"
        request = self._request("cell", asdict(cell), part, self._limits.cell_s, cell.trains)
        self._send(request)
        try:
            answer = self._answer(request, "cell")
            return vetted_run(answer, cell.id, self._room)
        except WireError:
            self._lose("crashed")
        except _GoneError:
            pass
        self._fatal.add(index)
        return CellRun(cell.id, self._gone or "crashed", error=self._obituary())

    def _send_ahead(self, requests: Sequence[Request], place: int, ahead: int) -> int:
        """Send the request at a place, and those behind it that never fill a socket.

        Returns:
            The place of the first that is not sent yet.
        """
        waiting = sum(len(request.frame) for request in requests[place:ahead])
        for request in requests[ahead:]:
            waiting += len(request.frame)
            if ahead > place and waiting > _MOST_AHEAD:
                break
            self._send(request)
            ahead += 1
        return ahead

    def _reply(self, request: Request) -> Reply:
        try:
            reply = vetted_reply(self._answer(request, "reply"))
            # There may be no such function because there was no time to run its cell.
            if reply.status != "missing" or not self.used_up:
                return reply
        except WireError:
            self._lose("crashed")
        except _GoneError:
            pass
        if self.used_up:
            return Reply("spent", error=self.used_up)
        return Reply(self._gone or "crashed", error=self._obituary())

    def _obituary(self) -> str:
        if self._gone == "timeout":
            return "TimeoutError: it ran too long, could not be interrupted, and was ended"
        return "the process that ran the notebook has ended"

    def _open(self) -> None:
        if self._allowance.spent:
            self._gone = "timeout"
            return
        left = replace(self._limits, total_s=self._allowance.cpu_s)
        ours, theirs = socket.socketpair()
        with theirs:
            self._channel = ours
            self._child = self._host.start_child(theirs, left, self._ban)
        try:
            said = self._received(within(_BEGIN_S))
        except (WireError, OSError, EOFError) as error:
            self._end()
            raise SandboxError(f"a submission's process did not begin: {error!r}.") from error
        if said != {"ready": True}:
            self._end()
            raise SandboxError(f"a submission's process could not be shut in: {said}.")

    def _end(self) -> None:
        if self._channel:
            self._channel.close()
            self._channel = None
            spent = self._host.end_child(self._child)
            self._allowance.take(spent.cpu_s)
            self._peak_mb = max(self._peak_mb, spent.peak_mb)

    def _lose(self, how: Gone) -> None:
        self._end()
        # The kernel itself ends a process that has used up all of its time.
        self._gone = "timeout" if self._allowance.spent else how
        self._worst = self._worst or self._gone

    def _request(self, kind: str, content: Any, part: str, soft_s: float, trains: bool) -> Request:
        self._number += 1
        left_s = self._allowance.notebook_s
        frame = pack({"number": self._number, kind: content, "left_s": left_s})
        return Request(self._number, frame, part, soft_s, trains)

    def _send(self, request: Request) -> None:
        """Send a request, unless there is nobody to read it."""
        # A process that has just ended may have answered before: that is still to be received.
        with self._on_time(request) as due, suppress(ConnectionError):
            unsent = memoryview(request.frame)
            while (channel := self._channel) is not None and unsent:
                unsent = unsent[due.until(channel, partial(channel.send, unsent)) :]

    def _answer(self, request: Request, kind: str) -> Value:
        """Await the answer to a request, at the latest until the process is ended."""
        with self._on_time(request) as due:
            answer = self._received(due) if self._channel else None
        if self._channel is None:
            raise _GoneError
        if not isinstance(answer, dict) or answer.keys() != {"number", kind}:
            raise WireError("an answer must have a number and a content.")
        if type(answer["number"]) is not int or answer["number"] != request.number:
            raise WireError("an answer must have its request's number.")
        return answer[kind]

    @contextmanager
    def _on_time(self, request: Request) -> Iterator[Due]:
        """Say when an answer is due; end the process if it is late, or if it has ended itself."""
        try:
            with self._allowance.due(request.soft_s, request.part, trains=request.trains) as due:
                yield due
        except TimeoutError:
            self._lose("timeout")
        except (WireError, OSError, EOFError):
            self._lose("crashed")

    def _received(self, due: Due) -> Value:
        channel = self._channel
        assert channel is not None

        def exactly(count: int) -> bytes:
            parts = bytearray()
            while len(parts) < count:
                most = min(count - len(parts), 1 << 20)
                part = due.until(channel, partial(channel.recv, most))
                if not part:
                    raise EOFError
                parts += part
            return bytes(parts)

        return receive(exactly)
