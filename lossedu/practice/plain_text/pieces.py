"""Parts of a formula, joined to a line with the spaces and brackets that make it readable."""

import re
from dataclasses import dataclass

_BINARY, _RELATION, _OPEN, _CLOSED = "+-", "=<>:", "([", ")]"
_SYMBOL = re.compile(r"∂?[^\W\d_][\u0300-\u036f]?[₀-ₜᵢ-ᵪ]*[⁰-ⁿ²³¹ᵀ]*|\d+(\.\d+)?%?|∞")


@dataclass(frozen=True)
class Piece:
    """A part of the line and how it is spaced: atom, word, binary, relation, open, closed, mark."""

    text: str
    kind: str = "atom"


def kind_of(token: str) -> str:
    """How a single character is spaced."""
    if token in _BINARY:
        return "binary"
    if token in _RELATION:
        return "relation"
    if token in _OPEN:
        return "open"
    if token in _CLOSED:
        return "closed"
    return "mark" if token in ",;" else "atom"


def joined(pieces: list[Piece]) -> str:
    """Pieces with the spaces that make the line readable."""
    line, last = "", Piece("", "start")
    for piece in pieces:
        follows_none = last.kind in ("start", "sign", "binary", "relation", "open", "mark")
        shown = Piece(piece.text, "sign") if piece.kind == "binary" and follows_none else piece
        if _needs_space(last, shown) and line and not line.endswith(" "):
            line += " "
        line += shown.text
        last = shown
    return " ".join(line.split())


def _needs_space(left: Piece, right: Piece) -> bool:
    kinds = {left.kind, right.kind}
    if left.kind in ("start", "sign", "open") or right.kind in ("closed", "mark"):
        return False
    if kinds & {"binary", "relation", "space"} or left.kind == "mark":
        return True
    if left.kind == "fraction":
        return right.kind in ("atom", "word", "open", "fraction")
    if right.kind == "fraction":
        return left.kind in ("atom", "word", "closed")
    if left.kind == "word":
        return right.kind != "open"
    return right.kind == "word"


def is_symbol(text: str) -> bool:
    """Whether a text needs no brackets below a stroke or above: a letter, a number, a bracket."""
    return bool(_SYMBOL.fullmatch(text)) or _is_bracketed(text)


def is_index(text: str) -> bool:
    """Whether a text needs no brackets behind ``_``."""
    return bool(re.fullmatch(r"[^\W_]+", text)) or is_symbol(text)


def is_product(text: str) -> bool:
    """Whether a text can stand above a stroke without brackets."""
    depth = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == " " and not depth:
            return False
    return True


def _is_bracketed(text: str) -> bool:
    """Whether one pair of brackets, with a root before or a power behind, holds all of it."""
    text = text.removeprefix("√").rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return place == len(text) - 1
    return False
