"""Source rules: what a function can reach is found in every disguise, and nothing else is."""

from dataclasses import replace

import pytest
import torch

from autograder.checks import Aspect, Values
from autograder.checks.program import parsed
from autograder.checks.sources import Ruled, SourceRule
from autograder.sandbox.session import Reply
from autograder.student.notebook_check import NotebookWork, live_sources

RULE = SourceRule(
    names=("*binary_cross_entropy*", "*focal_loss*", "BCE*Loss"),
    modules=("lossedu", "torchvision"),
    apart=("marked_elsewhere",),
)
IMPORTS = "import torch\nfrom torch.nn import functional as F\n"
DISGUISES = {
    "call": "def f(x): return F.binary_cross_entropy_with_logits(x, x)",
    "module": "import torch.nn.functional as X\ndef f(x): return X.binary_cross_entropy(x, x)",
    "class": "def f(x): return torch.nn.BCEWithLogitsLoss()(x, x)",
    "import as": "from torch.nn.functional import binary_cross_entropy as b\ndef f(x): return b(x)",
    "import inside": "def f(x):\n    from torch.nn.functional import binary_cross_entropy as b",
    "star": "from torch.nn.functional import *\ndef f(x): return binary_cross_entropy(x, x)",
    "alias": "b = F.binary_cross_entropy\ndef f(x): return b(x, x)",
    "helper": "def g(x): return F.binary_cross_entropy(x, x)\ndef f(x): return g(x)",
    "chain": "def g(x): return F.binary_cross_entropy(x, x)\nh = [g]\ndef f(x): return h[0](x)",
    "class body": "class A:\n    cost = F.binary_cross_entropy\ndef f(x): return A.cost(x, x)",
    "lambda": "f = lambda x: F.binary_cross_entropy(x, x)",
    "partial": "from functools import partial\nf = partial(F.binary_cross_entropy, weight=None)",
    "getattr": "def f(x): return getattr(F, 'binary_cross_entropy')(x, x)",
    "getattr in parts": "def f(x): return getattr(F, 'binary_' + 'cross_entropy')(x, x)",
    "getattr by name": "n = f'binary_{\"cross\"}_entropy'\ndef f(x): return getattr(F, n)(x, x)",
    "vars": "def f(x): return vars(F)['binary_cross_entropy'](x, x)",
    "dict": "def f(x): return F.__dict__['binary_cross_entropy'](x, x)",
    "operator": "import operator\ndef f(x): return operator.attrgetter('binary_cross_entropy')(F)",
    "eval": "def f(x): return eval('F.binary_cross_entropy(x, x)')",
    "eval of what is not known": "def f(x): return eval(x)",
    "ops": "def f(x): return torch.ops.aten.binary_cross_entropy(x, x)",
    "patch": "torch.Tensor.cost = F.binary_cross_entropy\ndef f(x): return x.cost(x)",
    "setattr": "setattr(torch, 'c', F.binary_cross_entropy)\ndef f(x): return torch.c(x, x)",
    "package": "import lossedu.losses as L\ndef f(x): return L.huber(x)",
    "package from": "from lossedu.losses import huber\ndef f(x): return huber(x)",
    "package inside": "def f(x):\n    import lossedu",
    "package by name": "def f(x): return __import__('lossedu').losses",
    "import_module": "import importlib\ndef f(x): return importlib.import_module('lossedu.losses')",
    "torchvision": "import torchvision\ndef f(x): return torchvision.ops.sigmoid_focal_loss(x, x)",
    "default": "def f(x, cost=F.binary_cross_entropy): return cost(x, x)",
    "decorator": "@(lambda g: F.binary_cross_entropy)\ndef f(x): return x",
    "with magics": "%matplotlib inline\ndef f(x): return F.binary_cross_entropy(x, x)",
    "deeply nested": f"def f(x): return F.binary_cross_entropy({'-' * 400}x)",
}
INNOCENT = {
    "own function of that name": (
        "def binary_cross_entropy(x): return x\ndef f(x): return binary_cross_entropy(x)"
    ),
    "own function by its name": (
        "def focal_loss(x): return x\ndef f(x): return globals()['focal' + '_loss'](x)"
    ),
    "own name after a star": (
        "from torch.nn.functional import *\n"
        "def binary_cross_entropy(x): return softplus(x)\n"
        "def f(x): return binary_cross_entropy(x)"
    ),
    "own method": (
        "class A:\n    def focal_loss(self): return 1\n    def g(self): return self.focal_loss()\n"
        "def f(x): return A().g()"
    ),
    "comparison in another cell": (
        "def f(x): return F.softplus(x)\nassert F.binary_cross_entropy(f(1), 1)"
    ),
    "local of the same name": (
        "loss = F.binary_cross_entropy(1, 1)\ndef f(x):\n    loss = x\n    return loss"
    ),
    "unused import": (
        "from torch.nn.functional import softplus, binary_cross_entropy\n"
        "def f(x): return softplus(x)"
    ),
    "comment and text": "def f(x):\n    'not binary_cross_entropy'\n    return x  # focal_loss",
    "marked elsewhere": (
        "def marked_elsewhere(x): return F.binary_cross_entropy(x, x)\n"
        "def f(x): return marked_elsewhere(x)"
    ),
    "a model's eval": "model = torch.nn.Linear(1, 1)\ndef f(x): return model.eval()(x)",
    "a cell that is no code": "this is not Python",
}


