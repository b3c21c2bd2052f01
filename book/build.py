"""Builds the book: ``python book/build.py``, as ``make book`` does.

An interruption is one line.  What is done is kept: executed chapters in their cache, and pages that
were written.  A page may have been cut in the middle, so after an interruption, or after a kill,
the next build writes all pages again.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).parent
SITE = BOOK / "_build" / "html"
UNFINISHED = BOOK / "_build" / ".unfinished"
JUPYTER_BOOK = str(Path(sys.executable).parent / "jupyter-book")
COMMAND = [JUPYTER_BOOK, "build", "book", "--config", "_config.yml", "--path-output", "book"]
COMMAND += ["-W", "--keep-going"]
PATIENCE_S = 60.0  # as long as kernels may take to end


def main(command: list[str]) -> None:
    """Build, and die of an interruption, so that make stops as well."""
    write_again()
    UNFINISHED.parent.mkdir(parents=True, exist_ok=True)
    UNFINISHED.touch()
    try:
        code = build(command)
    except KeyboardInterrupt:
        print("Interrupted. What is done is kept: make book goes on from there.", flush=True)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    UNFINISHED.unlink()
    sys.exit(code)


def build(command: list[str]) -> int:
    """Run a command, and show what it says until it is interrupted: the rest is of no use then.

    Raises:
        KeyboardInterrupt: On Ctrl-C, when the command has ended.
    """
    colours = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    # In a session of its own: Ctrl-C is for this process, which hands it on.
    running = subprocess.Popen(
        command,
        cwd=BOOK.parent,
        env=os.environ | colours,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert running.stdout is not None
    try:
        while part := os.read(running.stdout.fileno(), 2**16):
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
        return running.wait()
    except BaseException:
        stop(running)
        raise


def stop(running: "subprocess.Popen[bytes]") -> None:
    """Interrupt a command and all that it has started; kill what does not end."""
    try:
        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=PATIENCE_S)
    except BaseException:  # it takes too long, or Ctrl-C once more
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def write_again() -> None:
    """Let the pages of an unfinished build count as older than their sources."""
    if UNFINISHED.exists():
        for page in SITE.rglob("*.html"):
            os.utime(page, (0, 0))


if __name__ == "__main__":
    main(COMMAND)
