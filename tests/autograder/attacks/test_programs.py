"""Programs that spoil what runs them spoil their own session: the next one finds all as it was."""

import os

import pytest
import torch

from autograder.sandbox.session import Call, Cell
from tests.autograder.attacks.conftest import SQUARE, THREE, is_right, next_one_is_right

SPOILING = {
    "signals_wake_the_channel": """
import os, signal
os.set_blocking(3, False)
signal.set_wakeup_fd(3, warn_on_full_buffer=False)
signal.signal(signal.SIGUSR1, lambda *_: None)
for _ in range(50): os.kill(os.getpid(), signal.SIGUSR1)
""",
    "printing_into_the_channel": """
import os
os.dup2(3, 1)
os.write(1, b"full marks " * 1000)
""",
    "the_channel_put_elsewhere": """
import os
os.dup2(os.memfd_create("x"), 3)
""",
    "a_mode_that_answers_for_all_functions": """
import torch
from torch.overrides import TorchFunctionMode
class Lie(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        return torch.Tensor._make_subclass(torch.Tensor, torch.Tensor())
Lie().__enter__()
""",
    "a_mode_that_answers_for_all_operators": """
import torch
from torch.utils._python_dispatch import TorchDispatchMode
class Lie(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        raise SystemExit
Lie().__enter__()
""",
    "gradients_switched_off": "import torch; torch.set_grad_enabled(False)",
    "nowhere_as_the_place_of_tensors": "import torch; torch.set_default_device('meta')",
    "doubles_for_all": "import torch; torch.set_default_dtype(torch.float64)",
    "hooks_for_what_gradients_keep": """
import torch
torch._C._autograd._push_saved_tensors_default_hooks(lambda x: x * 0, lambda x: 1 / 0)
""",
    "a_trace_that_raises": """
import sys
def trace(*_): raise SystemExit
sys.settrace(trace); sys.setprofile(trace)
""",
    "a_collector_that_raises": """
import gc
gc.callbacks.append(lambda *_: 1 / 0); gc.set_threshold(1)
""",
    "no_modules": "import sys; sys.modules.clear(); sys.path.clear(); sys.meta_path.clear()",
    "no_builtins": "import builtins; builtins.__dict__.clear()",
    "no_depth": "import sys; sys.setrecursionlimit(60)",
    "no_bottom": "import sys; sys.setrecursionlimit(2**31 - 1)",
    "other_memory_of_the_process": """
import ctypes
ctypes.memset(id(None), 0, 16)
""",
    "a_warning_for_each_number": """
import warnings
warnings.simplefilter("always")
for number in range(20_000): warnings.warn(f"{number}" * 20)
""",
    "a_warning_that_warns": """
import warnings
def show(*args, **kwargs): warnings.warn("again")
warnings.showwarning = show
warnings.simplefilter("always")
warnings.warn("once")
""",
}


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize("name", SPOILING)
def test_what_a_program_spoils_is_its_own(server, name):
    before = (server.process_id, open_descriptors())

    with server.open() as session:
        runs = session.run([SQUARE, Cell("attack", SPOILING[name])])
        (reply,) = session.call([THREE])

    assert [run.id for run in runs] == ["square", "attack"]
    assert type(reply.value) in (type(None), torch.Tensor)
    assert sum(len(str(output)) for output in runs[1].outputs) < 300_000
    assert next_one_is_right(server)
    assert (server.process_id, open_descriptors()) == before


def test_descriptors_that_are_sent_to_the_grader_do_not_arrive(server):
    send = """
import array, os, socket
def attack():
    channel = socket.socket(fileno=os.dup(3))
    held = array.array("i", [os.memfd_create(str(n)) for n in range(60)])
    try:
        channel.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)])
        for _ in range(20):
            channel.sendmsg([b"\\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)])
    finally:
        channel.detach()
"""
    before = open_descriptors()
    with server.open() as session:
        session.run([Cell("attack", send)])
        within = open_descriptors()
        session.call([Call("attack")])
        assert open_descriptors() <= within

    assert open_descriptors() == before
    assert next_one_is_right(server)


ERRORS = {
    "whose_kind_raises": """
class Kind(type):
    __name__ = property(lambda self: 1 / 0)
    __module__ = property(lambda self: 1 / 0)
class Hostile(Exception, metaclass=Kind): pass
""",
    "whose_text_is_hostile": """
class Text(str):
    strip = splitlines = __format__ = partition = lambda *a: exit()
class Hostile(Exception):
    def __str__(self): return Text("x")
""",
    "with_megabytes_of_notes": """
class Hostile(Exception):
    def __init__(self):
        self.add_note("n" * 50_000_000)
        self.add_note("\\x1b[2J" * 1000)
""",
    "that_is_its_own_cause": """
class Hostile(Exception):
    def __init__(self):
        self.__cause__ = self.__context__ = self
""",
    "with_a_thousand_causes": """
class Hostile(Exception):
    def __init__(self):
        last = self
        for _ in range(5000):
            last.__cause__ = ValueError("x" * 100)
            last = last.__cause__
""",
    "of_groups_in_groups": """
class Hostile(ExceptionGroup):
    def __new__(cls):
        inner = ValueError("x")
        for _ in range(2000): inner = ExceptionGroup("g", [inner])
        return super().__new__(cls, "g", [inner])
""",
    "that_poses_as_an_interruption": """
import autograder.sandbox.deadline as d
class Hostile(d.TookTooLong): pass
""",
    "of_a_line_that_is_none": """
class Hostile(SyntaxError):
    def __init__(self):
        super().__init__("x", ("/etc/passwd", -1, 10**9, "y" * 10**6))
        self.text = None; self.offset = "?"
""",
    "that_no_except_takes": "class Hostile(BaseException): pass",
    "that_ends_generators": "Hostile = GeneratorExit",
    "that_stops_loops": "Hostile = StopIteration",
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_made_to_break_whoever_reads_it_is_an_error_in_its_cell_and_in_its_call(
    server, name
):
    raising = f"{ERRORS[name]}\ndef attack():\n    raise Hostile()"
    with server.open() as session:
        runs = session.run([Cell("a", raising), Cell("b", "attack()"), SQUARE])
        alive = session.alive
        replies = session.call([Call("attack"), THREE])

    assert alive, "the cell cost only itself"
    assert [run.status for run in runs[::2]] == ["ok", "ok"]
    assert runs[1].status in ("error", "timeout")
    assert sum(len(str(output)) for output in runs[1].outputs) < 300_000
    assert replies[0].status in ("error", "timeout")
    assert len(replies[0].error) <= 300
    assert is_right(replies[1])
