"""What a submission shows and returns is what it is; what it leaves behind nobody else finds."""

import pytest
import torch

from autograder.sandbox.session import Call, Cell
from tests.autograder.attacks.conftest import next_one_is_right


def test_of_all_kinds_of_pictures_and_pages_the_harmless_ones_arrive(server):
    kinds = [
        *("application/javascript", "text/latex", "text/markdown", "image/svg+xml", "image/jpeg"),
        *("application/pdf", "application/json", "application/vnd.jupyter.widget-view+json"),
        *("application/vnd.plotly.v1+json", "application/vnd.vegalite.v5+json", "video/mp4"),
        *("text/html; charset=x", "TEXT/HTML", "image/png;x", "../text/html", ""),
    ]
    show = f"""
class Shown:
    def _repr_mimebundle_(self, include=None, exclude=None):
        evil = {{kind: "<script>steal()</script>" for kind in {kinds!r}}}
        return evil | {{"text/plain": "seen", "text/html": "<b onclick='steal()'>seen</b>"}}
    _repr_javascript_ = _repr_svg_ = _repr_latex_ = lambda self: "<script>steal()</script>"
display(Shown())
Shown()
"""
    with server.open() as session:
        (run,) = session.run([Cell("a", show)])

    bundles = [output["data"] for output in run.outputs]
    assert bundles
    assert all(bundle.keys() <= {"text/plain", "text/html"} for bundle in bundles)
    assert "steal" not in str(bundles)
    assert "seen" in str(bundles)


def test_what_one_student_leaves_in_files_the_next_does_not_find(server):
    places = [
        "/tmp/torch.py",
        "~/torch.py",
        "~/sitecustomize.py",
        "~/.config/matplotlib/matplotlibrc",
    ]
    leave = f"""
import os
for place in {places!r}:
    place = os.path.expanduser(place)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "w") as file: file.write("answer = 42")
def found():
    return sum(os.path.exists(os.path.expanduser(place)) for place in {places!r})
"""
    with server.open() as first, server.open() as second:
        first.run([Cell("a", leave)])
        second.run(
            [Cell("a", leave[leave.index("def found") :].replace("def", "import os\ndef", 1))]
        )
        (its_own,), (others,) = first.call([Call("found")]), second.call([Call("found")])

    assert (its_own.value, others.value) == (len(places), 0)
    assert next_one_is_right(server)


def test_a_planted_pickle_runs_where_it_was_planted(server, tmp_path):
    target = tmp_path / "stolen"
    load = f"""
import os, torch
class Planted:
    def __reduce__(self): return (open, ({str(target)!r}, "w"))
torch.save(Planted(), "planted.pt")
try:
    torch.load("planted.pt", weights_only=False)
    said = "reached"
except OSError:
    said = "nothing"
def reached(): return said
"""
    with server.open() as session:
        session.run([Cell("a", load)])
        (reply,) = session.call([Call("reached")])

    assert reply.value == "nothing"
    assert not target.exists()
    target.write_text("whoever may, can")


CHANGES = {
    "in place": "x.mul_(2)",
    "its data": "x.data.zero_()",
    "its numbers by numpy": "x.detach().numpy()[:] = 0",
    "its storage": "x.untyped_storage().fill_(7)",
    "another storage": "x.data = torch.zeros(3)",
    "another kind": "x.data = x.data.double()",
    "another shape": "x.data = x.data[:1]",
    "through a view": "x.detach().view(3, 1)[1] = 5",
    "nothing to be seen": "x.requires_grad_()",
    "and back": "x.detach().mul_(2); x.detach().div_(2)",
}


@pytest.mark.parametrize("how", CHANGES)
def test_whatever_way_an_argument_is_changed_it_is_noticed_and_the_graders_stays(server, how):
    given = torch.tensor([1.0, 2.0, 3.0])
    change = f"import torch\ndef attack(x):\n    {CHANGES[how]}\n    return 0.0"
    with server.open() as session:
        session.run([Cell("a", change)])
        (reply,) = session.call([Call("attack", (given,))])

    assert reply.status == "ok"
    assert reply.changed == (how not in ("nothing to be seen", "and back"))
    assert given.tolist() == [1.0, 2.0, 3.0]


VIEWS = {
    "the argument": "x",
    "every second": "x[::2]",
    "turned": "x.flip(0).view(2, 2).T",
    "repeated": "x[:1].expand(1000)",
    "negative": "torch._neg_view(x)",
    "imaginary": "torch.view_as_complex(x.view(2, 2)).conj().imag",
    "a corner of megabytes": "torch.ones(2_000_000)[:1]",
}


@pytest.mark.parametrize("view", VIEWS)
def test_of_a_view_the_numbers_arrive_and_nothing_behind_them(server, view):
    given = torch.tensor([1.0, 2.0, 3.0, 4.0])
    code = f"import torch\ndef attack(x):\n    return {VIEWS[view]}"
    with server.open() as session:
        session.run([Cell("a", code)])
        (reply,) = session.call([Call("attack", (given,))])

    due = eval(VIEWS[view], {"torch": torch, "x": given})  # the test's own text
    assert torch.equal(reply.value, due)
    assert reply.value.untyped_storage().nbytes() < 5_000
    assert not reply.value.is_neg()
