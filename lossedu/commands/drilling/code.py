"""Answers that are code: in the editor, from a file, or typed line by line."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossedu.commands.drilling.terminal import Terminal
from lossedu.practice.families import Grade, grade

if TYPE_CHECKING:
    from lossedu.commands.drilling.asking import Asking

_END = "."
_EDITORS = ("VISUAL", "EDITOR")


def show(terminal: Terminal, source: str) -> None:
    """Code as it stands, set apart."""
    terminal.lines(f"    {line}".rstrip() for line in source.rstrip().splitlines())
    terminal.line()


def answered(
    asking: "Asking", cell: Mapping[str, Any], wrapped: Callable[[str], Any]
) -> tuple[Any, Grade]:
    """Show a cell with a blank, read what takes its place, and run the check.

    Args:
        asking: The question.
        cell: ``setup`` and ``task``, as drawn.
        wrapped: What the grader takes, from the text.
    """
    terminal = asking.terminal
    if cell["setup"].strip():
        terminal.line("Above it stands:", "dim")
        show(terminal, cell["setup"])
    terminal.line("Complete it:", "dim")
    show(terminal, cell["task"])
    editor = next((os.environ[name] for name in _EDITORS if os.environ.get(name)), "")
    ways = ["a file's name", f"or lines of code, and then a line with {_END} alone"]
    if editor and terminal.interactive:
        ways.insert(0, "edit,")
    terminal.write(f"Your answer: {' '.join(ways)}.", "dim")
    while True:
        text = _text(asking, cell["task"], editor)
        if text is None:
            continue
        result = grade(asking.question, wrapped(text))
        if result.verdict != "unreadable":
            return wrapped(text), result
        terminal.write(result.says, "yellow", indent="  ")


def _text(asking: "Asking", task: str, editor: str) -> str | None:
    """What was edited, read or typed; None if there was nothing to read."""
    first = asking.read()
    if first == "edit" and editor and asking.terminal.interactive:
        return _edited(asking.terminal, task, editor)
    path = Path(first).expanduser()
    if path.suffix == ".py" or path.is_file():
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            asking.terminal.write(f"{path} cannot be read: {error}.", "yellow", indent="  ")
            return None
    lines = [first] if first != _END else []
    while first != _END and (line := asking.terminal.ask_raw()) != _END:
        lines.append(line)
    return "\n".join(lines) + "\n"


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
