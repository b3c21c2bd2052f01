"""Answers that are code: in the editor, from a file, or typed line by line."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossedu.commands.drilling.terminal import Terminal
from lossedu.practice.families import Grade, grade
from lossedu.practice.progress.records import RIGHT

if TYPE_CHECKING:
    from lossedu.commands.drilling.asking import Asking

_END = "."
_SHOW = "show"
_EDITORS = ("VISUAL", "EDITOR")


def show(terminal: Terminal, source: str) -> None:
    """Code as it stands, set apart."""
    terminal.lines(f"    {line}".rstrip() for line in source.rstrip().splitlines())
    terminal.line()


def answered(asking: "Asking", cell: Mapping[str, Any], cause: Any = None) -> tuple[Any, Grade]:
    """Show a cell with a blank, read what takes its place, and run the check.

    As in an editor, code may be mended, which costs what a hint costs; not in an interview.

    Args:
        asking: The question.
        cell: ``setup`` and ``task``, as drawn.
        cause: Of a script that fails, what was named as its cause.
    """
    terminal, question = asking.terminal, asking.question
    editor = next((os.environ[name] for name in _EDITORS if os.environ.get(name)), "")
    _introduce(terminal, cell, can_edit=bool(editor) and terminal.interactive)
    failed: tuple[Any, Grade] | None = None
    while True:
        first = asking.read()
        if first == _SHOW and failed:
            return failed
        text = _text(terminal, first, cell["task"], editor)
        if text is None:
            continue
        answer = text if cause is None else {"cause": cause, "fix": text}
        result = grade(question, text)
        if result.verdict in RIGHT or not asking.aided:
            return answer, result if cause is None else grade(question, answer)
        terminal.report(result.says, "yellow", indent="  ")
        if result.verdict != "unreadable":
            failed = (answer, result)
            asking.hints = max(asking.hints, 1)
            terminal.line(f"  Mend it, which counts as hard, or see a solution: {_SHOW}", "dim")


def _introduce(terminal: Terminal, cell: Mapping[str, Any], *, can_edit: bool) -> None:
    if cell["setup"].strip():
        terminal.line("Above it stands:", "dim")
        show(terminal, cell["setup"])
    terminal.line("Complete it:", "dim")
    show(terminal, cell["task"])
    ways = ["edit,"] if can_edit else []
    ways += ["a file's name", f"or lines of code, and then a line with {_END} alone"]
    terminal.write(f"Your answer: {' '.join(ways)}.", "dim")


def _text(terminal: Terminal, first: str, task: str, editor: str) -> str | None:
    """What was edited, read or typed; None if there was nothing to read."""
    if first == "edit" and editor and terminal.interactive:
        return _edited(terminal, task, editor)
    path = _file_named(first)
    if path is not None:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            terminal.wrapped(f"{path} cannot be read: {error}.", "yellow", indent="  ")
            return None
    lines = [first] if first != _END else []
    while first != _END and (line := terminal.ask_raw()) != _END:
        lines.append(line)
    return "\n".join(lines) + "\n"


def _file_named(typed: str) -> Path | None:
    """The file that a line names; None if it is a line of code."""
    try:
        path = Path(typed).expanduser()
        return path if path.suffix == ".py" or path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # too long, no such user, no name at all
        return None


def _edited(terminal: Terminal, task: str, editor: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.py"
        path.write_text(task.rstrip() + "\n", encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)], check=False)
        except (OSError, ValueError) as error:
            terminal.write(f"{editor} does not start: {error}.", "yellow", indent="  ")
            return None
        if done.returncode:
            terminal.line(f"  {editor} ended with code {done.returncode}.", "yellow")
            return None
        return path.read_text(encoding="utf-8")
