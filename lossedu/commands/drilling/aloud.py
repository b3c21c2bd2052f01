"""Answers aloud and designs: against the clock, then compared with a model answer and ticked."""

from collections.abc import Mapping
from typing import Any

from lossedu.commands.drilling.terminal import LETTERS, SkippedError, Terminal
from lossedu.practice.families import Question, grade
from lossedu.practice.sessions.answering import MARKS


def answered(terminal: Terminal, question: Question) -> tuple[dict[str, list[int]], str, float]:
    """Let somebody speak or design, then compare.

    Returns:
        What was ticked, the mark, and the seconds it took.
    """
    if question.kind == "spoken":
        limit = int(question.answer["seconds"])
        _begin(terminal, f"  {limit} seconds, aloud. Enter starts the clock ")
        seconds = terminal.count_down(limit)
        terminal.line(f"  {seconds:.0f} s of {limit} s.", "dim")
    else:
        seconds = _designed(terminal, question)
    terminal.rule("A model answer")
    terminal.write(question.answer["model_answer"])
    ticks = {
        "said": _ticked(terminal, "Which of these did you say?", question.must_say),
        "flags": _ticked(
            terminal, "Did you say any of these? They end interviews.", question.red_flags
        ),
    }
    return ticks, _marked(terminal, question, ticks), seconds


def _begin(terminal: Terminal, prompt: str) -> None:
    """Wait for Enter; ``skip`` leaves the question out."""
    if terminal.ask(prompt).lower() == "skip":
        raise SkippedError


def _designed(terminal: Terminal, question: Question) -> float:
    """The steps, one after the other; what is written stays in the terminal."""
    minutes = max(1, round(question.seconds / 60))
    plural = "" if minutes == 1 else "s"
    _begin(terminal, f"  {minutes} minute{plural}, in steps. Enter starts the clock ")
    begun = terminal.clock.seconds()
    for number, step in enumerate(question.answer["steps"], 1):
        terminal.write(f"**{number}. {step.get('title', '')}** {step.get('prompt', '')}")
        terminal.ask("  in a line, or on paper and Enter: ")
    return terminal.clock.seconds() - begun


def _ticked(terminal: Terminal, ask: str, texts: tuple[str, ...]) -> list[int]:
    """The positions that somebody ticks; Enter alone for none."""
    if not texts:
        return []
    terminal.line()
    terminal.line(ask, "bold")
    known = LETTERS[: len(texts)]
    terminal.items(LETTERS, texts)
    while True:
        typed = "".join(terminal.ask("  letters, or Enter for none: ").lower().split())
        typed = typed.replace(",", "")
        if set(typed) <= set(known):
            return sorted({known.index(letter) for letter in typed})
        terminal.line(f"  Letters from a to {known[-1]}.", "yellow")


def _marked(terminal: Terminal, question: Question, ticks: Mapping[str, Any]) -> str:
    """The mark that the ticks suggest, unless somebody gives another."""
    suggested = MARKS[grade(question, ticks).verdict]
    terminal.line()
    for mark in ("strong", "lean", "no"):
        words = question.rubric.get(mark, "")
        terminal.write(f"{mark}: {words}" if words else mark, indent="  ")
    while True:
        typed = terminal.ask(f"  strong, lean or no? Enter: {suggested} ").lower()
        if not typed:
            return suggested
        if typed in MARKS.values():
            return typed
