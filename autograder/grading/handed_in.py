"""A submission in the sandbox, where what it must write by hand is not to be had."""

from collections.abc import Sequence
from dataclasses import replace

from autograder.sandbox.ban import Ban
from autograder.sandbox.client import Server, Session, Usage
from autograder.sandbox.session import Call, Cell, CellRun, Reply


class HandedIn:
    """The cells of one submission, run where the forbidden is not there.

    A second process, in which nothing is missing, begins only for who has used what is: its cells
    show what the student saw, and functions with checks of their own work there for others.

    Args:
        server: Where it runs.
        cells: All that is to be run.
        ban: What it must not find.
    """

    def __init__(self, server: Server, cells: Sequence[Cell], ban: Ban) -> None:
        self._server, self._cells, self._ban = server, cells, ban
        self._bare = server.open(ban=ban)
        self._full: Session | None = None
        self._full_runs: list[CellRun] = []

    def run(self) -> list[CellRun]:
        """Run the cells.

        Returns:
            What became of each where nothing is missing, if something was missed.
        """
        runs = self._bare.run(self._cells)
        if not self._bare.alive:  # what stands behind the cell that ended it is still to be run
            runs = self._bare.reopen()
        if not any(run.used for run in runs):
            return runs
        assert self.everything
        return self._full_runs

    @property
    def everything(self) -> Session:
        """The same submission where nothing is missing."""
        if not self._ban:
            return self._bare
        if self._full is None:
            self._full = self._server.open(self._bare.left)
            self._full_runs = self._full.run(self._cells)
        if not self._full.alive:
            self._full_runs = self._full.reopen()
        return self._full

    @property
    def sources(self) -> dict[str, str]:
        """What the student wrote, by the id of the cell."""
        return self._bare.sources

    @property
    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self._bare.alive

    def reopen(self) -> list[CellRun]:
        """Begin anew in a fresh process, without the cells that took one down."""
        return self._bare.reopen()

    def call(self, calls: Sequence[Call]) -> list[Reply]:
        """Answer each call, in order.  Never raises for what a submission does."""
        return self._bare.call(calls)

    def used_s(self) -> float:
        """The seconds of processor time that its process has used so far."""
        return self._bare.used_s()

    @property
    def used_up(self) -> str:
        """What used up the notebook's time, in one line; empty if there is time left."""
        return self._bare.used_up or (self._full.used_up if self._full else "")

    def close(self) -> Usage:
        """End the submission's processes and all that they started."""
        used = self._bare.close()
        if self._full is None:
            return used
        more = self._full.close()
        worst = used.status if used.status != "graded" else more.status
        seconds = used.seconds + more.seconds
        return replace(used, seconds=seconds, peak_mb=max(used.peak_mb, more.peak_mb), status=worst)
