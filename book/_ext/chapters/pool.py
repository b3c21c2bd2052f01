"""Runs several chapters side by side, the longest first."""

import asyncio
import os
from collections.abc import Callable, Sequence

from .chapter import Chapter
from .kernel import Run, Settings, run

JOBS_VARIABLE = "LOSSEDU_CHAPTER_JOBS"
_MOST = 8  # a chapter with torch takes half a gigabyte


def jobs() -> int:
    """How many chapters run at a time: one a core that this process may use.

    Raises:
        ValueError: If the environment names another number that is none.
    """
    given = os.environ.get(JOBS_VARIABLE, "").strip()
    if not given:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return min(cores or 1, _MOST)
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{JOBS_VARIABLE} must be a whole number from 1, but is {given!r}.")
    return int(given)


def longest_first(chapters: Sequence[Chapter], known_s: dict[str, float]) -> list[Chapter]:
    """Chapters in the order in which they should start, so that none is left over at the end.

    Args:
        chapters: What is to be run.
        known_s: Name -> seconds of an earlier run; a chapter without one is judged by its length,
            and of two chapters of one length the first in the book goes first.
    """
    known = [(c, known_s[c.name]) for c in chapters if c.name in known_s]
    letters = sum(len("".join(c.code)) for c, _ in known)
    per_letter = sum(s for _, s in known) / letters if letters else 1.0
    expected = {c.name: known_s.get(c.name, per_letter * len("".join(c.code))) for c in chapters}
    return sorted(chapters, key=lambda chapter: -expected[chapter.name])


def run_all(
    chapters: Sequence[Chapter],
    settings: Settings,
    at_once: int,
    started: Callable[[Chapter], None],
    done: Callable[[Run], None],
) -> None:
    """Run chapters, a few at a time, and hand over each as soon as it is done.

    Ctrl-C stops the kernels and raises KeyboardInterrupt; what was handed over is done.
    """
    asyncio.run(_run_all(chapters, settings, at_once, started, done))


async def _run_all(
    chapters: Sequence[Chapter],
    settings: Settings,
    at_once: int,
    started: Callable[[Chapter], None],
    done: Callable[[Run], None],
) -> None:
    free = asyncio.Semaphore(at_once)  # lets in the waiting in the order in which they came

    async def one(chapter: Chapter) -> None:
        async with free:
            started(chapter)
            done(await run(chapter, settings))

    async with asyncio.TaskGroup() as group:
        for chapter in chapters:
            group.create_task(one(chapter))
