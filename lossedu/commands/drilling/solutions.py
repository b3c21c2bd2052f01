"""The right answer of a question in a line or a few, for somebody whose answer was not right."""

from collections.abc import Mapping
from typing import Any

from lossedu.commands.drilling.terminal import LETTERS, Terminal
from lossedu.practice.families import Question
from lossedu.practice.plain_text import formula_text, one_line_of


def show(terminal: Terminal, question: Question) -> None:
    """Say what the right answer was; nothing for a kind that has shown a model answer."""
    answer, kind = question.answer, question.kind
    if kind in ("code", "debug"):
        cell = answer["fix"] if kind == "debug" else answer
        terminal.line("A solution:")
        terminal.lines(f"    {line}".rstrip() for line in cell["solution"].rstrip().splitlines())
        terminal.line()
    elif kind not in ("spoken", "design"):
        terminal.wrapped(f"The answer: {_words(kind, answer)}")


def _words(kind: str, answer: Mapping[str, Any]) -> str:
    if kind == "order":
        return ", ".join(LETTERS[position] for position in answer["right"])
    if kind == "match":
        pairs = enumerate(answer["pairs"], 1)
        return ", ".join(f"{number} {LETTERS[position]}" for number, position in pairs)
    if kind == "errata":
        lines = ", ".join(map(str, answer["wrong"]))
        right = answer["right"]
        return f"line {lines}" + (f"; it should be {_value(right)}" if right else "")
    return _value(answer)


def _value(answer: Mapping[str, Any]) -> str:
    if "latex" in answer:
        return formula_text(answer["latex"])
    if "shown" in answer:
        return str(answer["shown"])
    texts = [one_line_of(answer["options"][position]["text"]) for position in answer["right"]]
    letters = [LETTERS[position] for position in answer["right"]]
    return "; ".join(f"{letter}) {text}" for letter, text in zip(letters, texts, strict=True))
