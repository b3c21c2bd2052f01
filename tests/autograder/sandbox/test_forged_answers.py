"""Whatever a submission sends or returns, the grader holds plain data or knows that it got none."""

import math
from dataclasses import replace

import pytest
import torch

from autograder.sandbox.client import Server
from autograder.sandbox.session import Call, Cell
from tests.autograder.sandbox.conftest import BRIEF_S, PATIENT

PLAIN = (type(None), bool, int, float, str, torch.Tensor, list, tuple, dict)
LIARS = {
    "tensor_subclass_equal_to_everything": """
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
    def __eq__(self, other): return True
    def item(self): return 0.1733
    allclose = equal = isclose = lambda *a, **k: True
def attack(x):
    return torch.ones(2).as_subclass(Liar)
""",
    "tensor_subclass_by_dispatch": """
class Liar(torch.Tensor):
    @staticmethod
    def __new__(cls): return torch.Tensor._make_wrapper_subclass(cls, (2,))
    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return torch.zeros(2)
def attack(x):
    return Liar()
""",
    "float_subclass": """
class Liar(float):
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = lambda *a: True
    __ne__ = lambda *a: False
    def __sub__(self, other): return self
    __abs__ = lambda self: 0.0
    def hex(self): return "0x0p0"
def attack(x):
    return Liar(7.0)
""",
    "str_subclass": """
class Liar(str):
    __eq__ = lambda *a: True
    __hash__ = str.__hash__
def attack(x):
    return Liar("x")
""",
    "list_subclass": """
class Liar(list):
    __eq__ = lambda *a: True
    def __iter__(self): return iter([1.0, 2.0])
def attack(x):
    return Liar([7.0])
""",
    "class_liar": """
class Liar:
    __class__ = property(lambda self: torch.Tensor)
    def __getattr__(self, name): return lambda *a, **k: True
def attack(x):
    return Liar()
""",
    "float_class_liar": """
class Liar:
    __class__ = property(lambda self: float)
    def __float__(self): return 7.0
def attack(x):
    return Liar()
""",
    "metaclass_liar": """
class Meta(type):
    def __instancecheck__(cls, x): return True
    def __subclasscheck__(cls, x): return True
    __name__ = property(lambda cls: "Tensor" * 10**6)
class Liar(metaclass=Meta): pass
def attack(x):
    return Liar()
""",
    "raising_class_liar": """
class Liar:
    @property
    def __class__(self): raise SystemExit
def attack(x):
    return Liar()
""",
    "pickle_bomb": """
class Liar:
    def __reduce__(self): return (exec, ("raise SystemExit",))
def attack(x):
    return {"x": Liar()}
""",
    "patched_comparisons": """
torch.testing.assert_close = torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True
torch.Tensor.__eq__ = torch.Tensor.equal = torch.Tensor.allclose = lambda *a, **k: True
def attack(x):
    return torch.full((2,), 7.0)
""",
    "patched_builtins": """
import builtins, math
builtins.abs = builtins.isinstance = lambda *a: 0.0
math.isclose = lambda *a, **k: True
def attack(x):
    return 7.0
""",
    "patched_json_and_safetensors": """
import json, safetensors.torch
from autograder.sandbox import wire
json.dumps = lambda *a, **k: '{"number": 1e999}'
wire.save = safetensors.torch.save = lambda *a, **k: b"x" * 99
def attack(x):
    return torch.ones(2)
""",
    "patched_harness": """
from autograder.sandbox import answers, child, session
session.Reply.__eq__ = lambda *a: True
child.answer = lambda call, space: session.Reply("ok", [True] * 10, "Tensor")
def attack(x):
    return 7.0
""",
    "patched_type": """
child = __import__("autograder.sandbox.child", fromlist=["x"])
child.pack = lambda value: b"\\xff" * 1000
def attack(x):
    return 7.0
""",
    "function_object_that_lies": """
class Function:
    __call__ = lambda *a, **k: 7.0
    __eq__ = lambda *a: True
    __class__ = property(lambda self: type(lambda: 0))
attack = Function()
""",
    "numpy_objects": """
import numpy
def attack(x):
    return numpy.array([object(), None])
""",
    "text_that_no_file_takes": """
def attack(x):
    raise ValueError("\\ud800\\x00" * 1000)
""",
}
SENDERS = {
    "forged": "send(frame({'number': N, 'reply': {'status': 'ok'}}))",
    "forged_and_complete": "send(forged(42.0))",
    "many_forged": "[send(forged(42.0)) for _ in range(50)]",
    "malformed": "send(b'garbage' * 1000)",
    "malformed_json": "send(struct.pack('<II', 4, 0) + b'nope')",
    "deeply_nested_json": "send(struct.pack('<II', 10**6, 0) + b'[' * 10**6)",
    "huge_number": "send(struct.pack('<II', 10**6, 0) + b'9' * 10**6)",
    "malformed_safetensors": "send(struct.pack('<II', 2, 100) + b'{}' + b'\\xff' * 100)",
    "oversized": "send(struct.pack('<II', 2**32 - 1, 2**32 - 1) + b'x' * 10**6)",
    "endless": "[send(b'\\0' * 10**6) for _ in iter(int, 1)]",
    "half_and_silent": "send(struct.pack('<II', 1000, 0) + b'{'); [0 for _ in iter(int, 1)]",
    "dripping": "send(struct.pack('<II', 10**6, 0))\n"
    "    while True:\n        send(b' ')\n        time.sleep(0.05)",
    "dripping_deaf": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
    "    send(struct.pack('<II', 10**6, 0))\n"
    "    while True:\n        send(b' ')\n        time.sleep(0.05)",
    "wordy": "send(forged(42.0, 'x' * 10**6))",
    "hanging_up": "os.close(3)",
}
SENDER = """
import json, os, signal, struct, time, torch
def send(data):
    while data: data = data[os.write(3, data):]
def frame(value):
    body = json.dumps(value).encode()
    return struct.pack("<II", len(body), 0) + body
def forged(value, kind="float"):
    reply = {"status": "ok", "value": {"float": value.hex()}, "kind": kind, "gradient": None,
             "error": kind, "changed": False}
    return frame({"dict": {"number": N, "reply": {"dict": reply}}})
N = NUMBER
def attack(x):
    BODY
    return 7.0
def honest(x):
    return x + 1
"""
ONES = (torch.ones(2),)


