"""How both commands start: their version, completion in a shell, and what they write to pipes."""

import io
import os
import subprocess
import sys

import pytest

from lossedu import __version__
from lossedu.entry import write_unicode

COMMANDS = ("lossedu", "autograder")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """A command as a module, as `python -m` runs it."""
    environment = os.environ | {"COLUMNS": "100"} | variables
    program = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", *arguments]
    return subprocess.run(program, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [("--version",), ("--version", "losses")])
def test_a_command_says_its_version(command, words):
    done = run(command, *words)

    assert (done.stdout.decode(), done.returncode) == (f"{command} {__version__}\n", 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_alone_lists_what_it_can_do_with_its_version_and_completion(command):
    said = run(command).stdout.decode()

    assert f"Usage: python -m {command}" in said
    assert {"--version", "--install-completion", "--show-completion"} <= set(said.split())


@pytest.mark.parametrize(
    ("command", "typed", "offered"),
    [("lossedu", "lossedu la", "landscape"), ("autograder", "autograder sim", "similar")],
)
def test_a_shell_completes_what_is_typed(command, typed, offered):
    variables = {f"_{command.upper()}_COMPLETE": "complete_bash"}
    program = f"import sys; sys.argv = [{command!r}]; from {command}.__main__ import main; main()"
    words = {"COMP_WORDS": typed, "COMP_CWORD": "1"}

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | variables | words,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.stdout.split() == [offered]


def test_a_pipe_gets_utf_8_whatever_the_encoding_of_the_system_lacks():
    done = run("lossedu", "losses", "mse", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")

    assert done.returncode == 0, done.stderr
    assert "slope ≤" in done.stdout.decode("utf-8")


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "written"), [(io.TextIOWrapper, "≤"), (_Terminal, "?")])
def test_a_terminal_keeps_its_encoding_and_shows_what_it_can(monkeypatch, kind, written):
    raw = io.BytesIO()
    stream = kind(raw, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)

    write_unicode()
    stream.write("≤")
    stream.flush()

    assert raw.getvalue().decode() == written