@pytest.mark.parametrize("how", DISGUISES)
def test_a_forbidden_call_is_found(how):
    assert RULE.used({"a": IMPORTS, "b": DISGUISES[how]}, "f")


@pytest.mark.parametrize("how", INNOCENT)
def test_nothing_else_is_held_against_the_function(how):
    assert RULE.used({"a": IMPORTS, "b": INNOCENT[how]}, "f") == []


def test_definitions_in_several_cells_are_followed():
    cells = {"1": "c = F.binary_cross_entropy", "2": "def g(x): return c(x)", "3": "f = g"}

    assert RULE.used(cells, "f") == ["binary_cross_entropy"]


def ruled(rule):
    aspects = (Aspect("it is x", ((1.0,),)),)
    return Ruled(Values("d.v", "d-v", 2, "f", lambda x: x, aspects), rule)


def test_a_rule_that_is_broken_costs_the_points_of_the_check(work, secret):
    submission = work("import lossedu\ndef f(x):\n    lossedu\n    return x\n")

    finding = ruled(RULE).judge(submission, secret)

    assert (finding.status, finding.share) == ("forbidden", 0.0)
    assert finding.message == "f uses lossedu; the task is to write that yourself."


def test_a_rule_that_is_kept_changes_nothing(work, secret):
    finding = ruled(RULE).judge(work("def f(x):\n    return x\n"), secret)

    assert (finding.status, finding.share) == ("passed", 1.0)
    assert (ruled(RULE).id, ruled(RULE).cell, ruled(RULE).points) == ("d.v", "d-v", 2)


class Missing:
    """A submission that gives 1 and calls what is not there."""

    def __init__(self, *callers, everything):
        self.sources, self.callers, self.everything = {}, callers, everything

    def call(self, calls):
        used = [["binary_cross_entropy", list(self.callers)]]
        return [Reply("ok", 1.0, "float", used=used) for _ in calls]

    def used_s(self):
        return 0.0


@pytest.mark.parametrize(
    ("callers", "status"),
    [
        (("f",), "forbidden"),
        (("helper", "f"), "forbidden"),
        (("marked_elsewhere", "f"), "passed"),
        (("f", "marked_elsewhere"), "forbidden"),
    ],
)
def test_what_was_called_is_held_against_the_innermost_function_with_checks(callers, status):
    work = Missing(*callers, everything=NotebookWork({"f": lambda x: x}, {}))

    assert ruled(RULE).judge(work, None).status == status


def test_a_call_that_nobody_is_known_to_have_made_is_the_functions_own():
    assert RULE.called([["focal_loss", []]], "f") == ["focal_loss"]
    assert RULE.called([["softplus", ["f"]]], "f") == []


def test_where_something_was_missed_the_same_inputs_are_asked_again(secret):
    asked = []

    class Noted(NotebookWork):
        def call(self, calls):
            asked.append([call.arguments for call in calls])
            return super().call(calls)

    class Bare(Noted):
        everything = Noted({"f": lambda x: x}, {})

        def call(self, calls):
            used = [["binary_cross_entropy", ["marked_elsewhere", "f"]]]
            return [replace(reply, used=used) for reply in super().call(calls)]

    aspects = (Aspect("it is x", (), lambda g: [(torch.rand(1, generator=g).item(),)]),)
    check = Ruled(Values("d.v", "d-v", 2, "f", lambda x: x, aspects), RULE)

    assert check.judge(Bare({"f": lambda x: 0.0}, {}), secret).status == "passed"
    assert asked[0] == asked[1]


def test_cells_nested_beyond_measure_stop_nothing():
    hostile = {"a": "x = " + "(" * 5000, "b": "x = " + "-" * 5000 + "1", "c": "x = 1" + "+1" * 5000}

    assert RULE.used({**hostile, "f": DISGUISES["call"]}, "f")
    assert parsed("return (") is None


def test_history_counts_only_cells_whose_names_were_not_defined_anew():
    history = ["", "c = F.binary_cross_entropy", "def f(x): return c(x)", "c = F.softplus", "1 + 1"]

    live = live_sources({"In": history})

    assert set(live) == {"In[2]", "In[3]"}
    assert RULE.used(live, "f") == []
