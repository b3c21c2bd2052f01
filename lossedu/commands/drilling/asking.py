"""A question is shown, hints are given, and an answer is read and graded, kind by kind."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossedu.commands.drilling import aloud, code
from lossedu.commands.drilling.terminal import LETTERS, SkippedError, Terminal
from lossedu.practice.families import Grade, Question, grade
from lossedu.practice.plain_text import formula_text, one_line_of

_BARS = "▁▂▃▄▅▆▇█"
_COSTS = (
    "the answer counts as hard from now on",
    "the answer counts as hard from now on",
    "that is the solution: the question comes again",
)
_SKIP, _HINT = "skip", "?"
_SCALE = 12  # columns for the scale of a plot


@dataclass(frozen=True)
class Answered:
    """An answer with its grade."""

    answer: Any
    grade: Grade
    hints: int
    seconds: float
    mark: str | None = None


class Asking:
    """One question and what has happened to it so far."""

    def __init__(
        self, terminal: Terminal, question: Question, *, aided: bool = True, limit: int = 0
    ) -> None:
        """Show nothing yet.

        Args:
            terminal: Where to ask.
            question: What to ask.
            aided: Whether there are hints.
            limit: The seconds that are said, where they are not the question's own.
        """
        self.terminal = terminal
        self.question = question
        self.hints = 0
        self.aided = aided
        self._limit = limit or question.seconds

    def run(self) -> Answered:
        """Show the question, and read answers until one can be graded.

        Raises:
            SkippedError: If it is left out.
            LeftError: If the session is left.
        """
        self.terminal.write(self.question.prompt)
        begun = self.terminal.clock.seconds()
        if self.question.kind in ("spoken", "design"):
            answer, mark, seconds = aloud.answered(self.terminal, self.question)
            return Answered(answer, grade(self.question, answer), self.hints, seconds, mark)
        answer, result = _KINDS[self.question.kind](self)
        return Answered(answer, result, self.hints, self.terminal.clock.seconds() - begun)

    def read(self, prompt: str = "> ") -> str:
        """A line that is neither empty nor a request for a hint."""
        while True:
            typed = self.terminal.ask(prompt)
            if typed.lower() == _SKIP:
                raise SkippedError
            if typed == _HINT:
                self._hint()
            elif typed:
                return typed
            else:
                self.terminal.line(f"  {'? for a hint, ' if self.aided else ''}skip, or quit")

    def _hint(self) -> None:
        hints = self.question.hints
        if not self.aided:
            self.terminal.line("  No hints here.")
        elif self.hints >= len(hints):
            self.terminal.line("  There is no other hint.")
        else:
            cost = _COSTS[self.hints]
            self.hints += 1
            self.terminal.line(f"  Hint {self.hints} of {len(hints)}: {cost}.", "dim")
            self.terminal.write(hints[self.hints - 1], "italic", indent="  ")

    def graded(self, read: Callable[[str], Any], typed: str) -> tuple[Any, Grade] | None:
        """The grade of a typed answer; None if it cannot be read, which costs nothing."""
        answer = read(typed)
        if answer is None:
            return None
        result = grade(self.question, answer)
        if result.verdict == "unreadable":
            self.unreadable(result, typed)
            return None
        return answer, result

    def unreadable(self, result: Grade, typed: str) -> None:
        """Say what cannot be read, with a mark below the character where reading stopped."""
        if result.position is not None and len(typed) < self.terminal.width - 2:
            self.terminal.line(f"  {' ' * result.position}^", "yellow")
        self.terminal.write(result.says, "yellow", indent="  ")

    def until_graded(self, read: Callable[[str], Any], prompt: str = "> ") -> tuple[Any, Grade]:
        """Ask until an answer can be graded."""
        while True:
            outcome = self.graded(read, self.read(prompt))
            if outcome is not None:
                return outcome


def _typed(asking: Asking) -> tuple[Any, Grade]:
    answer = asking.question.answer
    if answer.get("symbols"):
        names = ", ".join(
            f"{name} ({one_line_of(about['says'])})" if about["says"] else name
            for name, about in answer["symbols"].items()
        )
        asking.terminal.write(f"A formula in {names}.", "dim")
    else:
        asking.terminal.line(_digits(answer), "dim")
    return asking.until_graded(lambda typed: _echoed(asking, answer, typed))


def _digits(answer: Mapping[str, Any]) -> str:
    unit = f" in {answer['unit']}" if answer.get("unit") else ""
    digits = answer.get("digits")
    plural = "" if digits == 1 else "s"
    return f"A number{unit}, {digits} significant digit{plural}." if digits else f"A number{unit}."


def _echoed(asking: Asking, answer: Mapping[str, Any], typed: str) -> str:
    """Say at once how a formula was read; the grader says what cannot be."""
    from lossedu.practice.formulas import FormulaError, latex_of, parse_formula

    try:
        shown = formula_text(latex_of(parse_formula(typed, tuple(answer.get("symbols", ())))))
    except FormulaError:
        return typed
    if shown.replace(" ", "") != typed.replace(" ", ""):
        asking.terminal.wrapped(f"read as {shown}", "dim", indent="  ")
    return typed


def _chosen(asking: Asking, answer: Mapping[str, Any] | None = None) -> tuple[Any, Grade]:
    answer = answer or asking.question.answer
    options = [option["text"] for option in answer["options"]]
    asking.terminal.items(LETTERS, options)
    how = "All that apply, such as: a c" if answer["several"] else "One letter."
    asking.terminal.line(how, "dim")

    def read(typed: str) -> Any:
        positions = letters(asking, typed, len(options))
        if positions is None or answer["several"]:
            return positions
        if len(positions) == 1:
            return positions[0]
        asking.terminal.line("  One letter.", "yellow")
        return None

    return asking.until_graded(read)


def letters(asking: Asking, typed: str, count: int) -> list[int] | None:
    """Positions from letters such as ``a c`` or ``ac``; None, with a word why, if they are none."""
    positions = [LETTERS.find(letter) for letter in re.sub(r"[\s,;]+", "", typed.lower())]
    if not positions or any(not 0 <= position < count for position in positions):
        asking.terminal.line(f"  Letters from a to {LETTERS[count - 1]}.", "yellow")
        return None
    return positions


def _ordered(asking: Asking) -> tuple[Any, Grade]:
    items = asking.question.answer["items"]
    asking.terminal.items(LETTERS, items)
    asking.terminal.line(f"In order, such as: {' '.join(LETTERS[: len(items)])}", "dim")

    def read(typed: str) -> list[int] | None:
        positions = letters(asking, typed, len(items))
        if positions is None or sorted(positions) == list(range(len(items))):
            return positions
        asking.terminal.line(f"  Each of a to {LETTERS[len(items) - 1]} once.", "yellow")
        return None

    return asking.until_graded(read)


def _matched(asking: Asking) -> tuple[Any, Grade]:
    answer = asking.question.answer
    lefts, rights = answer["left"], answer["right"]
    asking.terminal.items(map(str, range(1, len(lefts) + 1)), lefts)
    asking.terminal.line()
    asking.terminal.items(LETTERS, rights)
    asking.terminal.line(f"A letter for each of 1 to {len(lefts)}, in this order.", "dim")

    def read(typed: str) -> list[int] | None:
        positions = letters(asking, re.sub(r"\d", "", typed), len(rights))
        if positions is None or len(positions) == len(lefts):
            return positions
        asking.terminal.line(f"  {len(lefts)} letters, one for each number.", "yellow")
        return None

    return asking.until_graded(read)


def _off_a_plot(asking: Asking) -> tuple[Any, Grade]:
    from lossedu.practice.families.pictures import plot_text

    answer = asking.question.answer
    picture = plot_text(_plain(answer["plot"]), asking.terminal.width - _SCALE)
    asking.terminal.lines(picture.splitlines())
    return _typed(asking) if answer["asked"] == "number" else _chosen(asking)


def _plain(plot: Mapping[str, Any]) -> dict[str, Any]:
    """A plot whose labels are plain text."""
    curves = [{**curve, "label": one_line_of(curve["label"])} for curve in plot["curves"]]
    labels = {key: one_line_of(plot[key]) for key in ("title", "x_label", "y_label")}
    return {**plot, **labels, "curves": curves}


def sparkline(points: Sequence[float]) -> str:
    """One line of bars, from the lowest to the highest of the points."""
    low, high = min(points), max(points)
    heights = [(y - low) / (high - low or 1) for y in points]
    return "".join(_BARS[round(height * (len(_BARS) - 1))] for height in heights)


def _incident(asking: Asking) -> tuple[Any, Grade]:
    for panel in asking.question.answer["panels"]:
        asking.terminal.write(panel["title"], "bold")
        points: Sequence[float] = panel["points"]
        if points:
            unit = f" {panel['unit']}" if panel["unit"] else ""
            ends = f"{points[0]:.4g} to {points[-1]:.4g}{unit}"
            asking.terminal.line(f"  {sparkline(points)}  {ends}")
        if panel["says"]:
            asking.terminal.write(panel["says"], indent="  ")
    asking.terminal.line("What is the cause?")
    return _chosen(asking)


def _corrected(asking: Asking) -> tuple[Any, Grade]:
    """The wrong line of a key, then what belongs there."""
    answer = asking.question.answer
    asking.terminal.items(map(str, range(1, len(answer["key"]) + 1)), answer["key"])
    asking.terminal.line("The number of the wrong line.", "dim")
    line, result = asking.until_graded(lambda typed: int(typed) if typed.isdecimal() else typed)
    if result.verdict != "partly" or answer["right"] is None:
        return line, result
    asking.terminal.write(result.says, indent="  ")
    right = answer["right"]
    return asking.until_graded(lambda typed: {"line": line, "right": _echoed(asking, right, typed)})


def _debugged(asking: Asking) -> tuple[Any, Grade]:
    """The cause, then the repair."""
    answer = asking.question.answer
    code.show(asking.terminal, answer["script"])
    asking.terminal.line("What is the cause?")
    cause, result = _chosen(asking, answer["causes"])
    mark = "yes" if result.verdict == "right" else "no"
    asking.terminal.write(f"The cause: {mark}. {result.says}", indent="  ")
    asking.terminal.line("Now mend it.")
    return code.answered(asking, answer["fix"], cause)


def _coded(asking: Asking) -> tuple[Any, Grade]:
    return code.answered(asking, asking.question.answer)


_KINDS: Mapping[str, Callable[[Asking], tuple[Any, Grade]]] = {
    "number": _typed,
    "formula": _typed,
    "choice": _chosen,
    "order": _ordered,
    "match": _matched,
    "read-a-plot": _off_a_plot,
    "incident": _incident,
    "errata": _corrected,
    "debug": _debugged,
    "code": _coded,
}
