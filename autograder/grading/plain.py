"""Text of students on its way to a terminal, a log or a spreadsheet: shown, never obeyed."""

import re
import unicodedata

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Behind what nobody sees, too.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200d\u2060]*[=+\-@]")


def printable(text: str) -> str:
    r"""A text in one line, without what a terminal takes for a command.

    Example:
        >>> printable("ann\x1b[2J\nbob")
        'ann�[2J bob'
    """
    return "".join(map(_shown, text))


def spreadsheet_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    Example:
        >>> spreadsheet_text("=1+1"), spreadsheet_text("ann")
        ("'=1+1", 'ann')
    """
    shown = printable(text)
    # Signs of full width, which keyboards for Chinese and Japanese have, begin formulas, too.
    return f"'{shown}" if _FORMULA.match(unicodedata.normalize("NFKC", shown)) else shown


def _shown(character: str) -> str:
    if character in "\n\r\t\u2028\u2029":
        return " "
    unseen = unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTIONS
    return "\N{REPLACEMENT CHARACTER}" if unseen else character
