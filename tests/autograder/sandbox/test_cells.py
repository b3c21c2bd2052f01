"""Cells run as in Jupyter, and what they show is kept as a notebook keeps it."""

import nbformat
import pytest

from autograder.sandbox.client import Limits, Server
from autograder.sandbox.session import Cell, CellRun


@pytest.fixture
def run(server: Server):
    with server.open() as session:

        def run_cell(source: str) -> CellRun:
            return session.run([Cell("task-1", source)])[0]

        yield run_cell


def texts(run: CellRun) -> list[str]:
    """What was shown: text of streams, plain text of values."""
    return [
        o["text"] if "text" in o else o.get("data", {}).get("text/plain", "") for o in run.outputs
    ]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1 + 1", ["2"]),
        ("1 + 1;", []),
        ("x = 3", []),
        ("None", []),
        ("print('a')\n'b'", ["a\n", "'b'"]),
        ("for i in range(2): print(i)", ["0\n1\n"]),
        ("display(1, 2)\n3", ["1", "2", "3"]),
        ("from IPython.display import display\ndisplay('x')", ["'x'"]),
        ("__name__", ["'__main__'"]),
        ("import asyncio\nawait asyncio.sleep(0)\n5", ["5"]),
        ("%matplotlib inline\n1", ["1"]),
        ("%load_ext autoreload\n%autoreload 2\n%config x=1\n1", ["1"]),
        ("import os\nprint('a')\n_ = os.write(1, b'b')\nprint('c')", ["a\nbc\n"]),
        (
            "import ctypes\nctypes.CDLL(None).puts(b'from c');ctypes.CDLL(None).fflush(None);",
            ["from c\n"],
        ),
        ("%%capture held\nprint('kept')", []),
        ("print?", []),
        ("# only a comment", []),
        ("", []),
        ("import sys\nsys.stdout.writelines(['a', 'b'])\nsys.stdout.flush()", ["ab"]),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(1)", ["P(x=1)"]),
    ],
)
def test_a_cell_shows_what_jupyter_shows(source: str, shown: list[str], run) -> None:
    ran = run(source)

    assert ran.status == "ok", ran
    assert texts(ran) == shown


@pytest.mark.parametrize(
    "line", ["!ls -l", "%pip install x", "%run other.py", "%nonsense", "files = !ls", "%system ls"]
)
def test_what_is_refused_costs_one_line(line: str, run) -> None:
    ran = run(f"print('before')\n{line}\nprint('after')")

    assert ran.status == "ok"
    before, refused, after = texts(ran)
    assert (before, after) == ("before\n", "after\n")
    assert "not available when notebooks are graded" in refused
    assert ran.outputs[1]["name"] == "stderr"


def test_a_whole_cell_of_shell_is_refused(run) -> None:
    assert "`%%bash` is not available" in texts(run("%%bash\nrm -rf /"))[0]


@pytest.mark.parametrize("magic", ["%time", "%timeit", "%timeit -n 100 -r3"])
def test_timing_runs_once(magic: str, run) -> None:
    run("count = 0\ndef f():\n    global count\n    count += 1")

    ran = run(f"{magic} f()")

    assert "Wall time" in texts(ran)[0]
    assert texts(run("count")) == ["1"]


def test_a_timed_cell_defines_what_it_defines(run) -> None:
    run("%%time\ny = 7")

    assert texts(run("y")) == ["7"]


def test_captured_output_is_in_the_named_variable(run) -> None:
    run("%%capture held\nprint('kept')")

    assert texts(run("held.stdout")) == ["'kept\\n'"]


def test_an_error_shows_the_students_lines_and_no_others(run) -> None:
    run("def f(x):\n    return 1 / x")

    ran = run("y = 1\nf(0)  # here")

    assert ran.status == "error"
    assert ran.error == "ZeroDivisionError: division by zero"
    (output,) = ran.outputs
    assert output["ename"] == "ZeroDivisionError"
    assert output["evalue"] == "division by zero"
    shown = "\n".join(output["traceback"])
    assert "f(0)  # here" in shown
    assert "return 1 / x" in shown
    assert "autograder" not in shown


