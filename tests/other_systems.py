"""Makes a Python of Linux lack what it lacks on macOS or Windows, then runs commands in it.

Run as a program with the name of the system, a folder, and a file for what was found, as JSON.
Libraries of others are loaded first: they know their systems themselves.
"""

import contextlib
import importlib
import io
import json
import os
import pkgutil
import platform
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

LIBRARIES = """
    torch numpy typer rich.progress rich.table matplotlib.pyplot matplotlib.backends.backend_svg
    accelerate yaml safetensors.torch sklearn.datasets sklearn.model_selection sklearn.isotonic
    scipy.optimize sympy plotly.graph_objects jinja2 psutil joblib filelock hypothesis bleach
    nbformat nbconvert nbgrader.apps.api nbgrader.preprocessors jupytext nbclient jupyter_client
    IPython.core.interactiveshell IPython.core.inputtransformer2 torch._dynamo
    concurrent.futures.process multiprocessing.forkserver asyncio subprocess
"""
NAMES = {"darwin": "Darwin", "win32": "Windows"}
MODULES = {"darwin": "", "win32": "resource fcntl pwd grp termios tty pty syslog"}
OF_OS = {
    "darwin": "sched_getaffinity sched_setaffinity memfd_create setns unshare",
    "win32": """fork forkpty sched_getaffinity sched_setaffinity memfd_create setns unshare getuid
        geteuid getgid getegid pread pwrite killpg getpgid setsid wait3 wait4 mkfifo mknod chown
        lchown fchown statvfs uname nice getpriority getloadavg sysconf fchdir sync O_NOFOLLOW
        O_NONBLOCK O_CLOEXEC O_DIRECTORY""",
}
OF_SIGNAL = {
    "darwin": "",
    "win32": """SIGALRM SIGKILL SIGXFSZ SIGHUP SIGCHLD SIGUSR1 setitimer ITIMER_REAL alarm
        pthread_sigmask""",
}
OF_SOCKET = {
    "darwin": "SOCK_SEQPACKET SO_PEERCRED",
    "win32": "AF_UNIX send_fds recv_fds SOCK_SEQPACKET SO_PEERCRED",
}
PEAK_MB = 123.0
# What runs submissions: needed on Linux alone.
ON_LINUX = ("autograder.sandbox.", "autograder.grading.grader", "autograder.grading.handed_in")


def become(system: str) -> None:
    """Take away what the system does not have."""
    for name in LIBRARIES.split():
        importlib.import_module(name)
    for name in MODULES[system].split():
        sys.modules[name] = None  # type: ignore[assignment]
    for place, lacks in ((os, OF_OS), (signal, OF_SIGNAL), (socket, OF_SOCKET)):
        for name in lacks[system].split():
            if hasattr(place, name):
                delattr(place, name)
    if system == "win32":
        _give_windows_memory()
        _refuse_to_replace_open_files()
    sys.platform = system
    platform.system = lambda: NAMES[system]


def _give_windows_memory() -> None:
    import psutil

    class Memory:
        peak_wset = PEAK_MB * 2**20

    psutil.Process = lambda: type("Process", (), {"memory_info": lambda self: Memory})()


def _refuse_to_replace_open_files() -> None:
    """Windows neither replaces nor removes a file that is open or mapped."""

    def guarded(call: Callable[..., None], which: int) -> Callable[..., None]:
        def checked(*arguments: object, **named: object) -> None:
            path = str(Path(os.fspath(arguments[which])).absolute())
            if path in held():
                raise PermissionError(13, "the file is open in this process", path)
            return call(*arguments, **named)

        return checked

    os.replace, os.rename = guarded(os.replace, 1), guarded(os.rename, 1)
    os.unlink, os.remove = guarded(os.unlink, 0), guarded(os.remove, 0)


def held() -> set[str]:
    """The files that this process has open or mapped."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(number.readlink()))
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return found | {line.split(maxsplit=5)[5] for line in maps if line.count(" ") > 5}


def importable() -> list[str]:
    """The modules of both packages that cannot be imported, but for what runs submissions."""
    broken = []
    for package in ("lossedu", "autograder"):
        for module in pkgutil.walk_packages([package], f"{package}."):
            if module.name.startswith(ON_LINUX) or module.name.endswith("__main__"):
                continue
            try:
                importlib.import_module(module.name)
            except Exception as error:
                broken.append(f"{module.name}: {error!r}")
    return broken


def run(command: str, *arguments: object) -> dict[str, object]:
    """Run a command in this process: its exit code and what it said."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = [command, *map(str, arguments)]
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            importlib.import_module(f"{command}.__main__").main()
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            code = traceback.format_exc()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def checked(course: Path) -> list[str]:
    """What `check` says in a notebook with right answers, cell by cell."""
    import nbformat

    from autograder.course.sample_class import answers_in, filled_in

    exercise = (course / "exercises/focal/focal.ipynb").read_text(encoding="utf-8")
    answers = answers_in((course / "samples/focal/right.py").read_text(encoding="utf-8"))
    notebook = nbformat.reads(filled_in(exercise, answers), as_version=4)
    cells: list[str] = []
    namespace = {"__name__": "__main__", "In": cells}
    said = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cells.append(cell.source)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(cell.source, cell.id, "exec"), namespace)
            said.append(out.getvalue().strip())
    return said


def main(system: str, folder: Path, found: Path) -> None:
    """Do what must work everywhere, and what says that it needs Linux."""
    become(system)
    config = folder / "one epoch.yaml"
    config.write_text("recipe: digits\nepochs: 1\n", encoding="utf-8")
    runs, at, focal = folder / "runs", ("--root", folder), folder / "exercises/focal/focal.ipynb"
    results: dict[str, object] = {
        "broken": importable(),
        "train": run("lossedu", "train", config, "--out", runs, "--quiet"),
        "again": run("lossedu", "train", config, "--out", runs, "--quiet"),
        "line": run(
            "lossedu",
            "landscape",
            "line",
            runs,
            "--resolution",
            3,
            "--quiet",
            "--out",
            folder / "line.svg",
        ),
        "diagnose": run("lossedu", "diagnose", runs),
        "release": run("autograder", "release", "focal", *at),
        "check": checked(folder),
        "new-course": run("autograder", "new-course", folder / "spring"),
        "similar": run("autograder", "similar", "focal", *at),
        "doctor": run("autograder", "doctor"),
        "try": run("autograder", "try", focal),
        "try --trust": run("autograder", "try", "--trust", focal),
        "sample-class": run("autograder", "sample-class", "focal", *at),
        "grade": run("autograder", "grade", "--assignment", "focal", focal, *at),
    }
    found.write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
