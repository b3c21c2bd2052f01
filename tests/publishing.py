"""The wheel and the sdist of this repository, as they are published."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests import once

ROOT = Path(__file__).parent.parent


def build(folder: Path, out: Path, *targets: str) -> None:
    """Build with the backend that pyproject.toml names, without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    command += [word for target in targets for word in ("-t", target)]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wheel_in(folder: Path) -> dict[str, bytes]:
    """The files of the one wheel of a folder."""
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def published() -> Path:
    """A folder with the wheel and the sdist of this repository, built once a run."""
    return once.folder_once_a_run("published", lambda out: build(ROOT, out, "sdist", "wheel"))
