"""What a session notes of its requests, and of what a submission used."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Usage:
    """What a submission used.

    Attributes:
        seconds: Of wall time, from the start of its process to its end.
        peak_mb: The most memory it held beyond the server's.
        status: Whether it, or a part of it, took its process down.
    """

    seconds: float
    peak_mb: float
    status: Literal["graded", "crashed", "timeout"]


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        number: Which its answer must have.
        frame: The bytes to be sent.
        part: Of the notebook, in words: what takes the time.
        soft_s: Seconds of processor time that it should take at most.
        trains: Whether it trains a model.
    """

    number: int
    frame: bytes
    part: str
    soft_s: float
    trains: bool


def not_run(why: str) -> dict[str, Any]:
    """What stands under a cell for which no time was left."""
    said = f"this cell was not run: {why}"
    return {
        "output_type": "error",
        "ename": "TimeoutError",
        "evalue": said,
        "traceback": [f"TimeoutError: {said}"],
    }
