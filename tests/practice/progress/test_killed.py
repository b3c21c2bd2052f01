"""Two terminals and an import at once, killed at any moment: what was acknowledged is there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from lossedu.practice.progress import Progress, Store, write_progress
from tests.forks import Forks, forks
from tests.practice.reviews import review
from tests.waiting import wait_until

IMPORTED = 200
USED = """
from pathlib import Path
from lossedu.practice.progress import Store, read_progress
from tests.practice.reviews import review
"""
TERMINAL = """
with Store(sys.argv[1]) as store:
    while True:
        one = review("answered")
        store.add(one)
        print(one.id, flush=True)
"""
IMPORT = """
with Store(sys.argv[1]) as store:
    while True:
        store.merge(read_progress(Path(sys.argv[2])))
        print("imported", flush=True)
"""


@pytest.fixture(scope="module")
def loaded() -> Iterator[Forks]:
    with forks(USED) as started:
        yield started


def lines(path: Path) -> list[str]:
    """The whole lines that a process has printed."""
    return path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()


def killed_at_a_random_moment(loaded: Forks, folder: Path, seed: int) -> None:
    """Run all three, kill each at a moment of its own, and look at what is there."""
    draw = Random(seed)
    data, export = folder / "practice.sqlite", folder / "export.json"
    write_progress(Progress(tuple(review("imported", variant=n) for n in range(IMPORTED))), export)
    outs = [folder / f"{n}.txt" for n in range(3)]
    programs = [(TERMINAL, data), (TERMINAL, data), (IMPORT, data, export)]
    running = [
        loaded.start(program, out, *arguments)
        for (program, *arguments), out in zip(programs, outs, strict=True)
    ]
    for process, out in sorted(zip(running, outs, strict=True), key=lambda _: draw.random()):
        wanted = draw.randrange(0, 30)
        wait_until(lambda out=out, wanted=wanted: len(lines(out)) >= wanted)
        process.kill()

    with Store(data) as store:
        kept = store.progress().reviews
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    acknowledged = {line for out in outs[:2] for line in lines(out)}
    assert acknowledged <= {one.id for one in kept}
    imported = [one for one in kept if one.family == "imported"]
    assert len(imported) in ({IMPORTED} if lines(outs[2]) else {0, IMPORTED})


def test_processes_that_are_killed_lose_nothing_that_they_acknowledged(loaded, tmp_path):
    killed_at_a_random_moment(loaded, tmp_path, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 21))
def test_processes_killed_at_twenty_other_moments_lose_nothing_either(loaded, seed, tmp_path):
    killed_at_a_random_moment(loaded, tmp_path, seed)
