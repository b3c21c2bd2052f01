"""Runs the chapters whose results no longer hold, keeps what they give, and says why and what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .chapter import Chapter
from .dependencies import Dependencies
from .kernel import Run, Settings
from .key import Key, in_brief
from .pool import longest_first, run_all
from .progress import Progress
from .shelf import Record, Shelf
from .time_budget import VARIABLE, profile


@dataclass(frozen=True)
class Outcome:
    """What came of bringing chapters up to date.

    Attributes:
        ran: The chapters that ran, whatever came of it.
        failed: Those of them that have no results.
        faults: What is wrong with chapters, each with its place.
    """

    ran: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Executing:
    """Runs chapters that need it.

    Args:
        dependencies: Finds what they depend on.
        shelf: Keeps what they give.
        settings: How they run.
        at_once: How many run at a time.
    """

    def __init__(
        self, dependencies: Dependencies, shelf: Shelf, settings: Settings, at_once: int
    ) -> None:
        self._dependencies = dependencies
        self._shelf = shelf
        self._settings = settings
        self._at_once = at_once
        self._keys: dict[str, Key] = {}
        self._faults: list[str] = []
        self._failed: list[str] = []

    def bring_up_to_date(self, chapters: Sequence[Chapter], say: Callable[[str], None]) -> Outcome:
        """Run the chapters that have to run.

        Args:
            chapters: All that should be up to date.
            say: Prints a line.

        Returns:
            What ran, and what is wrong.

        Raises:
            KeyboardInterrupt: On Ctrl-C, when the kernels are stopped; what is done is kept.
        """
        waiting, costs = [], {}
        for chapter in chapters:
            record = self._shelf.record(chapter.name)
            seen = (record.read, record.written) if record else ((), ())
            key = self._keys[chapter.name] = self._dependencies.key(chapter, *seen)
            if record and record.cost.cells:
                costs[chapter.name] = record.cost.total_s
            if reasons := self._shelf.why_run(chapter, record, key, self._settings.budget_s):
                waiting.append(chapter)
                say(f"{chapter.name}: {in_brief(reasons)}")
        ran = {chapter.name for chapter in waiting}
        if fresh := [chapter.name for chapter in chapters if chapter.name not in ran]:
            say(f"up to date: {', '.join(fresh)}")
        if waiting:
            self._run(longest_first(waiting, costs), say)
        return Outcome(tuple(sorted(ran)), tuple(self._failed), tuple(self._faults))

    def _run(self, chapters: Sequence[Chapter], say: Callable[[str], None]) -> None:
        with Progress(len(chapters), say) as progress:

            def done(run: Run) -> None:
                progress.done(run.chapter.name, self._take(run))

            run_all(
                chapters,
                self._settings,
                self._at_once,
                lambda chapter: progress.started(chapter.name),
                done,
            )

    def _take(self, run: Run) -> str:
        """Keep a run, note what is wrong with it, and say in a line what came of it."""
        name = run.chapter.name
        if run.failure:
            self._shelf.keep_fault(name, Record(self._keys[name], fault="it failed the last time"))
            self._failed.append(name)
            self._faults.append(_stopped(run) if run.failure.stopped else str(run.failure))
            return f"failed after {run.wall_s:.1f} s: {run.failure.reason}"
        written = self._dependencies.inside(run.written)
        read = self._dependencies.inside([*run.read, *run.listed]) - written
        key = self._key_after(run, read, written)
        record = Record(key, tuple(sorted(read)), tuple(sorted(written)), run.cost)
        unforeseen = sorted(run.modules - self._dependencies.modules(run.chapter))
        if unforeseen:
            record = replace(record, fault="it loaded what nothing in it leads to")
            self._faults.append(_unforeseen(name, unforeseen))
        if run.cost.total_s > self._settings.budget_s:
            self._faults.append(_over(run, self._settings.budget_s))
        self._shelf.keep(run, record)
        return f"{run.cost.total_s:.1f} s of a core ({run.wall_s:.1f} s by the clock)"

    def _key_after(self, run: Run, read: set[str], written: set[str]) -> Key:
        """What the run depended on: sources as they were before it, files that it opened as well.

        A file that has changed since the run began has no known content, and the next build runs
        the chapter again.
        """
        before = self._keys[run.chapter.name]
        files = dict(self._dependencies.key(run.chapter, read, written).files)
        for place in files:
            if place in before.files:
                files[place] = before.files[place]
            elif self._dependencies.changed_since(place, run.began):
                files[place] = "changed while it ran"
        return replace(before, files=files)


def _unforeseen(name: str, modules: Sequence[str]) -> str:
    return (
        f"{name}: the chapter must load only what its imports lead to, but it loaded "
        f"{', '.join(modules)}. A change there would not run it again. "
        "Hint: import it in a cell by its name, or name it in a call of the catalog."
    )


def _over(run: Run, budget_s: float) -> str:
    return (
        f"{run.chapter.name}: the chapter must take at most {budget_s:g} s of one core of the "
        f"reference machine, but took {run.cost.total_s:.1f} s. Hint: {VARIABLE}=0 allows any.\n"
        f"{profile(run.cost)}"
    )


def _stopped(run: Run) -> str:
    return f"{run.failure}\nIts cells so far:\n{profile(run.cost)}"
