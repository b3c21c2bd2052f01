"""Reads what came out of a submission's process: untrusted, whatever it says of itself."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import bleach
from torch import Tensor

from autograder.sandbox.limits import Limits
from autograder.sandbox.markup import may_be_too_deep
from autograder.sandbox.session import Call, CellRun, Reply, Used
from autograder.sandbox.wire import Value, WireError

_SAID = ("ok", "error", "missing", "timeout", "unreadable")
_PNG = b"\x89PNG\r\n\x1a\n"
_LONGEST = 300
_MOST_LINES = 200
_MOST_OUTPUTS = 2_000  # a page shows no more of them in a second or two
_CUT = {"output_type": "stream", "name": "stderr", "text": "[more outputs are not kept]\n"}
_MOST_NOTES = 20
# Tables of pandas and the like; no script, no style, no address.
_TAGS = frozenset(
    {
        *("b", "br", "code", "div", "em", "hr", "i", "p", "pre", "small", "span", "strong", "u"),
        *("h1", "h2", "h3", "h4", "dd", "dl", "dt", "li", "ol", "ul", "sub", "sup"),
        *("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    }
)
_TOO_MANY = "[HTML of so many parts is not shown]"


@dataclass
class Room:
    """How much more a submission may show."""

    characters: int
    pictures: int
    picture_bytes: int
    outputs: int = _MOST_OUTPUTS

    @classmethod
    def of(cls, limits: Limits) -> "Room":
        """All that the limits allow, and a little for error messages."""
        return cls(limits.output_bytes + 20_000, limits.pictures, limits.picture_bytes)


def vetted_reply(raw: Value) -> Reply:
    """The reply that was sent.

    Raises:
        WireError: If it is none.
    """
    if not isinstance(raw, dict) or raw.keys() != Reply.__dataclass_fields__.keys():
        raise WireError("a reply must have a reply's fields.")
    gradient = raw["gradient"]
    if not (
        raw["status"] in _SAID
        and type(raw["kind"]) is str
        and type(raw["error"]) is str
        and type(raw["changed"]) is bool
        and (gradient is None or isinstance(gradient, Tensor))
    ):
        raise WireError("a reply's fields must be of their types.")
    return Reply(
        raw["status"],  # type: ignore[arg-type]
        raw["value"],
        raw["kind"][:_LONGEST],
        gradient,
        raw["error"][:_LONGEST],
        raw["changed"],
        _used(raw["used"]),
    )


def fitting(reply: Reply, call: Call) -> Reply:
    """The reply, if its gradient can be one by the argument that was asked about.

    Who computes with it need not ask: a submission that has changed its argument's size, or what is
    sent for it, would have the check fail in place of itself.
    """
    if reply.gradient is None:
        return reply
    argument = None if call.gradient_of is None else call.arguments[call.gradient_of]
    fits = isinstance(argument, Tensor) and reply.gradient.shape == argument.shape
    if fits and reply.gradient.is_floating_point():
        return reply
    return Reply("unreadable", kind=reply.kind, changed=reply.changed, used=reply.used)


def vetted_run(raw: Value, cell: str, room: Room) -> CellRun:
    """What became of a cell, with those of its outputs that are sound and for which there is room.

    Raises:
        WireError: If it does not say what became of it.
    """
    if not isinstance(raw, dict) or raw.get("status") not in ("ok", "error", "timeout"):
        raise WireError("a cell must end in one of the known ways.")
    error = raw.get("error")
    listed = raw.get("outputs")
    outputs = listed if isinstance(listed, list) else []
    sound = [_output(output, room) for output in outputs[: room.outputs]]
    if len(outputs) > room.outputs:
        sound.append(dict(_CUT))
    room.outputs = max(room.outputs - len(outputs), 0)
    return CellRun(
        cell,
        raw["status"],  # type: ignore[arg-type]
        [output for output in sound if output],
        error[:_LONGEST] if isinstance(error, str) else "",
        _used(raw.get("used")),
    )


def _used(raw: Any) -> list[Used]:
    """What was called that is not there: a name, and names of functions; the rest is left out."""
    found = []
    for note in raw[:_MOST_NOTES] if isinstance(raw, list) else []:
        name, callers = note if isinstance(note, list) and len(note) == 2 else (None, None)
        if isinstance(name, str) and isinstance(callers, list):
            known = [c[:_LONGEST] for c in callers[:_MOST_NOTES] if isinstance(c, str)]
            found.append([name[:_LONGEST], known])
    return found


def _output(raw: Any, room: Room) -> dict[str, Any]:
    """An output built anew from the parts that are known; empty if it is none."""
    if not isinstance(raw, dict):
        return {}
    kind = raw.get("output_type")
    if kind == "stream" and raw.get("name") in ("stdout", "stderr"):
        return {"output_type": kind, "name": raw["name"], "text": _text(raw.get("text"), room)}
    if kind == "error":
        lines = raw.get("traceback")
        lines = lines[:_MOST_LINES] if isinstance(lines, list) else []
        return {
            "output_type": kind,
            "ename": _text(raw.get("ename"), room)[:_LONGEST],
            "evalue": _text(raw.get("evalue"), room)[:_LONGEST],
            "traceback": [_text(line, room) for line in lines],
        }
    if kind in ("display_data", "execute_result"):
        data = _data(raw.get("data"), room)
        count = {"execution_count": None} if kind == "execute_result" else {}
        return {"output_type": kind, "data": data, "metadata": {}, **count} if data else {}
    return {}


def _data(raw: Any, room: Room) -> dict[str, str]:
    raw = raw if isinstance(raw, dict) else {}
    data = {}
    if text := _text(raw.get("text/plain"), room):
        data["text/plain"] = text
    if text := _text(raw.get("text/html"), room):
        if may_be_too_deep(text):
            data.setdefault("text/plain", _TOO_MANY)
        else:
            data["text/html"] = bleach.clean(text, tags=_TAGS, attributes=[], strip=True)
    if room.pictures > 0 and _is_picture(raw.get("image/png"), room.picture_bytes):
        room.pictures -= 1
        data["image/png"] = raw["image/png"]
    return data


def _text(raw: Any, room: Room) -> str:
    if not isinstance(raw, str):
        return ""
    text = raw[: max(room.characters, 0)]
    room.characters -= len(text)
    return text


def _is_picture(raw: Any, most_bytes: int) -> bool:
    if not isinstance(raw, str) or len(raw) > 2 * most_bytes:
        return False
    try:
        return base64.b64decode(raw, validate=True).startswith(_PNG)
    except (binascii.Error, ValueError):
        return False
