"""The command that installs more of this package, as it has to be typed here.

It names the installer of the environment that runs this, and the place where the package came from:
a checkout, a folder, an address, or else an index.
"""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME = "lossedu"


def install_line(extra: str) -> str:
    """The command that adds an extra to this environment, for the shell and the current folder."""
    words = [*_installer(), *_requirement(extra)]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _installer() -> list[str]:
    python = Path(sys.executable)
    if not _has_pip() and shutil.which("uv"):
        return ["uv", "pip", "install", "--python", _typed(python)]
    found = shutil.which("pip")
    if found and Path(found).parent == python.parent:
        return ["pip", "install"]
    return [_typed(python), "-m", "pip", "install"]


def _has_pip() -> bool:
    """Asked of what is installed: where setuptools is, a look for the module itself warns."""
    try:
        distribution("pip")
    except PackageNotFoundError:
        return False
    return True


def _requirement(extra: str) -> list[str]:
    checkout = Path(__file__).parents[1]
    if _has_sources(checkout):
        return ["-e", f"{_typed(checkout)}[{extra}]"]
    origin = _origin()
    if "vcs_info" in origin:
        return [f"{NAME}[{extra}] @ {origin['vcs_info']['vcs']}+{origin['url']}"]
    if "archive_info" in origin:
        return [f"{NAME}[{extra}] @ {origin['url']}"]
    if "dir_info" in origin and _has_sources(folder := _folder_of(origin)):
        return [f"{_typed(folder)}[{extra}]"]
    return [f"{NAME}[{extra}]"]


def _has_sources(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / NAME).is_dir()


def _origin() -> dict[str, Any]:
    """What the installer has written of where the package came from (PEP 610)."""
    try:
        text = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    origin: dict[str, Any] = json.loads(text) if text else {}
    return origin


def _folder_of(origin: Mapping[str, Any]) -> Path:
    return Path(url2pathname(urlsplit(origin["url"]).path))


def _typed(path: Path) -> str:
    """A path as short as it can be typed in the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
