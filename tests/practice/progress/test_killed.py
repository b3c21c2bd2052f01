"""Two terminals and an import at once, killed at any moment: what was acknowledged is there."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from lossedu.practice.progress import Progress, Store, write_progress
from tests.practice.reviews import review
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]
IMPORTED = 200
TERMINAL = """
import sys
from lossedu.practice.progress import Store
from tests.practice.reviews import review
with Store(sys.argv[1]) as store:
    while True:
        one = review("answered")
        store.add(one)
        print(one.id, flush=True)
"""
IMPORT = """
import sys
from pathlib import Path
from lossedu.practice.progress import Store, read_progress
with Store(sys.argv[1]) as store:
    while True:
        store.merge(read_progress(Path(sys.argv[2])))
        print("imported", flush=True)
"""


def started(program: str, out: Path, *arguments: Path) -> subprocess.Popen:
    with out.open("w", encoding="utf-8") as stream:
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=stream,
        )


def lines(path: Path) -> list[str]:
    """The whole lines that a process has printed."""
    return path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()


def killed_at_a_random_moment(folder: Path, seed: int) -> None:
    """Run all three, kill each at a moment of its own, and look at what is there."""
    draw = Random(seed)
    data, export = folder / "practice.sqlite", folder / "export.json"
    write_progress(Progress(tuple(review("imported", variant=n) for n in range(IMPORTED))), export)
    outs = [folder / f"{n}.txt" for n in range(3)]
    programs = [(TERMINAL, data), (TERMINAL, data), (IMPORT, data, export)]
    running = [
        started(program, out, *arguments)
        for (program, *arguments), out in zip(programs, outs, strict=True)
    ]
    for process, out in sorted(zip(running, outs, strict=True), key=lambda _: draw.random()):
        wanted = draw.randrange(0, 30)
        wait_until(lambda out=out, wanted=wanted: len(lines(out)) >= wanted)
        process.send_signal(signal.SIGKILL)
        process.wait()

    with Store(data) as store:
        kept = store.progress().reviews
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    acknowledged = {line for out in outs[:2] for line in lines(out)}
    assert acknowledged <= {one.id for one in kept}
    imported = [one for one in kept if one.family == "imported"]
    assert len(imported) in ({IMPORTED} if lines(outs[2]) else {0, IMPORTED})


def test_processes_that_are_killed_lose_nothing_that_they_acknowledged(tmp_path):
    killed_at_a_random_moment(tmp_path, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 21))
def test_processes_killed_at_twenty_other_moments_lose_nothing_either(seed, tmp_path):
    killed_at_a_random_moment(tmp_path, seed)
