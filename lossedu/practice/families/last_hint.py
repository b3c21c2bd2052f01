"""The last hint as a second statement of the answer, where the key is a mark or an order.

A mark at the wrong option grades the right one as wrong, and a reader has nothing else to go by.
So the last hint gives the answer in words, and its words have to tell each right option from each
wrong one.  Exchange two of them in the key, and the hint points to the other: whichever of both was
wrong, somebody has to look.
"""

import re
from collections.abc import Iterator, Sequence

from lossedu.practice.families.question import Question

_WORD = re.compile(r"\$[^$]+\$|`[^`]+`|(?<![\w.])[-−]?(?:\d+(?:\.\d+)?%?|∞)|[^\W\d_]+")
_COMMON = """
a an and are as at be been but by can does for from has have if in into is it its of on or
so than that the their them then there these they this those to was were what when where
which while who whose will with would
"""
_EMPTY = frozenset(_COMMON.split())
_PLURAL = re.compile(r"(?<=ss)es$|(?<=[^s])s$")
_STEM = 5


def last_hint_faults(question: Question) -> Iterator[str]:
    """Where the last hint does not point to the key: to right options, to pairs, to an order."""
    if not question.hints:
        return
    answer, hint = question.answer, question.hints[-1]
    if question.kind == "order":
        items = [answer["items"][position] for position in answer["right"]]
        parts = _parts(hint.rpartition(": ")[2])
        yield from _one_each(parts, items, "an item")
        for part, item in zip(parts, items, strict=False):
            yield from _astray(part, [item], items)
    elif question.kind == "match":
        parts = _parts(hint)
        yield from _one_each(parts, answer["left"], "a pair")
        for part, left, pair in zip(parts, answer["left"], answer["pairs"], strict=False):
            item, _, partner = part.partition(": ")
            yield from _astray(item, [left], answer["left"])
            yield from _astray(partner, [answer["right"][pair]], answer["right"])
    elif question.kind in ("choice", "read-a-plot"):
        options = answer.get("options", ())
        rights = [option["text"] for option in options if option["right"]]
        yield from _astray(hint, rights, [option["text"] for option in options])


def _parts(text: str) -> list[str]:
    return re.split(r";\s", text)


def _one_each(parts: Sequence[str], items: Sequence[str], what: str) -> Iterator[str]:
    if len(parts) != len(items):
        yield (
            f"hint 3 must give {what} between semicolons for each of the {len(items)}, "
            f"but gives {len(parts)}: {' | '.join(parts)!r}"
        )


def _astray(words: str, rights: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """Each right option that the words do not tell from a wrong one."""
    for right in rights:
        for other in options:
            if other in rights:
                continue
            if not _points(words, right, other):
                yield (
                    f"hint 3 must point to {right!r}, but with {words!r} points no less to "
                    f"{other!r}"
                )


def _points(hint: str, right: str, other: str) -> bool:
    """Whether words are rather those of one option: they quote it, or share more with it alone."""
    quotes = [_quotes(hint, text) for text in (right, other)]
    if quotes[0] != quotes[1]:
        return quotes[0]
    said, ours, theirs = _words(hint), _words(right), _words(other)
    return len(said & (ours - theirs)) > len(said & (theirs - ours))


def _quotes(hint: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(text)}(?!\w)", hint, re.IGNORECASE))


def _words(text: str) -> set[str]:
    """The words of a text, whatever their endings; a formula, code or a number is one word."""
    found = _WORD.findall(text.lower().replace("−", "-"))
    return {_stem(word) for word in found if word not in _EMPTY}


def _stem(word: str) -> str:
    if word[0] in "$`":
        return re.sub(r"[\s{}]", "", word)
    return _PLURAL.sub("", word)[:_STEM] if word.isalpha() else word
