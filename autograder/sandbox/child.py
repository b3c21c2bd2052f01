"""The jailed side: runs cells and answers calls until it is asked no more."""

import os
import random
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy
import torch

from autograder.sandbox.answers import answer, one_line
from autograder.sandbox.cells import Notebook
from autograder.sandbox.deadline import TookTooLong, at_most
from autograder.sandbox.limits import Limits
from autograder.sandbox.recorder import Recorder
from autograder.sandbox.session import Call, Cell, Reply
from autograder.sandbox.wire import Value, pack, receive

_SEED = 20_240_501


def live(channel: socket.socket, limits: Limits, shut_in: Callable[[Limits], None]) -> None:
    """Be a submission: shut this process in, then do as asked.

    Args:
        channel: To the grader.
        limits: What may be used.
        shut_in: Takes this process's rights away.
    """
    try:
        recorder = Recorder(limits.output_bytes)
        recorder.capture()
        shut_in(limits)
    except BaseException as error:
        channel.sendall(pack({"failed": one_line(error)}))
        return
    _begin_alike()
    notebook = Notebook(limits, recorder)
    channel.sendall(pack({"ready": True}))
    with suppress(EOFError, OSError):
        while True:
            channel.sendall(_done(_next(channel), notebook, limits))


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


def _done(request: dict[str, Any], notebook: Notebook, limits: Limits) -> bytes:
    number = request["number"]
    if "cell" in request:
        run = notebook.run(Cell(**request["cell"]))
        return pack({"number": number, "cell": asdict(run)})
    try:
        with at_most(limits.call_s, limits.call_s * limits.wall_factor):
            reply = answer(Call(**request["call"]), notebook.namespace)
            return _packed(number, reply)
    except TookTooLong:
        reply = Reply("timeout")
    except BaseException as error:
        reply = Reply("error", error=one_line(error))
    return _packed(number, reply)


def _packed(number: Value, reply: Reply) -> bytes:
    fields = {name: getattr(reply, name) for name in Reply.__dataclass_fields__}
    try:
        return pack({"number": number, "reply": fields})
    except Exception:  # what a student's type raises when it is read
        unreadable = Reply("unreadable", kind=reply.kind[:100])
        return pack({"number": number, "reply": vars(unreadable)})
