"""``check("focal.values")`` in a student's notebook."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder import check
from autograder.student.notebook_check import NotebookWork, NotYetError, named, sentence

RIGHT = (
    "import torch\nfrom torch.nn import functional as F\n"
    "def binary_cross_entropy(logits, targets):\n"
    "    return -F.logsigmoid((2 * targets - 1) * logits)\n"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs cells in a shell of its own that remembers nothing, and gives the last result."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))

    def ran(*cells):
        config = Config()
        config.HistoryManager.enabled = False
        shell = InteractiveShell(config=config)
        results = [
            shell.run_cell(cell, store_history=True)
            for cell in ("from autograder import check", *cells)
        ]
        return results[-1]

    return ran


def test_a_right_answer_prints_one_line_with_the_points(capsys):
    exec(RIGHT + "from autograder import check\ncheck('focal.bce')", {"__name__": "notebook"})

    assert capsys.readouterr().out == (
        "focal.bce: right on the open examples (2 points at stake).\n"
    )


def test_a_wrong_answer_raises_what_nbgrader_shows():
    wrong = RIGHT.replace("-F.log", "F.log")

    with pytest.raises(AssertionError) as raised:
        exec(wrong + "from autograder import check\ncheck('focal.bce')", {"__name__": "notebook"})

    assert str(raised.value).startswith(
        "focal.bce (2 points at stake): binary_cross_entropy has the wrong sign"
    )
    assert "Read: classification/cross-entropy.html#definition" in str(raised.value)
    assert raised.value._render_traceback_() == [str(raised.value)]


def test_an_unsolved_task_says_so():
    unsolved = "def focal_loss(*arguments): raise NotImplementedError('focal-loss')\n"

    with pytest.raises(NotYetError, match=r"focal_loss is not solved yet\.$"):
        exec(unsolved + "from autograder import check\ncheck('focal.values')", {})


def test_a_name_that_no_assignment_has_lists_those_that_exist():
    with pytest.raises(LookupError, match=r"focal\.bce-extremes.*but is 'focal.nothing'"):
        check("focal.nothing")
    with pytest.raises(LookupError, match=r"'focal'.*but is 'nothing'"):
        check("nothing")


@pytest.mark.parametrize("slip", ["focal.vals", "focl.values", "Focal.Values", "focl.vals"])
def test_a_slip_in_a_checks_name_is_answered_with_the_nearest(slip):
    with pytest.raises(LookupError, match=r"Hint: did you mean 'focal\.values'\?"):
        check(slip)


def test_the_points_that_are_safe_are_told():
    asked = named("focal.values")
    namespace = {}
    exec(
        "from torch.nn import functional as F\n"
        "def focal_loss(z, y, gamma, alpha): return -F.logsigmoid((2 * y - 1) * z)\n",
        namespace,
    )

    said = sentence(asked, asked.judge(NotebookWork(namespace, {}), None))

    assert said.startswith("focal.values (2 points at stake, 1 of them safe on the open examples):")


@pytest.mark.parametrize(
    ("rewritten", "fault"),
    [(False, "uses binary_cross_entropy_with_logits"), (True, None)],
)
def test_in_a_session_a_cell_that_was_written_anew_counts_as_it_is_now(run, rewritten, fault):
    ready = (
        "import torch\nfrom torch.nn import functional as F\n"
        "def binary_cross_entropy(z, y):\n"
        "    return F.binary_cross_entropy_with_logits(z, y, reduction='none')"
    )

    result = run(ready, *([RIGHT] if rewritten else []), "check('focal.bce')")

    assert (fault is None) == (result.error_in_exec is None)
    assert fault is None or fault in str(result.error_in_exec)
