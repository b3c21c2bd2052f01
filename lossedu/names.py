"""What to say of a name that is not known: the names that are, and the nearest ones.

Every look-up by name uses this module, so that a slip of a finger is answered alike everywhere.
"""

from collections.abc import Iterable
from difflib import SequenceMatcher

FEW = 16
"""As many names fit into a message."""
_NEAR = 0.7
_AS_NEAR = 0.05


def unknown_name(
    argument: str,
    name: object,
    known: Iterable[str],
    *,
    rule: str = "be one of",
    verb: str = "is",
    listing: str = "",
) -> str:
    """The message for a name that is not known.

    Args:
        argument: What was to be named.
        name: What was given instead.
        known: The names that there are, in the order in which they are listed.
        rule: What the argument must do, before the list.
        verb: What the argument does with the wrong name.
        listing: What lists the names, a command for example; said in their place where they are
            more than a few.

    Example:
        >>> unknown_name("recipe", "digts", ["mean", "digits"])
        "recipe must be one of 'mean', 'digits', but is 'digts'. Hint: did you mean 'digits'?"
    """
    names = list(known)
    hint = suggestion(name, names)
    if listing and len(names) > FEW:
        listed = f"the {len(names)} names that {listing} lists"
    else:
        listed = ", ".join(map(repr, names)) or "none, for there are none"
    return f"{argument} must {rule} {listed}, but {verb} {name!r}.{hint}"


def suggestion(name: object, known: Iterable[str]) -> str:
    """A hint at the names that are nearest, to stand behind a message; empty if none is near.

    Example:
        >>> suggestion("focl", ["sigmoid_focal_loss", "mse_loss"])
        " Hint: did you mean 'sigmoid_focal_loss'?"
    """
    near = nearest(name, known)
    return f" Hint: did you mean {' or '.join(map(repr, near))}?" if near else ""


def nearest(name: object, known: Iterable[str], most: int = 3) -> list[str]:
    """The names that differ from a given one by a slip, the nearest first.

    Case and the signs between words do not count, and a part of a name does as well as the whole:
    ``focl`` is near ``sigmoid_focal_loss``.

    Args:
        name: What was given; anything but a text is near nothing.
        known: The names that there are.
        most: How many are returned at most.
    """
    if not isinstance(name, str):
        return []
    given = _words(name)
    scores = {one: _likeness(given, _words(one)) for one in known}
    best = max(scores.values(), default=0.0)
    if not given or best < _NEAR:
        return []
    near = [one for one, score in scores.items() if score >= best - _AS_NEAR]
    return sorted(near, key=lambda one: (-scores[one], len(one)))[:most]


def _likeness(given: list[str], words: list[str]) -> float:
    """From 0 to 1: how like a name, or as many neighbouring words of it, are to what was given."""
    count = len(given)
    parts = {" ".join(words[at : at + count]) for at in range(len(words) - count + 1)}
    whole = " ".join(given)
    likeness = SequenceMatcher(b=whole, autojunk=False)
    best = 0.0
    for part in parts | {" ".join(words)}:
        likeness.set_seq1(part)
        best = max(best, likeness.ratio())
    return best


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in name.casefold()).split()
