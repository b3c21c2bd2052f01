"""The jailed side: runs cells and answers calls until it is asked no more."""

import os
import random
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import numpy
import torch

from autograder.sandbox.absence import Absence, located
from autograder.sandbox.answers import answer, one_line
from autograder.sandbox.ban import Ban
from autograder.sandbox.cells import Notebook
from autograder.sandbox.deadline import TookTooLong
from autograder.sandbox.limits import Limits
from autograder.sandbox.recorder import Recorder
from autograder.sandbox.session import Call, Cell, Reply
from autograder.sandbox.share import Share
from autograder.sandbox.wire import Value, pack, receive

_SEED = 20_240_501


def live(
    channel: socket.socket,
    limits: Limits,
    ban: Ban,
    shut_in: Callable[[Limits, Sequence[str]], None],
) -> None:
    """Be a submission: shut this process in, then do as asked.

    Args:
        channel: To the grader.
        limits: What may be used.
        ban: What must not be there.
        shut_in: Takes this process's rights away, and hides files.
    """
    try:
        missing = located(ban) if ban else None
        absence = Absence(missing)
        recorder = Recorder(limits.output_bytes)
        recorder.capture()
        shut_in(limits, missing.files if missing else ())
    except BaseException as error:
        channel.sendall(pack({"failed": one_line(error)}))
        return
    _begin_alike()
    notebook = Notebook(limits, recorder, absence)
    share = Share(limits)
    channel.sendall(pack({"ready": True}))
    with suppress(EOFError, OSError):
        while True:
            channel.sendall(_done(_next(channel), notebook, absence, share))


def _begin_alike() -> None:
    """The same beginning for all: a submission that forgets its seeds still has one mark."""
    random.seed(_SEED)
    numpy.random.seed(_SEED)  # noqa: TID251 - the legacy generator is what is to be set
    torch.manual_seed(_SEED)  # noqa: TID251 - as above
    sys.argv = ["notebook"]
    sys.path[:] = [entry for entry in sys.path if entry and os.path.isdir(entry)]  # noqa: PTH112


def _next(channel: socket.socket) -> dict[str, Any]:
    def exactly(count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = channel.recv(min(count - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    request = receive(exactly)
    assert isinstance(request, dict)
    return request


def _done(request: dict[str, Any], notebook: Notebook, absence: Absence, share: Share) -> bytes:
    number = request["number"]
    if "cell" in request:
        cell = Cell(**request["cell"])
        run = notebook.run(cell, share.of_cell(cell, request["left_s"]))
        return pack({"number": number, "cell": asdict(run)})
    call = Call(**request["call"])
    try:
        with share.of_call(call, request["left_s"]):
            reply = replace(answer(call, notebook.namespace), used=absence.take())
            return _packed(number, reply)
    except TookTooLong:
        reply = Reply("timeout", used=absence.take())
    except BaseException as error:
        reply = Reply("error", error=one_line(error), used=absence.take())
    return _packed(number, reply)


def _packed(number: Value, reply: Reply) -> bytes:
    fields = {name: getattr(reply, name) for name in Reply.__dataclass_fields__}
    try:
        return pack({"number": number, "reply": fields})
    except Exception:  # what a student's type raises when it is read
        unreadable = Reply("unreadable", kind=reply.kind[:100], used=reply.used)
        return pack({"number": number, "reply": vars(unreadable)})
