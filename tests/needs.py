"""What some tests need beside Python: where it is missing they are skipped, counted and named.

Under CI nothing may be missing: there a test that lacks something fails.
"""

import ctypes
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

BROWSER, DATABASE, SANDBOX = "a browser", "a database server", "the sandbox"
HEADERS, ROOT = "the kernel's headers", "to be root"
COMPILER = "a C++ compiler"
KERNELS = "an x86 processor with AVX2"
MONITORING = "Prometheus and Alertmanager"
REMEDIES = {
    BROWSER: "sudo apt-get install chromium libatomic1",
    COMPILER: "sudo apt-get install g++",
    DATABASE: "sudo apt-get install postgresql",
    HEADERS: "sudo apt-get install linux-libc-dev",
    KERNELS: "only another machine has other kernels",
    MONITORING: "sudo apt-get install prometheus prometheus-alertmanager",
    ROOT: "only root can become another user",
    SANDBOX: ".venv/bin/autograder doctor says what is missing",
}
_REASON = "this test needs {}"


def lacking(need: str) -> NoReturn:
    """End a test for which something is not on this machine."""
    text = _REASON.format(need)
    if os.environ.get("CI"):
        pytest.fail(f"{text}, and under CI nothing may be missing. Hint: {REMEDIES[need]}")
    pytest.skip(text)


def browser() -> str:
    """The program of a browser that Playwright can drive here."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None or not _loads("libatomic.so.1"):
        lacking(BROWSER)
    return found


def database() -> Path:
    """The folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        lacking(DATABASE)
    return found[-1].parent


def compiler() -> None:
    """What torch.compile makes programs with."""
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "g++"))):
        lacking(COMPILER)


def monitoring() -> None:
    """The programs of Prometheus and Alertmanager."""
    from lossedu.monitoring.services.programs import NAMES, MissingProgramError, program

    try:
        for tool in NAMES:
            program(tool)
    except MissingProgramError:
        lacking(MONITORING)


def kernels() -> None:
    """Several kinds of vector instructions, of which a process may be told to use few."""
    facts = Path("/proc/cpuinfo")
    if not facts.exists() or " avx2 " not in facts.read_text(encoding="utf-8"):
        lacking(KERNELS)


def _loads(library: str) -> bool:
    """Whether a library is there that the program of Playwright's driver is linked with."""
    if os.uname().sysname != "Linux":
        return True
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def summary(reasons: Iterable[str]) -> list[str]:
    """Lines that count what was skipped for each need, and say what would bring it."""
    counts = Counter(reasons)
    return [
        f"skipped because they need {need}: {counts[_REASON.format(need)]}. Hint: {remedy}"
        for need, remedy in REMEDIES.items()
        if counts[_REASON.format(need)]
    ]