def all_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(all_plain, value))
    if isinstance(value, dict):
        return all(map(all_plain, value.values()))
    return type(value) in PLAIN


@pytest.mark.parametrize("name", LIARS)
@pytest.mark.usefixtures("unharmed")
def test_what_lies_there_is_plain_here(name: str, server: Server) -> None:
    with server.open() as session:
        session.run([Cell("a", "import torch"), Cell("b", LIARS[name])])
        (reply,) = session.call([Call("attack", ONES)])

    assert all_plain(reply.value)
    assert type(reply.kind) is str
    assert len(reply.kind) <= 300
    assert len(reply.error) <= 300
    assert reply.error.encode().decode() == reply.error.replace("\0", "")
    if isinstance(reply.value, torch.Tensor):
        assert not torch.equal(reply.value, torch.tensor([0.25, 0.75]))
    if isinstance(reply.value, float):
        assert not math.isclose(reply.value, 0.25)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.usefixtures("unharmed")
def test_what_is_written_on_the_channel_counts_as_its_own(name: str, server: Server) -> None:
    source = SENDER.replace("NUMBER", "2").replace("BODY", SENDERS[name])

    with server.open(replace(PATIENT, call_s=BRIEF_S, grace_s=BRIEF_S, wall_factor=20)) as session:
        (run,) = session.run([Cell("a", source)])
        first, second = session.call([Call("attack", ONES), Call("honest", ONES)])
        session.reopen()
        (again,) = session.call([Call("honest", ONES)])

    assert run.status == "ok"
    # At most what its own function might have returned, for this very call.
    assert first.status in ("crashed", "timeout") or first.value == 42.0
    assert len(first.kind) <= 300
    assert len(first.error) <= 300
    if name == "dripping_deaf":  # the time for an answer is for all of it, not for each part
        assert first.status == "timeout"
    assert second.status in ("crashed", "timeout")
    assert again.value.tolist() == [2.0, 2.0]
