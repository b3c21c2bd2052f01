"""What known mistakes answer to open questions: a bank without its recipes, which are answers.

Students install this in place of the bank.  It names a mistake in their notebooks as the bank does,
for there only open questions are asked.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.checks.bank import Bank, Mistaken
from autograder.checks.comparison import same
from autograder.sandbox.answers import answer
from autograder.sandbox.session import Call, Reply
from autograder.sandbox.wire import Value

_DIGITS = 7  # a hundred times as exact as any comparison
_COARSE = 4  # of what is compared to leave out a variant that behaves like an earlier one


@dataclass(frozen=True)
class RecordedMistake:
    """One known mistake, in words.

    Attributes:
        name: A slug, as ``"focal-p-for-p-t"``.
        says: What the student reads.
        link: Where the book explains it.
        only_at_extremes: Whether it is invisible on moderate inputs.
    """

    name: str
    says: str
    link: str
    only_at_extremes: bool = False


@dataclass(frozen=True)
class RecordedVariant(Mistaken):
    """What a function with one or two mistakes in it answers.

    Attributes:
        mistakes: Which.
        replies: By question.
    """

    mistakes: tuple[RecordedMistake, ...]
    replies: Mapping[str, Reply]

    def answer(self, call: Call) -> Reply | None:
        """What it answers; None to a question that was not put."""
        return self.replies.get(question(call))


@dataclass(frozen=True)
class RecordedBank:
    """The known mistakes of an assignment, by what they answer.

    Attributes:
        mistakes: In the order of the bank.
        by_function: The variants of each function, simpler ones first.
    """

    mistakes: tuple[RecordedMistake, ...]
    by_function: Mapping[str, tuple[RecordedVariant, ...]]

    def variants(self, function: str) -> tuple[RecordedVariant, ...]:
        """Those of one function."""
        return self.by_function.get(function, ())


def record(bank: Bank, questions: Iterable[tuple[Call, Reply]]) -> str:
    """Put every question to every variant of a bank, and write down what it answers.

    Args:
        bank: Which.
        questions: Calls, and the right reply to each.

    Returns:
        What `read` reads, a variant a line.
    """
    by_function: dict[str, dict[str, tuple[Call, Reply]]] = {}
    for call, right in questions:
        by_function.setdefault(call.function, {})[question(call)] = (call, right)
    lines = [_line(["mistake", m.name, m.says, m.link, m.only_at_extremes]) for m in _of(bank)]
    for function, asked in by_function.items():
        lines.append(_line(["function", function, list(asked)]))
        lines += _variants(bank, function, list(asked.values()))
    return "\n".join(lines) + "\n"


def read(text: str) -> RecordedBank:
    """The bank that was recorded."""
    mistakes: dict[str, RecordedMistake] = {}
    by_function: dict[str, tuple[RecordedVariant, ...]] = {}
    function, asked = "", []
    for kind, *rest in map(json.loads, text.splitlines()):
        if kind == "mistake":
            mistakes[rest[0]] = RecordedMistake(*rest)
        elif kind == "function":
            function, asked = rest
            by_function[function] = ()
        else:
            names, replies = rest
            known = dict(zip(asked, map(_reply, replies), strict=True))
            one = RecordedVariant(tuple(mistakes[name] for name in names), known)
            by_function[function] += (one,)
    return RecordedBank(tuple(mistakes.values()), by_function)


def question(call: Call) -> str:
    """A call as text that does not hang on the last digits of its numbers."""
    parts = [call.arguments, call.keywords, call.gradient_of, call.gradient_weights]
    return json.dumps([_written(part, 6) for part in parts])


def _line(record: list[Any]) -> str:
    return json.dumps(record, separators=(",", ":"))


def _of(bank: Bank) -> list[RecordedMistake]:
    return [RecordedMistake(m.name, m.says, m.link, m.only_at_extremes) for m in bank.mistakes]


def _variants(bank: Bank, function: str, asked: list[tuple[Call, Reply]]) -> list[str]:
    lines: dict[str, str] = {}
    for variant in bank.variants(function):
        replies = [answer(call, variant.namespace) for call, _ in asked]
        pairs = zip(asked, replies, strict=True)
        if all(same(call, reply, right) for (call, right), reply in pairs):
            continue
        coarse = json.dumps([_noted(reply, _COARSE) for reply in replies])
        names = [mistake.name for mistake in variant.mistakes]
        exact = [_noted(reply, _DIGITS) for reply in replies]
        lines.setdefault(coarse, _line(["variant", names, exact]))
    return list(lines.values())


def _noted(reply: Reply, digits: int) -> Any:
    if reply.status != "ok":
        return [reply.status, reply.error.partition(":")[0]]
    return ["ok", _written(reply.value, digits), _written(reply.gradient, digits)]


def _reply(noted: Any) -> Reply:
    status, *rest = noted
    if status != "ok":
        return Reply(status, error=rest[0])
    value, gradient = map(_meant, rest)
    return Reply("ok", value, gradient=gradient)


def _written(value: Value, digits: int) -> Any:
    if isinstance(value, Tensor):
        flat = [_rounded(number, digits) for number in value.detach().flatten().tolist()]
        return {str(value.dtype).removeprefix("torch."): [list(value.shape), flat]}
    if isinstance(value, list | tuple):
        return [_written(part, digits) for part in value]
    if isinstance(value, dict):
        return {key: _written(part, digits) for key, part in value.items()}
    return _rounded(value, digits) if isinstance(value, float) else value


def _rounded(number: Any, digits: int) -> Any:
    if not isinstance(number, float) or not math.isfinite(number):
        return number
    return float(f"{number:.{digits}g}") + 0.0  # no negative zero


def _meant(written: Any) -> Any:
    if isinstance(written, dict):
        ((dtype, (shape, numbers)),) = written.items()
        return torch.tensor(numbers, dtype=getattr(torch, dtype)).reshape(shape)
    if isinstance(written, list):
        return [_meant(part) for part in written]
    return written
