"""`nbgrader collect` copies what students put into an exchange: it follows no link from there.

A link in the folder to which students write would otherwise be followed with the teacher's rights,
and what it points at would lie among the submissions as a file.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import collect, exchange

_nbgraders_copy = exchange.Exchange.do_copy
_nbgraders_choice = exchange.ignore_patterns


def collect_without_links() -> None:
    """Have nbgrader do so in this process; again changes nothing."""
    collect.ExchangeCollect.do_copy = _copy


def _copy(collector: Any, src: str, dest: str, log: Any = None) -> None:
    """Copy a submission without the links in it; of one that is a link itself nothing."""
    if Path(src).is_symlink():
        collector.log.warning("%r is a link, and was not followed.", Path(src).name)
        Path(dest).mkdir(parents=True)
        return
    exchange.ignore_patterns = _without_links
    try:
        _nbgraders_copy(collector, src, dest, log)
    finally:
        exchange.ignore_patterns = _nbgraders_choice


def _without_links(*, log: Any, **asked: Any) -> Callable[[str, list[str]], Iterable[str]]:
    chosen = _nbgraders_choice(log=log, **asked)

    def ignored(folder: str, names: list[str]) -> list[str]:
        links = [name for name in names if Path(folder, name).is_symlink()]
        for name in links:
            log.warning("%r is a link, and was not followed.", name)
        return [*chosen(folder, names), *links]

    return ignored
