"""``lossedu drill`` in a terminal of its own: keys, Ctrl-C, the editor, the clock, and colour."""

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from lossedu.practice.families import draw, families, family, own_answer
from lossedu.practice.progress import Store
from tests.waiting import HANG_S

QUESTION = "squared-error-one-outlier"
COLOUR = "\x1b["
CTRL_C = "\x03"
GOODBYE = "All is kept in"
AGAIN_S = 10.0


class Session:
    """A command whose input and output are a terminal of so many columns."""

    def __init__(self, *arguments, data, columns=80, **variables):
        self.master, slave = pty.openpty()
        settings = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color"}
        environment = os.environ | settings | {"LOSSEDU_PRACTICE": str(data)} | variables
        if "NO_COLOR" not in variables:
            environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lossedu", "drill", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.output = ""

    def wait_for(self, text):
        """Read until a text has been printed."""
        while text not in self.output:
            if not self._read():
                raise AssertionError(f"it ended without {text!r}: {self.output}")

    def type(self, text):
        os.write(self.master, text.encode())

    def interrupt(self):
        """Press Ctrl-C, and again where nothing comes of it.

        The line editor loses a signal that arrives after the prompt and before it begins to wait.
        """
        self.type(CTRL_C)
        while GOODBYE not in self.output:
            if not self._read(AGAIN_S):
                assert self.process.poll() is None, f"it ended without {GOODBYE!r}: {self.output}"
                self.type(CTRL_C)

    def ended(self):
        """The exit code, and all that was printed."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(timeout=HANG_S)

    def close(self):
        """End what a failed test has left."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self.master)

    def _read(self, limit_s=HANG_S):
        with suppress(OSError):  # the end, on Linux
            if select.select([self.master], [], [], limit_s)[0]:
                part = os.read(self.master, 4096)
                self.output += part.decode(errors="replace")
                return bool(part)
        return False


@pytest.fixture
def data(tmp_path):
    return tmp_path / "practice.sqlite"


@pytest.fixture
def begin():
    """Begins sessions, and ends what a failed test has left of them."""
    sessions = []

    def started(*arguments, **settings):
        sessions.append(Session(*arguments, **settings))
        return sessions[-1]

    yield started
    for session in sessions:
        session.close()


def reviews(data):
    with Store(data) as store:
        return store.progress().reviews


def test_a_question_is_answered_in_a_terminal(begin, data):
    session = begin("topic", QUESTION, data=data)
    session.wait_for("> ")
    session.type(own_answer(draw(family(QUESTION), 0)) + "\n")
    session.wait_for("1 answer, 1 right.")

    assert session.ended() == 0
    assert "Right." in session.output
    assert COLOUR in session.output
    assert [review.verdict for review in reviews(data)] == ["right"]


def test_there_is_no_colour_where_nobody_wants_it(begin, data):
    session = begin("topic", QUESTION, data=data, NO_COLOR="1")
    session.wait_for("> ")
    session.type("quit\n")

    assert session.ended() == 0
    assert not re.search(r"\x1b\[\d*(;\d+)*3\d", session.output)


def test_ctrl_c_at_a_question_keeps_the_answers_before_it(begin, data):
    session = begin("topic", QUESTION, data=data)
    session.wait_for("> ")
    session.type("0.0001\n")  # wrong: the question comes once more
    session.wait_for("2 of 2")
    session.wait_for("> ")
    session.interrupt()

    assert session.ended() == 130
    assert "1 answer, 0 right. All is kept in" in session.output
    assert len(reviews(data)) == 1


def test_ctrl_c_before_the_first_question_leaves_a_whole_file(begin, data):
    session = begin("today", data=data)
    session.wait_for("Enter to begin")
    session.interrupt()

    assert session.ended() == 130
    assert reviews(data) == ()


