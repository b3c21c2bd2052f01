"""Code: a cell with a blank and a check, or a script that fails and has to be mended.

An answer is the candidate's own code and runs on her own machine, in a process of its own with a
time limit.  It is not a sandbox.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from lossedu.practice.families.answers import choices
from lossedu.practice.families.question import Grade
from lossedu.practice.families.scope import Scope

TIME_LIMIT_S = 20.0
_LINES = 4  # of a traceback, counted from its end
_PARTS = ("setup", "task", "check", "solution")


def draw(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The cell, its check and what stands above it; braces of Python stay."""
    parts = {name: _source(answer.get(name, ""), scope) for name in _PARTS}
    return {**parts, "mistakes": [_source(text, scope) for text in answer.get("mistakes", [])]}


def draw_debug(answer: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The script, the check that shows its fault, the causes to choose from, and the repair."""
    return {
        "script": _source(answer["script"], scope),
        "symptom": _source(answer["symptom"], scope),
        "causes": choices.draw({"options": answer["causes"]}, scope),
        "fix": draw(answer["fix"], scope),
    }


def _source(text: str, scope: Scope) -> str:
    """Python in which ``{name}`` of a value is filled in, and every other brace stays."""
    fenced = scope.words(f"```\n{text}\n```") if text else ""
    return fenced.removeprefix("```\n").removesuffix("\n```")


def own(answer: Mapping[str, Any]) -> str:
    """The solution."""
    return str(answer["solution"])


def own_debug(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The cause and the repair."""
    return {"cause": choices.own(answer["causes"]), "fix": own(answer["fix"])}


def grade(
    answer: Mapping[str, Any], typed: str, *, before: str = "", limit_s: float = TIME_LIMIT_S
) -> Grade:
    """Run what stands above, the answer and the check, one after the other.

    Args:
        answer: A drawn cell.
        typed: What takes the place of the task.
        before: More that stands above.
        limit_s: After so many seconds the process is stopped.
    """
    program = "\n".join([before, answer["setup"], typed])
    try:
        compile(typed, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as error:
        says = f"Line {error.lineno} is not Python: {error.msg}."
        return Grade("unreadable", says, position=_position(typed, error))
    except ValueError as error:
        return Grade("unreadable", f"This is not Python: {error}.", position=0)
    for source, failed in ((program, "Your code stops"), (f"{program}\n{answer['check']}", "")):
        raised = _raised_by(source, limit_s)
        if raised:
            return Grade("wrong", f"{failed}: {raised}" if failed else f"Not yet: {raised}")
    return Grade("right", "Right.")


def _position(typed: str, error: SyntaxError) -> int:
    lines = typed.splitlines(keepends=True)
    return sum(map(len, lines[: (error.lineno or 1) - 1])) + max((error.offset or 1) - 1, 0)


def _raised_by(source: str, limit_s: float) -> str:
    """What a program raises, shortened; empty if it runs to its end."""
    end = secrets.token_hex(8)  # sys.exit(0) ends a program, but does not pass its check
    command = [sys.executable, "-W", "ignore", "-c", f"{source}\nprint({end!r})"]
    quiet = os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            encoding="utf-8",
            errors="replace",
            env=quiet,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it runs for more than {limit_s:g} seconds."
    if done.returncode == 0:
        reached = done.stdout.rstrip().endswith(end)
        return "" if reached else "it does not reach its end."
    lines = done.stderr.strip().splitlines()
    return "\n".join(lines[-_LINES:]) if lines else f"it ends with code {done.returncode}."


def grade_debug(answer: Mapping[str, Any], given: Mapping[str, Any] | int | str) -> Grade:
    """The cause by its number, the repair as code, or both; the first that is wrong is said."""
    if isinstance(given, int):
        given = {"cause": given}
    elif isinstance(given, str):
        given = {"fix": given}
    grades = []
    if "cause" in given:
        grades.append(choices.grade(answer["causes"], given["cause"]))
    if "fix" in given:
        grades.append(grade(answer["fix"], given["fix"]))
    if not grades:
        return Grade("unreadable", "Name a cause, or mend the script.")
    wrong = [one for one in grades if not one.passed]
    if not wrong:
        return grades[-1] if len(grades) == 1 else Grade("right", grades[0].says)
    if len(wrong) < len(grades):
        return Grade("partly", wrong[0].says)
    return wrong[0]
