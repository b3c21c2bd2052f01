"""What a selection has chosen, in lines for a reader."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class Report:
    """Counts what is run of each file of tests, and which changes it is run for.

    Args:
        since: The commit that files were compared with.
        paths: The changed files.
        whole: Those of them on which everything depends.
    """

    def __init__(self, since: str, paths: Sequence[str], whole: Sequence[str]) -> None:
        self._since, self._paths, self._whole = since, paths, whole
        self.rows: dict[str, Any] = {}

    def count(self, place: str, ways: Mapping[str, str], chosen: bool, long: bool) -> None:
        """Count one test.

        Args:
            place: The file that it is in.
            ways: The changed files that can touch it, and how.
            chosen: Whether it is run.
            long: Whether it is left out because it takes long.
        """
        row = self.rows.setdefault(place, {"run": 0, "of": 0, "long": 0, "why": []})
        row["of"] += 1
        row["run"] += chosen
        row["long"] += long
        if chosen or long:
            row["why"] = sorted({*row["why"], *(f"{how} {path}" for path, how in ways.items())})

    def lines(self) -> Iterator[str]:
        """The report: a line for each file of tests, and what is left to do."""
        if not self._paths:
            yield f"nothing has changed since {self._since}: nothing was run"
            return
        yield f"changed since {self._since}: {_some(self._paths, 8)}"
        if self._whole:
            yield f"everything was run: every test depends on {', '.join(self._whole)}"
            return
        for place, row in sorted(self.rows.items()):
            if row["run"]:
                of = "all" if row["run"] == row["of"] else f"of {row['of']}"
                yield f"  {row['run']:4} {of:8} {place}: {_some(row['why'], 3)}"
        long = {place: row["long"] for place, row in self.rows.items() if row["long"]}
        if long:
            places = _some([f"{place} ({n})" for place, n in sorted(long.items())], 6)
            yield f"left to `make test`, for they take long: {sum(long.values())} in {places}"
        silent = [p for p in self._paths if not any(f" {p}" in w for w in self._reasons())]
        if silent:
            yield f"no test is known to depend on {_some(silent, 8)}. Hint: make test"

    def _reasons(self) -> Iterator[str]:
        return (why for row in self.rows.values() for why in row["why"])


def _some(texts: Sequence[str], most: int) -> str:
    """The first of some texts, and how many there are besides."""
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
