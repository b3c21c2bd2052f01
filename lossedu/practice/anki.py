r"""The bank as a deck for Anki: a note a question, formulas as MathJax, the same ids each time.

A note's id follows from family and variant, and the model's and the deck's ids are fixed, so that a
newer deck updates what is there instead of adding to it.
"""

import html
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossedu.practice.families import Family, Question, draw
from lossedu.whole_files import replacing

if TYPE_CHECKING:
    import genanki

MODEL_ID = 1_607_392_319
DECK_ID = 2_059_400_110
TIMESTAMP = 1_735_689_600.0  # the first second of 2025: two decks of one bank are the same
VARIANTS = 1
FIELDS = ("Question", "Answer", "Title", "Source")
_UNASKED = ("code", "debug")
"""The kinds that a card cannot ask: they run."""
_STYLE = """
.card { font: 18px/1.5 system-ui, sans-serif; max-width: 40em; margin: 0 auto; text-align: left; }
.title { opacity: .7; font-size: 80%; } pre { white-space: pre-wrap; font-size: 85%; }
ol.letters { list-style: lower-alpha; }
"""
_SPANS = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`|\$\$(.+?)\$\$|(?<!\\)\$([^$]+?)\$", re.DOTALL)


def write_deck(families: Mapping[str, Family], path: Path, *, variants: int = VARIANTS) -> int:
    """Write an Anki package, whole or not at all.

    Args:
        families: The bank; code and debugging are left out, since a card cannot run them.
        path: Where; ``.apkg`` is what Anki opens.
        variants: How many of each question, if it has so many.

    Returns:
        How many notes it holds.
    """
    import genanki

    model = genanki.Model(
        MODEL_ID,
        "lossedu question",
        fields=[{"name": name} for name in FIELDS],
        templates=[
            {
                "name": "Question",
                "qfmt": '<p class="title">{{Title}}</p>{{Question}}',
                "afmt": '{{FrontSide}}<hr id="answer">{{Answer}}<p class="title">{{Source}}</p>',
            }
        ],
        css=_STYLE,
    )
    deck = genanki.Deck(DECK_ID, "lossedu", "Questions about losses, drawn from lossedu's bank.")
    for note in _notes(families, model, variants):
        deck.add_note(note)
    with replacing(path) as part:
        _pack(genanki.Package(deck), part)
    return len(deck.notes)


def _pack(package: "genanki.Package", path: Path) -> None:
    """As genanki packs it, but without the file that it leaves, and alike each time."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Path(folder) / "collection.anki2"
        with closing(sqlite3.connect(collection)) as connection:
            package.write_to_db(connection.cursor(), TIMESTAMP, count(int(TIMESTAMP * 1000)))
            connection.commit()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in ((collection.name, collection.read_bytes()), ("media", b"{}")):
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _notes(
    families: Mapping[str, Family], model: "genanki.Model", variants: int
) -> Iterator["genanki.Note"]:
    import genanki

    for family in families.values():
        if family.kind in _UNASKED:
            continue
        for variant in range(min(variants, family.variants)):
            question = draw(family, variant)
            yield genanki.Note(
                model=model,
                fields=[
                    as_html(question.prompt) + shown(question),
                    answered(question) + as_html(question.explanation),
                    as_html(question.title, block=False),
                    html.escape(family.chapter),
                ],
                guid=f"lossedu-{family.id}-{variant}",
                tags=_tags(family),
            )


def _tags(family: Family) -> list[str]:
    tags = [f"lossedu::skill::{skill}" for skill in family.skills]
    tags += [f"lossedu::topic::{name}" for name in family.topics]
    return [*tags, f"lossedu::level::{family.level}", f"lossedu::kind::{family.kind}"]


def as_html(text: str, *, block: bool = True) -> str:
    r"""Markdown as HTML, with formulas between ``\(`` and ``\)`` for Anki's MathJax.

    Example:
        >>> as_html("a < $p_t$", block=False)
        'a &lt; \\(p_t\\)'
    """
    parts, place = [], 0
    for match in _SPANS.finditer(text):
        parts.append(_words(text[place : match.start()]))
        code, inline, display, formula = (part and html.escape(part) for part in match.groups())
        if code is not None:
            parts.append(f"<pre>{code.rstrip()}</pre>")
        elif inline is not None:
            parts.append(f"<code>{inline}</code>")
        else:
            parts.append(rf"\[{display}\]" if display else rf"\({formula}\)")
        place = match.end()
    parts.append(_words(text[place:]))
    joined = "".join(parts)
    return f"<p>{joined}</p>" if block and joined else joined


def _words(text: str) -> str:
    shown_text = html.escape(text, quote=False)
    shown_text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", shown_text)
    shown_text = re.sub(r"(?<![\w*])\*([^*\n]+?)\*(?![\w*])", r"<i>\1</i>", shown_text)
    shown_text = re.sub(r"\n[-*] ", "<br>• ", shown_text)
    return re.sub(r"\n\s*\n", "</p><p>", shown_text)


def _list(texts: Any, kind: str = "ol", style: str = ' class="letters"') -> str:
    items = "".join(f"<li>{as_html(text, block=False)}</li>" for text in texts)
    return f"<{kind}{style}>{items}</{kind}>"


def shown(question: Question) -> str:
    """What stands below the prompt: options, items, lines of a key, panels."""
    answer, kind = question.answer, question.kind
    if kind == "read-a-plot":
        from lossedu.practice.families.pictures import plot_text

        picture = f"<pre>{html.escape(plot_text(answer['plot']))}</pre>"
        return picture + (_options(answer) if answer["asked"] == "choice" else "")
    if kind == "choice":
        return _options(answer)
    if kind == "incident":
        panels = [f"**{panel['title']}** {panel['says']}" for panel in answer["panels"]]
        return "".join(map(as_html, panels)) + _options(answer)
    if kind == "order":
        return _list(answer["items"])
    if kind == "match":
        return _list(answer["left"], style="") + _list(answer["right"])
    if kind == "errata":
        return _list(answer["key"], style="")
    return ""


def _options(answer: Mapping[str, Any]) -> str:
    return _list(option["text"] for option in answer["options"])


def answered(question: Question) -> str:
    """The answer, and what is mistaken for it."""
    answer, kind = question.answer, question.kind
    if kind in ("spoken", "design"):
        return as_html(answer["model_answer"]) + _list(question.must_say, "ul", "")
    if kind == "order":
        return _list([answer["items"][k] for k in answer["right"]], style="")
    if kind == "match":
        pairs = zip(answer["left"], answer["pairs"], strict=True)
        return _list([f"{left}: {answer['right'][k]}" for left, k in pairs], "ul", "")
    if kind == "errata":
        lines = ", ".join(map(str, answer["wrong"]))
        right = answer["right"]
        return f"<p>Line {lines} is wrong.</p>" + (_value(right) if right else "")
    return _value(answer)


def _value(answer: Mapping[str, Any]) -> str:
    if "latex" in answer:
        return rf"<p>\({html.escape(answer['latex'])}\)</p>"
    if "shown" in answer:
        return f"<p>{html.escape(answer['shown'])}</p>"
    return _list([answer["options"][k]["text"] for k in answer["right"]], "ul", "")
