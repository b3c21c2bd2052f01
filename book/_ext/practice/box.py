"""A drill of the bank on a page: its question in sight, its answer folded, without any script.

This is what search, notebooks, paper and readers without scripts get.  Where scripts run, the page
puts the form to answer in its place, with the same words for the first variant.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from folds import fold, fold_title
from sphinx.writers.html5 import HTML5Translator

from lossedu.practice.families import Family, Question, bank_folder, draw, family

from . import pictures

if TYPE_CHECKING:
    from drills import Drill

EFFORT = {1: "easy", 2: "easy", 3: "medium", 4: "hard", 5: "hard"}
"""What a chapter says of each level."""

_BY_CODE = ("code", "debug")
_MARKED_BY_READER = ("spoken", "design")


class picture(nodes.General, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """A drawing in SVG; ``svg`` and ``alt``."""


def family_of(directive: "Drill", name: str) -> Family:
    """The family that a directive names; the page is read again when its file changes."""
    try:
        one = family(name)
    except ValueError as error:
        raise directive.error(str(error)) from error
    file = bank_folder() / f"{name}.yaml"
    if file.exists():
        directive.env.note_dependency(str(file))
    drills = directive.env.metadata[directive.env.docname].setdefault("drills", [])
    if name in drills:
        raise directive.error(f"a drill must stand once on a page, but {name} does twice.")
    drills.append(name)
    return one


def effort(one: Family) -> str:
    """What follows a drill's title."""
    minutes = ceil(one.seconds / 60)
    words = f"{EFFORT[one.level]}, {minutes} minute{'s' if minutes > 1 else ''}"
    return f"{words}, checked by code" if one.kind == "code" else words


class Contents:
    """The nodes of a question, made with the directive's own reader of Markdown."""

    def __init__(self, directive: "Drill") -> None:
        self._directive = directive

    def of(self, one: Family) -> list[nodes.Node]:
        """The first variant of a family: question, what there is to choose from, folded answer."""
        question = draw(one, 0)
        asked = nodes.container("", classes=["practice-prompt"])
        self._read(question.prompt, asked)
        asked += self._beside(question)
        return [asked, *self._choices(question), self._answer(question)]

    def _read(self, text: str, into: nodes.Element) -> None:
        directive = self._directive
        lines = StringList(text.splitlines(), directive.state_machine.document["source"])
        directive.state.nested_parse(lines, directive.content_offset, into)

    def _beside(self, question: Question) -> list[nodes.Node]:
        """What is to be looked at: a plot, panels, code."""
        answer = question.answer
        if question.kind == "read-a-plot":
            plot = answer["plot"]
            figure = nodes.container("", classes=["practice-plot"])
            figure += picture("", svg=pictures.plot(plot), alt=plot["alt"])
            names = self._list(nodes.bullet_list, [c["label"] for c in plot["curves"]], "key")
            for row, (stroke, _) in zip(names.children, pictures.key(plot), strict=True):
                row.insert(0, picture("", svg=stroke, alt=""))
            figure += names
            return [figure]
        if question.kind == "incident":
            panels = nodes.container("", classes=["practice-panels"])
            panels += [self._panel(panel) for panel in answer["panels"]]
            return [panels]
        if question.kind == "debug":
            return [_code(answer["script"], "script")]
        return self._cells(answer) if question.kind == "code" else []

    def _panel(self, panel: Mapping[str, Any]) -> nodes.Element:
        box = nodes.container("", classes=["practice-panel"])
        unit = f" ({panel['unit']})" if panel["unit"] else ""
        self._read(f"**{panel['title']}**{unit}\n\n{panel['says']}", box)
        if panel["points"]:
            alt = ", ".join(f"{point:.4g}" for point in panel["points"])
            box += picture("", svg=pictures.panel(panel["points"], alt), alt=alt)
        return box

    def _cells(self, answer: Mapping[str, Any]) -> list[nodes.Node]:
        shown = [name for name in ("setup", "task", "check") if answer[name].strip()]
        return [
            node
            for name in shown
            for node in (
                nodes.paragraph("", name.capitalize(), classes=["drill-part"]),
                _code(answer[name], name),
            )
        ]

    def _choices(self, question: Question) -> list[nodes.Node]:
        """What an answer is made of, as it is shown."""
        answer, kind = question.answer, question.kind
        options = answer.get("options") or answer.get("causes", {}).get("options")
        if options:
            return [self._list(nodes.bullet_list, [o["text"] for o in options], "options")]
        if kind == "order":
            return [self._list(nodes.bullet_list, answer["items"], "options")]
        if kind == "match":
            lettered = {"enumtype": "upperalpha"}
            return [
                self._list(nodes.bullet_list, answer["left"], "options"),
                self._list(nodes.enumerated_list, answer["right"], "letters", **lettered),
            ]
        if kind == "errata":
            return [self._list(nodes.enumerated_list, answer["key"], "options")]
        if kind == "design":
            steps = [f"**{step['title']}** {step['prompt']}" for step in answer["steps"]]
            return [self._list(nodes.enumerated_list, steps, "options")]
        return []

    def _list(
        self, kind: type[nodes.Element], texts: Sequence[str], name: str, **attributes: str
    ) -> nodes.Element:
        rows = kind("", classes=[f"practice-{name}"], **attributes)
        for text in texts:
            row = nodes.list_item()
            self._read(text, row)
            rows += row
        return rows

    def _answer(self, question: Question) -> nodes.Element:
        title = "A model answer" if question.kind in _MARKED_BY_READER else "Solution"
        folded = fold("", fold_title("", title), classes=["drill-solution"])
        for text in (right(question), question.explanation):
            self._read(text, folded)
        if question.kind in _BY_CODE:
            cells = question.answer if question.kind == "code" else question.answer["fix"]
            folded += _code(cells["solution"], "solution-code")
        if question.must_say:
            folded += nodes.paragraph("", "It must say:")
            folded += self._list(nodes.bullet_list, question.must_say, "must-say")
        return folded


