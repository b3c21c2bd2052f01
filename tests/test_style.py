"""The machine-checked part of the house style: format, lint, types, and who imports whom."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "--no-cache", "."],
    "types": ["mypy", "--cache-dir", "{tmp}"],
    "imports": ["lint-imports", "--no-cache"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_style(check, tmp_path):
    tool, *arguments = [part.format(tmp=tmp_path) for part in CHECKS[check]]

    done = subprocess.run([BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"


def test_no_file_names_a_package_registry():
    hosts = ["py" + "pi.o", "python" + "hosted", "npm" + "js", "deb." + "debian"]
    pattern = "|".join(hosts)
    listed = subprocess.run(
        ["git", "grep", "-lIE", pattern], cwd=ROOT, capture_output=True, text=True
    )

    assert listed.stdout == ""
