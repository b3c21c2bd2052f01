"""The loss atlas has a section for every loss of the package: nobody adds one by hand.

Where the page says ``% every loss``, a heading and a cell for each loss are put when Sphinx reads
it.
"""

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import lossedu.losses
from lossedu.practice.families import bank_folder, families

PAGE = "reference/loss-atlas"
MARK = "% every loss"
FAMILIES = {
    "regression": "Regression",
    "classification": "Classification",
    "similarity": "Similarity",
    "ranking": "Ranking",
    "beyond": "Beyond",
}
_CARD = """### {title}

```{{code-cell}} ipython3
:tags: [hide-input]
card({name!r})
```
"""


@dataclass(frozen=True)
class Entry:
    """What the atlas says of a loss before its page is executed."""

    name: str
    title: str
    family: str
    chapter: str
    references: tuple[str, ...]
    topics: tuple[str, ...]


def entries(folder: Path) -> list[Entry]:
    """The losses of a folder of modules, read without running them: that would load torch."""
    calls = [
        (path.stem, statement.value)
        for path in sorted(folder.glob("[a-z]*.py"))
        for statement in ast.parse(path.read_bytes()).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
    ]
    return [
        _entry(module, call)
        for module, call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "LossSpec"
    ]


def _entry(module: str, call: ast.Call) -> Entry:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    title, family, chapter = (
        ast.literal_eval(given[key]) for key in ("title", "family", "chapter")
    )
    variant = ast.literal_eval(given["variant"]) if "variant" in given else {}
    choice = ", ".join(f'{key}="{value}"' for key, value in variant.items())
    function = ast.unparse(given["function"])
    name = function + (f"({choice})" if choice else "")
    references = ast.literal_eval(given["references"]) if "references" in given else ()
    topics = tuple(word.replace("_", "-") for word in (function.removesuffix("_loss"), module))
    return Entry(name, title, family, chapter, references, topics)


def sections(written: set[str], drills: Mapping[str, int]) -> str:
    """The sections of all losses by family.

    Args:
        written: The pages that can be linked.
        drills: How many families of questions each topic has.
    """
    order = list(FAMILIES)
    folder = Path(next(iter(lossedu.losses.__path__)))
    losses = sorted(entries(folder), key=lambda loss: (order.index(loss.family), loss.title))
    parts = []
    for family, members in groupby(losses, key=lambda loss: loss.family):
        parts.append(f"## {FAMILIES[family]}\n")
        parts += [_section(loss, written, drills) for loss in members]
    return "\n".join(parts)


def _section(loss: Entry, written: set[str], drills: Mapping[str, int]) -> str:
    card = _CARD.format(title=loss.title, name=loss.name)
    if loss.chapter in written:
        card += f"\nExplained in [its chapter](../{loss.chapter}.md).\n"
    for topic in [topic for topic in loss.topics if topic in drills][:1]:  # the narrower one
        words = "one drill" if drills[topic] == 1 else f"{drills[topic]} drills"
        card += f'\nPractise: <a href="../interview/practice.html#topic={topic}">{words}</a>.\n'
    if loss.references:
        card += f"\nLiterature: {{cite:t}}`{','.join(loss.references)}`.\n"
    return card


def drills_by_topic() -> Mapping[str, int]:
    """How many families of questions there are of each topic."""
    return Counter(topic for one in families().values() for topic in one.topics)


def put_sections(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the mark by the sections."""
    if docname != PAGE:
        return
    if MARK not in source[0]:
        raise ValueError(f"{PAGE} must hold the line {MARK!r}, but does not.")
    folder = Path(app.srcdir)
    app.env.note_dependency(str(folder / "_toc.yml"))  # a chapter that is new is linked
    app.env.note_dependency(str(bank_folder()))  # and a drill that is new is counted
    written = {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.md")}
    source[0] = source[0].replace(MARK, sections(written, drills_by_topic()))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", put_sections)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
