"""What must be written by hand is not in the process, however it is called; the rest is."""

import pytest
import torch

from autograder.sandbox.ban import NOTHING, Ban
from autograder.sandbox.client import Server
from autograder.sandbox.session import Call, Cell

BAN = Ban(
    ("*binary_cross_entropy*", "BCE*Loss", "soft_margin_loss", "ndcg_score", "_*dcg_sample_scores"),
    ("torchvision",),
)
Z, Y = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1.0, 0.0, 1.0])
RIGHT = torch.nn.functional.binary_cross_entropy_with_logits(Z, Y, reduction="none")
LIST = "numpy.array([[1, 0, 2]]), numpy.array([[0.1, 0.2, 0.3]])"
BEGIN = """
import functools, gc, importlib, numpy, sys, threading, types
import sklearn.metrics._ranking as ranking
import torch
from torch.nn import functional as F
each = functools.partial(dict, reduction="none")
codes = [98, 105, 110, 97, 114, 121, 95, 99, 114, 111, 115, 115, 95, 101, 110, 116, 114, 111, 112]
name = bytes(codes).decode() + "y" + "_with_logits"
"""
WAYS = {
    "plain": "def f(z, y): return F.binary_cross_entropy_with_logits(z, y, **each())",
    "computed name": "def f(z, y): return getattr(F, name)(z, y, **each())",
    "reversed name": "def f(z, y): return getattr(F, name[::-1][::-1])(z, y, **each())",
    "dir": (
        "found = [getattr(F, n) for n in dir(F) if n.startswith('binary') and n.endswith('its')]\n"
        "def f(z, y): return found[0](z, y, **each())"
    ),
    "vars": "def f(z, y): return vars(F)[name](z, y, **each())",
    "sys.modules": "def f(z, y): return vars(sys.modules[F.__name__])[name](z, y, **each())",
    "importlib": (
        "module = importlib.import_module('torch.nn.' + 'functional')\n"
        "def f(z, y): return getattr(module, name)(z, y, **each())"
    ),
    "eval": "def f(z, y): return eval('F.' + name)(z, y, **each())",
    "exec": "exec(f'g = F.{name}')\ndef f(z, y): return g(z, y, **each())",
    "alias in a default": "def f(z, y, g=getattr(F, name)): return g(z, y, **each())",
    "partial": "g = functools.partial(getattr(F, name), **each())\ndef f(z, y): return g(z, y)",
    "patched onto tensors": (
        "torch.Tensor.cost = getattr(F, name)\ndef f(z, y): return z.cost(y, **each())"
    ),
    "class": "def f(z, y): return torch.nn.BCEWithLogitsLoss(**each())(z, y)",
    "class of a class": (
        "class Own(torch.nn.BCEWithLogitsLoss): pass\ndef f(z, y): return Own(**each())(z, y)"
    ),
    "torch": "def f(z, y): return getattr(torch, name)(z, y, None, None, 0)",
    "torch._C": "def f(z, y): return torch._C._nn.binary_cross_entropy(z.sigmoid(), y, None, 0)",
    "torch.ops": "def f(z, y): return getattr(torch.ops.aten, name)(z, y, None, None, 0)",
    "redispatch": (
        "keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)\n"
        "operator = getattr(torch.ops.aten, name).default\n"
        "def f(z, y): return operator.redispatch(keys, z, y, None, None, 0)"
    ),
    "decompositions": (
        "from torch._decomp import decomposition_table as table\n"
        "def f(z, y): return table[getattr(torch.ops.aten, name).default](z, y, None, None, 0)"
    ),
    "distribution": "def f(z, y): return -torch.distributions.Bernoulli(logits=z).log_prob(y)",
    "soft margin": "def f(z, y): return F.soft_margin_loss(z, 2 * y - 1, **each())",
    "TorchScript": (
        "@torch.jit.script\n"
        "def f(z: torch.Tensor, y: torch.Tensor):\n"
        "    return torch.binary_cross_entropy_with_logits(z, y, None, None, 0)"
    ),
    "vmap": "def f(z, y): return torch.func.vmap(lambda a, b: getattr(F, name)(a, b))(z, y)",
    "thread": (
        "def f(z, y):\n"
        "    found = []\n"
        "    def work(): found.append(getattr(F, name)(z, y, **each()))\n"
        "    thread = threading.Thread(target=work)\n"
        "    thread.start(); thread.join()\n"
        "    return found[0]"
    ),
    "a copy of its code": (
        "g = types.FunctionType(getattr(F, name).__code__, vars(F), None, (None, None, None, "
        "'mean', None))\ndef f(z, y): return g(z, y, **each())"
    ),
    "reload": (
        "try: importlib.reload(F)\nexcept Exception: pass\n"
        "def f(z, y): return getattr(F, name)(z, y, **each())"
    ),
    "a kernel library undone": (
        "from torch.library import Library\nLibrary('aten', 'IMPL')._destroy()\n"
        "def f(z, y): return getattr(F, name)(z, y, **each())"
    ),
}
LISTS = {
    "plain": f"def f(): return torch.tensor(ranking.ndcg_score({LIST}))",
    "what it wraps": f"def f(): return torch.tensor(ranking.ndcg_score.__wrapped__({LIST}))",
    "its own helper": f"def f(): return torch.tensor(ranking._ndcg_sample_scores({LIST})).mean()",
    "reload": (
        "try: importlib.reload(ranking)\nexcept Exception: pass\n"
        f"def f(): return torch.tensor(ranking.ndcg_score({LIST}))"
    ),
    "its source": (
        "own = dict(vars(ranking))\n"
        "with open(ranking.__file__) as source: exec(source.read(), own)\n"
        f"def f(): return torch.tensor(own['ndcg_score']({LIST}))"
    ),
}


