"""Programs that try to take down, to fill up, or to deceive harm only themselves.

Each cell is run, then ``attack()`` is called if the program defines it.
"""

from dataclasses import dataclass, replace

import pytest

from autograder.sandbox.client import Limits, Server
from autograder.sandbox.session import Call, Cell
from tests.autograder.sandbox.conftest import BRIEF_S, PATIENT


@dataclass(frozen=True)
class Loud:
    """A program, and the ways in which its cell and its function may end."""

    source: str
    cell: frozenset[str]
    call: frozenset[str]

    @property
    def limits(self) -> Limits:
        """Little time for what never ends, and enough on any machine for what does."""
        brief = {"cell_s": self.cell, "call_s": self.call}
        few = {name: BRIEF_S for name, ways in brief.items() if "timeout" in ways}
        return replace(PATIENT, **few, grace_s=BRIEF_S) if few else PATIENT


def loud(source: str, cell: str = "ok", call: str = "missing") -> Loud:
    return Loud(source, frozenset(cell.split()), frozenset(call.split()))


LOUD = {
    "endless_loop": loud("while True:\n    pass", "timeout"),
    "endless_loop_in_a_function": loud("def attack():\n    while True: pass", call="timeout"),
    "endless_loop_in_c": loud("def attack():\n    return sum(iter(int, 1))", call="timeout"),
    "endless_loop_that_catches_everything": loud(
        "def attack():\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        call="timeout",
    ),
    "endless_loop_deaf_to_alarms": loud(
        "import signal\ndef attack():\n"
        "    for kind, number in ((0, signal.SIGALRM), (2, signal.SIGPROF)):\n"
        "        signal.signal(number, signal.SIG_IGN)\n        signal.setitimer(kind, 0)\n"
        "    while True: pass",
        call="timeout",
    ),
    "endless_loop_with_blocked_signals": loud(
        "import signal\ndef attack():\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
        call="timeout",
    ),
    "sleeping_for_ever": loud("import time\ntime.sleep(1e9)", "timeout"),
    "sleeping_and_deaf": loud(
        "import signal, time\ndef attack():\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    time.sleep(1e9)",
        call="timeout",
    ),
    "deadlock": loud(
        "import threading\ndef attack():\n    lock = threading.Lock()\n    lock.acquire()\n"
        "    lock.acquire()",
        call="timeout",
    ),
    "memory_bomb": loud("def attack():\n    return len(bytearray(10**11))", call="error"),
    "memory_bomb_in_small_pieces": loud(
        "def attack():\n    held = []\n    while True: held.append(bytearray(10**7))", call="error"
    ),
    "memory_bomb_in_torch": loud(
        "import torch\ndef attack():\n    held = []\n"
        "    while True: held.append(torch.ones(10**7))",
        call="error",
    ),
    "shared_memory_bomb": loud(
        "import mmap\ndef attack():\n    held = []\n"
        "    while True: held.append(mmap.mmap(-1, 10**8))",
        call="error",
    ),
    "memory_bomb_that_catches": loud(
        "def attack():\n    held = []\n    while True:\n        try:\n"
        "            held.append(bytearray(10**6))\n        except MemoryError: pass",
        call="timeout",
    ),
    "fork_bomb": loud("import os\nwhile True:\n    os.fork()", "error"),
    "thread_bomb": loud(
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(1e6,)).start()",
        "error",
    ),
    "gigabytes_of_output": loud("while True:\n    print('x' * 10**6)", "timeout"),
    "gigabytes_of_raw_output": loud(
        "import os\nwhile True:\n    os.write(1, b'x' * 10**6)", "error"
    ),
    "gigabytes_of_display": loud(
        "from IPython.display import HTML\nwhile True:\n    display(HTML('x' * 10**5))", "timeout"
    ),
    "figures_without_number": loud(
        "import matplotlib.pyplot as plt\nwhile True:\n    plt.plot([1, 2]); plt.show()",
        "timeout",
    ),
    "an_enormous_figure": loud(
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(3000, 3000)); plt.plot([1, 2]);",
        "error timeout crashed",
    ),
    "a_huge_value": loud(
        "import torch\ndef attack():\n    return torch.zeros(3 * 10**7)", call="unreadable"
    ),
    "a_huge_expanded_value": loud(
        "import torch\ndef attack():\n    return torch.zeros(1).expand(10**13)", call="unreadable"
    ),
    "a_huge_number": loud("def attack():\n    return 10**10_000", call="unreadable"),
    "a_list_that_holds_itself": loud(
        "def attack():\n    x = []\n    x.append(x)\n    return x", call="unreadable"
    ),
    "os_exit": loud("import os\nos._exit(0)", "crashed", "crashed"),
    "os_exit_in_a_function": loud("import os\ndef attack():\n    os._exit(0)", call="crashed"),
    "sys_exit": loud("import sys\nsys.exit(0)", "error"),
    "sys_exit_in_a_function": loud("import sys\ndef attack():\n    sys.exit()", call="error"),
    "interrupt": loud("def attack():\n    raise KeyboardInterrupt", call="error"),
    "segfault": loud("import ctypes\nctypes.string_at(0)", "crashed", "crashed"),
    "segfault_in_a_function": loud(
        "import ctypes\ndef attack():\n    ctypes.string_at(0)", call="crashed"
    ),
    "abort": loud("import os\nos.abort()", "crashed", "crashed"),
    "stack_overflow": loud(
        "import sys\nsys.setrecursionlimit(10**9)\ndef attack():\n    return attack()",
        call="crashed error timeout",
    ),
    "deep_recursion": loud("def attack():\n    return attack()", call="error"),
    "deeply_nested_source": loud(
        "x = " + "(" * 5000 + ")" * 5000, "error crashed", "missing crashed"
    ),
    "deeply_nested_value": loud(
        "def attack():\n    x = []\n    for _ in range(10**5): x = [x]\n    return x",
        call="unreadable crashed",
    ),
    "threads_left_running": loud(
        "import threading\ndef work():\n    while True: pass\n"
        "[threading.Thread(target=work).start() for _ in range(4)]\n"
        "def attack():\n    return 1.0",
        call="ok timeout",
    ),
    "exit_handlers": loud(
        "import atexit, time, signal\natexit.register(time.sleep, 1e6)\n"
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]\ndef attack():\n    return 1.0",
        call="ok",
    ),
    "closing_all_descriptors": loud(
        "import os\ndef attack():\n    os.closerange(0, 1000)", call="crashed"
    ),
    "filling_the_disk": loud(
        "def attack():\n    for n in range(1000):\n"
        "        with open(f'/tmp/{n}', 'wb') as f: f.write(b'x' * 10**7)",
        call="error",
    ),
    "files_without_number": loud(
        "def attack():\n    for n in range(10**6): open(f'/tmp/{n}', 'w').close()", call="error"
    ),
    "a_sparse_file": loud(
        "def attack():\n    with open('/tmp/x', 'wb') as f: f.truncate(10**12)", call="error"
    ),
    "descriptors_without_number": loud(
        "def attack():\n    held = [open('/dev/null') for _ in range(10**5)]", call="error"
    ),
    "clock_games": loud(
        "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0\n"
        "time.sleep = lambda s: None\nimport os\ntime.clock_settime(0, 0)",
        "error",
    ),
    "patched_signal": loud(
        "import signal\nsignal.setitimer = signal.signal = lambda *a: None\nwhile True: pass",
        "timeout",
    ),
    "a_second_alarm": loud(
        "import signal\n[signal.setitimer(kind, 1000) for kind in (0, 1, 2)]\nwhile True: pass",
        "timeout",
        "timeout",
    ),
    "a_name_that_is_no_text": loud(
        "import ctypes\nctypes.CDLL(None).prctl(15, b'\\xff) R 1 \\xfe', 0, 0, 0)", "ok"
    ),
    "a_name_that_looks_like_a_measurement": loud(
        "import ctypes\nctypes.CDLL(None).prctl(15, b'\\x0b1 2 3 kB', 0, 0, 0)", "ok"
    ),
    "asking_the_teacher": loud("input('password? ')", "error"),
}


@pytest.mark.parametrize("name", LOUD)
@pytest.mark.usefixtures("unharmed")
def test_a_program_harms_only_itself(name: str, server: Server) -> None:
    program = LOUD[name]

    with server.open(program.limits) as session:
        (run,) = session.run([Cell("a", program.source)])
        (reply,) = session.call([Call("attack")])
        session.close()

    assert run.status in program.cell, run
    assert reply.status in program.call, reply
    assert sum(len(str(output)) for output in run.outputs) < 9_000_000
