"""The grader's side: starts the server, keeps it running, and begins sessions."""

import json
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, astuple
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.sandbox.asking import Usage
from autograder.sandbox.ban import NOTHING, Ban
from autograder.sandbox.host import Child, Spent
from autograder.sandbox.layers import floor_is_met, live_layers
from autograder.sandbox.limits import Limits
from autograder.sandbox.loader import command, connected, environment
from autograder.sandbox.submission import SandboxError, Session

__all__ = ["Limits", "SandboxError", "Server", "Session", "Usage"]

# Only a server that hangs takes so long; one that has died is known at once.
_START_S = 900.0
_ANSWER_S = 300.0
_LONGEST_ANSWER = 65_536


class Server:
    """The process that submissions are forked from.

    Args:
        limits: For each submission.
        trust: Whether to run without the jail.  Only for submissions that you wrote yourself.
        hidden: Folders that no submission may see even where they lie inside Python's own.

    Raises:
        SandboxError: On entering, if this machine cannot jail a process, or the server fails.
    """

    def __init__(
        self, limits: Limits | None = None, *, trust: bool = False, hidden: Sequence[Path] = ()
    ) -> None:
        self._limits = limits or Limits()
        self._trust, self._hidden = trust, [str(path) for path in hidden]
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._generation = 0

    def __enter__(self) -> Self:
        if self._trust:
            warnings.warn(
                "submissions run WITHOUT a sandbox: each can read and change all that you can.",
                stacklevel=2,
            )
        elif not floor_is_met(layers := live_layers()):
            dead = [
                f"{layer.name}: {layer.why} {layer.remedy}" for layer in layers if not layer.live
            ]
            raise SandboxError("this machine cannot jail a submission.\n" + "\n".join(dead))
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish()

    @property
    def process_id(self) -> int | None:
        """Of the server, if it runs and this process started it."""
        return self._process.pid if self._process else None

    def open(self, limits: Limits | None = None, ban: Ban = NOTHING) -> Session:
        """Begin with a new submission.

        Args:
            limits: For this one; None for the server's.
            ban: What it must not find in its process.
        """
        return Session(self, limits or self._limits, ban)

    def start_child(self, channel: socket.socket, limits: Limits, ban: Ban) -> Child:
        """Have a child forked that listens on a channel.  For sessions."""
        request = {"open": asdict(limits), "ban": astuple(ban)}
        try:
            number = self._ask(request, channel)["child"]
        except SandboxError:  # the server died: a new one knows as much as the old one
            self._finish()
            self._begin()
            number = self._ask(request, channel)["child"]
        return Child(self._generation, int(number))

    def used_s(self, child: Child) -> float:
        """The processor time that a child has used so far.  For sessions."""
        return float(self._asked_of(child, "used").get("cpu_s", 0.0))

    def end_child(self, child: Child) -> Spent:
        """Have a child ended.  For sessions."""
        return Spent(**self._asked_of(child, "close"))

    def _asked_of(self, child: Child, what: str) -> dict[str, Any]:
        """What the server says of a child; nothing if that died with its server."""
        if child.generation != self._generation:
            return {}
        try:
            return self._ask({what: child.number})
        except SandboxError:
            return {}

    def _begin(self) -> None:
        self._generation += 1
        wanted = {"trust": self._trust, "hidden": self._hidden}
        self._control = connected()
        if self._control is not None:
            with suppress(SandboxError):
                self._ask(wanted, patience_s=_START_S)
                return
            self._control.close()
        self._start(wanted)

    def _start(self, wanted: dict[str, Any]) -> None:
        """Start a server that loads by itself."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as log:
            self._process = subprocess.Popen(
                command("server", [theirs.fileno()]),
                cwd="/",
                env=environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            theirs.close()
            self._control = ours
            try:
                self._ask(wanted, patience_s=_START_S)
            except SandboxError as error:
                self._finish()
                log.seek(0)
                said = log.read().decode(errors="replace").strip()[-2000:]
                raise SandboxError(f"{error} {said}".strip()) from None

    def _finish(self) -> None:
        if self._control:
            self._control.close()
        if self._process:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None

    def _ask(
        self,
        request: dict[str, Any],
        channel: socket.socket | None = None,
        patience_s: float = _ANSWER_S,
    ) -> dict[str, Any]:
        if self._control is None:
            raise SandboxError("the server must be entered before it is used.")
        self._control.settimeout(patience_s)
        try:
            descriptors = [channel.fileno()] if channel else []
            socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
            text = self._control.recv(_LONGEST_ANSWER)
        except OSError as error:
            raise SandboxError(f"the server does not answer: {error}.") from error
        answer: dict[str, Any] = json.loads(text) if text else {"failed": "the server has died."}
        if "failed" in answer:
            raise SandboxError(str(answer["failed"]))
        return answer