def _code(source: str, part: str) -> nodes.literal_block:
    source = source.rstrip("\n")
    block = nodes.literal_block(source, source, language="ipython3")
    block["classes"].append(f"drill-{part}")
    return block


def right(question: Question) -> str:
    """The answer in Markdown."""
    answer, kind = question.answer, question.kind
    asked = answer.get("asked", kind)
    if asked == "number":
        return f"**{answer['shown']}**"
    if asked == "formula":
        return f"${answer['latex']}$"
    if asked in ("choice", "incident"):
        return "\n".join(f"- {answer['options'][k]['text']}" for k in answer["right"])
    if kind == "order":
        texts = [answer["items"][position] for position in answer["right"]]
        return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
    if kind == "match":
        pairs = zip(answer["left"], answer["pairs"], strict=True)
        return "\n".join(f"- {left} — {answer['right'][k]}" for left, k in pairs)
    return _of_long_answers(question)


def _of_long_answers(question: Question) -> str:
    answer, kind = question.answer, question.kind
    if kind == "errata":
        lines = " and ".join(map(str, answer["wrong"]))
        fixed = ""
        if answer["right"]:
            how = answer["right"]
            fixed = how["shown"] if how["asked"] == "number" else f"${how['latex']}$"
            fixed = f" It should be: {fixed}"
        return f"Line {lines} is wrong.{fixed}"
    if kind == "debug":
        causes = answer["causes"]
        return "\n".join(f"- {causes['options'][k]['text']}" for k in causes["right"])
    return str(answer.get("model_answer", ""))


def open_picture(self: HTML5Translator, node: picture) -> None:
    """The drawing itself, so that it follows light and dark."""
    self.body.append(node["svg"])
    raise nodes.SkipNode
