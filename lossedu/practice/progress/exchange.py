"""Progress as one JSON file: what the page keeps in the browser is what the terminal writes.

Reviews are only ever added, so two histories merge as the union of their ids; the order of merging
does not count, and merging twice changes nothing.
"""

import json
from pathlib import Path
from typing import Any

from lossedu.practice.progress.reading import date_from, review_from, self_rating_from
from lossedu.practice.progress.records import Progress, ProgressError, in_order
from lossedu.whole_files import write_whole

VERSION = 1
_KEYS = ("version", "reviews", "grid", "settings")


def as_json(progress: Progress) -> dict[str, Any]:
    """The object that page and terminal exchange."""
    return {
        "version": VERSION,
        "reviews": [review.as_json() for review in in_order(progress.reviews)],
        "grid": [rating.as_json() for rating in progress.grid],
        "settings": {"date": progress.exam.isoformat() if progress.exam else None},
    }


def from_json(content: Any, place: str = "the file") -> Progress:
    """Progress from such an object, read to its end before anything is returned.

    Args:
        content: What a JSON reader made of the file.
        place: What a message calls it.

    Raises:
        ProgressError: With the place of the first fault.
    """
    if not isinstance(content, dict) or "version" not in content:
        raise ProgressError(f"{place} must be progress that was exported, but has no version.")
    version = content["version"]
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise ProgressError(
            f"{place} must be of version {VERSION}, but is of version {version}. "
            "Hint: a newer lossedu has written it."
        )
    if version != VERSION or isinstance(version, bool):
        raise ProgressError(f"{place} must be of version {VERSION}, but is of version {version!r}.")
    unknown = sorted(set(content) - set(_KEYS))
    if unknown:
        raise ProgressError(f"{place} must have no other field, but has {unknown[0]!r}.")
    reviews = [
        review_from(record, f"reviews[{number}]")
        for number, record in enumerate(_list(content, "reviews"))
    ]
    grid = [
        self_rating_from(record, f"grid[{number}]")
        for number, record in enumerate(_list(content, "grid"))
    ]
    return Progress(in_order(_without_copies(reviews)), tuple(grid), _exam(content))


def write_progress(progress: Progress, path: Path) -> None:
    """Write progress as JSON, whole or not at all."""
    write_whole(path, json.dumps(as_json(progress), indent=1, ensure_ascii=False) + "\n")


def read_progress(path: Path) -> Progress:
    """Read progress that terminal or page have exported.

    Raises:
        ProgressError: If the file is none, with the place of the first fault.
        OSError: If it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text, parse_constant=_no_number)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProgressError(f"{path} must be JSON, but is not{where}.") from None
    try:
        return from_json(content)
    except ProgressError as error:
        raise ProgressError(f"{path}: {error}") from None


def _no_number(word: str) -> float:
    raise json.JSONDecodeError(f"{word} is no number of JSON", "", 0)


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise ProgressError(f"{key} must be a list, but is {type(value).__name__}.")
    return value


def _exam(content: dict[str, Any]) -> Any:
    settings = content.get("settings", {})
    if not isinstance(settings, dict):
        raise ProgressError(f"settings must be an object, but is {type(settings).__name__}.")
    return date_from(settings.get("date"), "settings.date")


def _without_copies(reviews: list[Any]) -> list[Any]:
    return list({review.id: review for review in reversed(reviews)}.values())
