"""Records from JSON: each field is read or refused, with the place in the file where it stands."""

import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from lossedu.practice.progress.records import (
    AGAIN,
    EASY,
    HINTS,
    LEVELS,
    LONGEST_ANSWER,
    SOURCES,
    VERDICTS,
    ProgressError,
    Review,
    SelfRating,
)


def review_from(record: Any, place: str) -> Review:
    """A review from its JSON record.

    Raises:
        ProgressError: If the record is none; the message begins with the place.
    """
    values = _fields(record, place, _REVIEW)
    return Review(when=values.pop("at"), ticks=tuple(values.pop("ticks")), **values)


def self_rating_from(record: Any, place: str) -> SelfRating:
    """A self-rating from its JSON record.

    Raises:
        ProgressError: If the record is none; the message begins with the place.
    """
    values = _fields(record, place, _SELF_RATING)
    return SelfRating(when=values.pop("at"), **values)


def date_from(value: Any, place: str) -> date | None:
    """A day written as 2027-01-31, or none.

    Raises:
        ProgressError: If it is neither.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ProgressError(
            f"{place} must be a date such as 2027-01-31, but is {_shown(value)}."
        ) from None


_Reader = Callable[[Any, str], Any]


def _fields(record: Any, place: str, readers: Mapping[str, _Reader]) -> dict[str, Any]:
    if not isinstance(record, Mapping):
        raise ProgressError(f"{place} must be an object, but is {_shown(record)}.")
    missing = [key for key in readers if key not in record and key not in _OPTIONAL]
    if missing:
        raise ProgressError(f"{place} must have {missing[0]!r}, but has not.")
    unknown = sorted(set(record) - set(readers))
    if unknown:
        raise ProgressError(f"{place} must have no other field, but has {unknown[0]!r}.")
    return {
        key: read(record.get(key, _OPTIONAL.get(key)), f"{place}.{key}")
        for key, read in readers.items()
    }


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value or len(value) > 200:
        raise ProgressError(f"{place} must be a text, but is {_shown(value)}.")
    return value


def _uuid(value: Any, place: str) -> str:
    try:
        return str(uuid.UUID(value))
    except (AttributeError, TypeError, ValueError):
        raise ProgressError(f"{place} must be a UUID, but is {_shown(value)}.") from None


def _whole(low: int, high: int) -> _Reader:
    def read(value: Any, place: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ProgressError(
                f"{place} must be a whole number from {low} to {high}, but is {_shown(value)}."
            )
        return value

    return read


def _seconds(value: Any, place: str) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or value < 0:
        raise ProgressError(f"{place} must be a number from 0 on, but is {_shown(value)}.")
    return float(value)


def _one_of(names: Iterable[str]) -> _Reader:
    known = tuple(names)

    def read(value: Any, place: str) -> str:
        if value not in known:
            listed = ", ".join(map(repr, known))
            raise ProgressError(f"{place} must be one of {listed}, but is {_shown(value)}.")
        return str(value)

    return read


def _moment(value: Any, place: str) -> datetime:
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        when = None
    if when is None or when.tzinfo is None:
        raise ProgressError(
            f"{place} must be a time in UTC such as 2027-01-31T08:00:00Z, but is {_shown(value)}."
        )
    return when.astimezone(UTC)


def _texts(value: Any, place: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ProgressError(f"{place} must be a list of texts, but is {_shown(value)}.")
    return value


def _answer(value: Any, place: str) -> Any:
    if len(json.dumps(value, ensure_ascii=False)) > LONGEST_ANSWER:
        raise ProgressError(
            f"{place} must have at most {LONGEST_ANSWER} characters, but is {_shown(value)}."
        )
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_MOST = 10**6
_OPTIONAL: Mapping[str, Any] = {"answer": None, "ticks": []}
_REVIEW: Mapping[str, _Reader] = {
    "id": _uuid,
    "family": _text,
    "variant": _whole(0, _MOST),
    "repetition": _whole(0, _MOST),
    "at": _moment,
    "rating": _whole(AGAIN, EASY),
    "verdict": _one_of(VERDICTS),
    "hints": _whole(0, HINTS),
    "seconds": _seconds,
    "source": _one_of(SOURCES),
    "answer": _answer,
    "ticks": _texts,
}
_SELF_RATING: Mapping[str, _Reader] = {"at": _moment, "skill": _text, "level": _whole(1, LEVELS)}