def asked(server: Server, source: str, ban: Ban, *arguments):
    with server.open(ban=ban) as session:
        (run,) = session.run([Cell("a", BEGIN + source)])
        (reply,) = session.call([Call("f", arguments)])
    return run, reply


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_to_a_loss_that_must_be_written_by_hand(server: Server, way: str) -> None:
    _, allowed = asked(server, WAYS[way], NOTHING, Z, Y)
    _, banned = asked(server, WAYS[way], BAN, Z, Y)

    assert allowed.status == "ok"
    torch.testing.assert_close(allowed.value, RIGHT)
    assert banned.status == "error"


@pytest.mark.parametrize("way", LISTS)
def test_no_way_leads_to_a_metric_of_a_library(server: Server, way: str) -> None:
    _, allowed = asked(server, LISTS[way], NOTHING)
    _, banned = asked(server, LISTS[way], BAN)

    assert allowed.status == "ok"
    assert 0 < float(allowed.value) <= 1
    assert banned.status == "error"


def test_callers_are_noted_the_innermost_first(server: Server) -> None:
    source = "def g(z, y): return getattr(F, name)(z, y)\ndef f(z, y): return g(z, y)"

    _, reply = asked(server, source, BAN, Z, Y)

    assert reply.used == [["binary_cross_entropy_with_logits", ["g", "f"]]]


def test_who_catches_the_refusal_is_noted_all_the_same(server: Server) -> None:
    source = "def f(z, y):\n    try: return getattr(F, name)(z, y)\n    except Exception: return z"

    _, reply = asked(server, source, BAN, Z, Y)

    assert (reply.status, [name for name, _ in reply.used]) == (
        "ok",
        ["binary_cross_entropy_with_logits"],
    )


def test_a_comparison_costs_nothing_that_stands_behind_it_in_its_cell(server: Server) -> None:
    compared = "assert getattr(F, name)(torch.zeros(1), torch.ones(1)) > 0\n"

    run, reply = asked(server, compared + "def f(z, y): return z + y", BAN, Z, Y)

    assert (run.status, [name for name, _ in run.used]) == (
        "ok",
        ["binary_cross_entropy_with_logits"],
    )
    assert torch.equal(reply.value, Z + Y)
    assert reply.used == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(z, y): return F.softplus(-(2 * y - 1) * z)",
        "def f(z, y): return -F.logsigmoid((2 * y - 1) * z)",
        "def f(z, y): return torch.func.jvp(lambda z: F.softplus(-(2 * y - 1) * z), (z,), (z,))[0]",
        "def f(z, y): return F.cross_entropy(torch.stack([-z / 2, z / 2], 1), y.long(), **each())",
    ],
)
def test_nothing_else_is_missing(server: Server, source: str) -> None:
    run, reply = asked(server, source, BAN, Z, Y)

    assert (run.status, run.used, reply.status, reply.used) == ("ok", [], "ok", [])
    torch.testing.assert_close(reply.value, RIGHT)


def test_a_package_that_is_banned_is_not_installed(server: Server) -> None:
    _, allowed = asked(server, "import sklearn\ndef f(): return 1", NOTHING)
    run, _ = asked(server, "import sklearn\ndef f(): return 1", Ban(modules=("sklearn",)))

    assert allowed.value == 1
    assert {name for name, _ in run.used} == {"sklearn"}


def test_one_submission_without_it_takes_nothing_from_the_next(server: Server) -> None:
    asked(server, WAYS["plain"], BAN, Z, Y)
    _, reply = asked(server, WAYS["plain"], NOTHING, Z, Y)

    assert reply.status == "ok"
