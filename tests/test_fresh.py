"""A program in a fresh interpreter sees what a new one would, and leaves nothing to the next."""

import subprocess
import sys

import pytest

from tests import fresh

PROGRAMS = {
    "prints": "print('größe')",
    "reads its arguments": "import sys; print(sys.argv)",
    "ends with a code": "import sys; print('a'); sys.exit(3)",
    "ends with a message": "raise SystemExit('too bad')",
    "fails": "import os\nassert os.sep == 'x', 'no'",
    "says where it is": "import os; print(os.getcwd(), sorted(os.environ))",
    "imports from its path": "import neighbour; print(neighbour.VALUE)",
    "reads what is not there": "print(repr(input()))",
    "sets up its input": "import sys; sys.stdin.reconfigure(errors='replace'); sys.stdin.read()",
    "is the main module": "x = 1\nimport __main__; print(__name__, __main__.x)",
    "cleans up at its end": "import atexit; atexit.register(print, 'bye')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_as_it_does_in_a_new_interpreter(program, tmp_path):
    (tmp_path / "neighbour.py").write_text("VALUE = 42\n")
    env = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}

    done = fresh.run(program, "a", 1, cwd=tmp_path, env=env)

    new = subprocess.run(
        [sys.executable, "-c", program, "a", "1"],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    last = [text.stderr.splitlines()[-1:] for text in (done, new)]
    assert (done.returncode, done.stdout, last[0]) == (new.returncode, new.stdout, last[1])


def test_nothing_of_ours_is_loaded_and_nothing_stays():
    loaded = "import sys; print(*(m for m in sys.modules if m.startswith('lossedu')))"

    assert fresh.run(f"import lossedu.losses; {loaded}").stdout.split()
    assert fresh.run(loaded).stdout.split() == []
    assert {"torch", "numpy"} <= fresh.loaded_before()
    assert "lossedu" not in fresh.loaded_before()
