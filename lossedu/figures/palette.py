"""The colours of figures: a role each, in a shade for light pages and one for dark ones.

A figure has a subject, which it is about, and often a baseline beside it; a third and a fourth
curve are company.  Forty losses cannot have forty colours, so a colour says what a curve is *in its
figure*, not which loss it is.  On a page a colour is a variable of the style sheet, so one picture
serves both modes; text needs a contrast of 4.5 : 1 with what is behind it, and has it in each.
The shades keep apart for readers who see red and green, or green and blue, alike.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shades:
    """One colour, twice.

    Attributes:
        light: On a light page.
        dark: On a dark page.
    """

    light: str
    dark: str


ROLES = {
    "subject": Shades("#0062b8", "#56a3f5"),
    "baseline": Shades("#b54700", "#ff9840"),
    "third": Shades("#007a52", "#2dc98a"),
    "fourth": Shades("#9b2d86", "#ffb8e8"),
    "muted": Shades("#636b74", "#959ea8"),
}
"""The shades of each role; "muted" is for what only supports: data points, zero lines, notes."""

# Greys that figures write as numbers, and black: both follow the page too.
_GREYS = {"#888888", "#777777", "#808080"}
_VARIABLES = {shades.light: role for role, shades in ROLES.items()} | dict.fromkeys(_GREYS, "muted")


def adaptive(colour: str) -> str:
    """A colour as a page writes it: one that follows the page's mode, if the palette has it.

    Args:
        colour: ``#rrggbb``.

    Example:
        >>> adaptive("#0062B8"), adaptive("#123456")
        ('var(--figure-subject, #0062b8)', '#123456')
    """
    colour = colour.lower()
    if colour in ("#000000", "black"):
        return "currentColor"
    role = _VARIABLES.get(colour)
    return f"var(--figure-{role}, {ROLES[role].light})" if role else colour


def style_sheet() -> str:
    """The variables that `adaptive` refers to; paper is light whatever the screen was."""
    return (
        f":root {{ {_declarations('light')} }}\n"
        f'@media not print {{ html[data-theme="dark"] {{ {_declarations("dark")} }} }}\n'
    )


def _declarations(mode: str) -> str:
    return " ".join(f"--figure-{role}: {getattr(s, mode)};" for role, s in ROLES.items())