def test_a_syntax_error_is_shown_and_stops_nothing_else(run) -> None:
    ran = run("def (")

    assert ran.status == "error"
    assert ran.error.startswith("SyntaxError")
    assert texts(run("1")) == ["1"]


def test_a_warning_is_shown_and_is_no_error(run) -> None:
    ran = run("import warnings\nwarnings.warn('careful')")

    assert ran.status == "ok"
    assert "careful" in texts(ran)[0]
    assert ran.outputs[0]["name"] == "stderr"


def test_an_exception_that_cannot_be_shown_is_an_error_all_the_same(run) -> None:
    ran = run("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E")

    assert ran.status == "error"
    assert ran.outputs[0]["ename"] == "E"


def test_figures_are_kept_as_bounded_pictures(server: Server) -> None:
    draw = "import matplotlib.pyplot as plt\nfor _ in range(5):\n    plt.figure(); plt.plot([1, 2])"
    few = Limits(pictures=3, picture_bytes=12_000)
    with server.open(few) as session:
        (ran,) = session.run([Cell("a", draw)])

    pictures = [output["data"]["image/png"] for output in ran.outputs if "data" in output]
    assert len(pictures) == 3
    assert all(len(picture) < 12_000 * 4 / 3 + 4 for picture in pictures)


def test_a_figure_is_shown_once_and_in_order(run) -> None:
    ran = run("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('after')")

    assert [output["output_type"] for output in ran.outputs] == ["display_data", "stream"]


def test_html_is_shown_without_what_could_act(run) -> None:
    evil = "<table onclick='x()'><tr><td>1</td></tr></table><script>steal()</script><img src=x>"
    ran = run(f"class T:\n    def _repr_html_(self): return {evil!r}\nT()")

    html = ran.outputs[0]["data"]["text/html"]
    assert "<td>1</td>" in html
    for word in ("script>", "onclick", "<img"):
        assert word not in html


def test_text_is_bounded_over_all_cells(server: Server) -> None:
    with server.open(Limits(output_bytes=1000)) as session:
        runs = session.run([Cell(str(n), "print('x' * 600)") for n in range(4)])

    shown = "".join(text for run in runs for text in texts(run))
    assert shown.count("x") <= 1000
    assert "the rest of what was printed is not kept" in shown


def test_outputs_are_valid_in_a_notebook(run) -> None:
    sources = [
        "print('a')\n1",
        "1 / 0",
        "import matplotlib.pyplot as plt\nplt.plot([1])",
        "display(1)",
        "!ls",
        "class T:\n    def _repr_html_(self): return '<b>x</b>'\nT()",
    ]
    cells = []
    for source in sources:
        outputs = [nbformat.from_dict(output) for output in run(source).outputs]
        cells.append(nbformat.v4.new_code_cell(source, outputs=outputs))

    nbformat.validate(nbformat.v4.new_notebook(cells=cells))

    assert all(cell.outputs for cell in cells)


def test_nobody_answers_input(run) -> None:
    assert "input()" in run("input('?')").error


def test_usual_libraries_work_inside(run) -> None:
    ran = run(
        "import torch, numpy, scipy.optimize, sklearn.datasets, math\n"
        "from torch.nn import functional as F\n"
        "x, y = sklearn.datasets.load_digits(return_X_y=True)\n"
        "model = torch.nn.Linear(64, 10)\n"
        "optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
        "x, y = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)\n"
        "for _ in range(20):\n"
        "    optimiser.zero_grad(); F.cross_entropy(model(x), y).backward(); optimiser.step()\n"
        "bool((model(x).argmax(1) == y).float().mean() > 0.5)"
    )

    assert texts(ran) == ["True"], ran
