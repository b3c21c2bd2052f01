"""The machine-checked part of the house style: format, lint, types, and who imports whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "--no-cache", "."],
    "types": ["mypy"],  # it keeps what it knows of files, and takes up what has changed
    "imports": ["lint-imports", "--no-cache"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_style(check):
    tool, *arguments = CHECKS[check]

    done = subprocess.run([BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


def test_no_file_names_a_package_registry():
    hosts = ["py" + "pi.o", "python" + "hosted", "npm" + "js", "deb." + "debian"]
    pattern = "|".join(hosts)
    listed = subprocess.run(
        ["git", "grep", "-lIE", pattern], cwd=ROOT, capture_output=True, text=True
    )

    assert listed.stdout == ""


PRODUCT = ("lossedu", "autograder", "book/_ext", "benchmarks")
# Which argument is the mode, by the name of what opens a file.
OPENS = {"open": 0, "fdopen": 1, "NamedTemporaryFile": 0, "TemporaryFile": 0}


def mode_of(call: ast.Call, position: int) -> str | None:
    """How a call opens a file, if it says so and it is a file that it opens."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    given = named.get("mode") or next(iter(call.args[position : position + 1]), None)
    text = given.value if isinstance(given, ast.Constant) else None
    return text if isinstance(text, str) and set(text) <= set("rwxabt+U") else None


def leaves_encoding_open(call: ast.Call) -> bool:
    """Whether a call reads or writes text in an encoding that the system chooses."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if "encoding" in named:
        return False
    if name in ("read_text", "write_text"):  # the encoding, or another kind of object
        return len(call.args) == ("read_text", "write_text").index(name)
    if "True" in (named.get("text"), named.get("universal_newlines")):
        return True
    if name not in OPENS:
        return False
    builtin = name == "open" and isinstance(call.func, ast.Name)
    mode = mode_of(call, 1 if builtin else OPENS[name])
    if mode is None:  # binary for a temporary file, text for others; other objects open themselves
        return builtin or name == "fdopen"
    return "b" not in mode


@pytest.mark.parametrize("folder", PRODUCT)
def test_no_text_is_read_or_written_in_an_encoding_that_the_system_chooses(folder):
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and leaves_encoding_open(node)
    ]

    assert calls == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", True),
        ("path.write_text(words)", True),
        ("open(path)", True),
        ("path.open('a')", True),
        ("os.fdopen(handle, 'w')", True),
        ("subprocess.run(command, text=True)", True),
        ("tempfile.NamedTemporaryFile('w')", True),
        ("path.open('rb')", False),
        ("os.fdopen(handle, 'wb')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("session.open()", False),
        ("os.open('/proc/self/status', flags)", False),
    ],
)
def test_such_calls_are_recognised(source, found):
    (statement,) = ast.parse(source).body

    assert leaves_encoding_open(statement.value) == found