def test_ctrl_d_ends_the_session_well(begin, data):
    session = begin("topic", QUESTION, data=data)
    session.wait_for("> ")
    session.type("\x04")

    assert session.ended() == 0
    assert "All is kept in" in session.output


def test_a_terminal_that_is_closed_loses_nothing(begin, data):
    session = begin("topic", QUESTION, data=data)
    session.wait_for("> ")
    session.type("0.0001\n")
    session.wait_for("2 of 2")
    session.process.send_signal(signal.SIGHUP)
    session.process.wait(timeout=HANG_S)
    os.close(session.master)

    assert len(reviews(data)) == 1


def a_coding_question():
    return next(one for one in families().values() if one.kind == "code")


@pytest.mark.slow  # the check of an answer imports what the answer does
def test_code_is_written_in_the_editor(begin, data, tmp_path):
    question = a_coding_question()
    answer = tmp_path / "answer.py"
    answer.write_text(own_answer(draw(question, 0)), encoding="utf-8")
    copying = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"
    editor = shlex.join([sys.executable, "-c", copying, str(answer)])
    session = begin("topic", question.id, data=data, EDITOR=editor, VISUAL="")
    session.wait_for("edit, a file's name")
    session.type("edit\n")
    session.wait_for("1 answer, 1 right.")

    assert session.ended() == 0
    assert [review.verdict for review in reviews(data)] == ["right"]


def test_an_editor_that_fails_costs_nothing(begin, data):
    question = a_coding_question()
    session = begin("topic", question.id, data=data, EDITOR="false", VISUAL="")
    session.wait_for("edit, a file's name")
    session.type("edit\n")
    session.wait_for("false ended with code 1.")
    session.type("quit\n")

    assert session.ended() == 0
    assert reviews(data) == ()


@pytest.mark.parametrize("columns", [60, 80])
def test_no_line_is_wider_than_the_terminal(begin, data, columns):
    session = begin("report", data=data, columns=columns, NO_COLOR="1")

    assert session.ended() == 0
    plain = re.sub(r"\x1b\[[\d;]*m", "", session.output)
    assert max(map(len, plain.splitlines())) <= columns


def test_the_first_question_needs_no_heavy_library(data):
    program = (
        "import sys; sys.argv = ['lossedu', 'drill', 'topic', sys.argv[1]]\n"
        "from lossedu.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, QUESTION],
        input="?\n0.5\nquit\n",
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"LOSSEDU_PRACTICE": str(data)},
        check=True,
    )

    loaded = {module.partition(".")[0] for module in done.stderr.splitlines()}
    assert "One outlier" in done.stdout
    assert not loaded & {"torch", "numpy", "sympy", "matplotlib", "scipy", "sklearn"}


def an_aloud_question():
    return next(one for one in families().values() if one.kind == "spoken")


def test_a_clock_runs_while_somebody_speaks(begin, data):
    question = an_aloud_question()
    session = begin("topic", question.id, data=data)
    session.wait_for("Enter starts the clock")
    session.type("\n")
    session.wait_for("(Enter when you are done)")
    session.type("\n")
    session.wait_for("A model answer")
    session.wait_for("letters, or Enter for none")
    session.type("a\n")
    session.wait_for("Enter for none: a")
    session.type("\nstrong\n")  # no red flag, and a mark of one's own
    session.wait_for("1 answer, 1 right.")

    assert session.ended() == 0
    assert re.search(r"\d:\d\d  \(Enter", session.output)
    (review,) = reviews(data)
    assert (review.family, review.answer["said"]) == (question.id, [0])
    assert len(review.ticks) == 1


def test_ctrl_c_while_the_clock_runs_keeps_what_there_was(begin, data):
    session = begin("topic", an_aloud_question().id, data=data)
    session.wait_for("Enter starts the clock")
    session.type("\n")
    session.wait_for("(Enter when you are done)")
    session.interrupt()

    assert session.ended() == 130
    assert "All is kept in" in session.output
    assert reviews(data) == ()
