"""Whether one family is sound: right answers pass, mistakes do not, hints do not give them away.

Everything is tried as a candidate would: by drawing a question and grading texts and positions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossedu.practice.code_drill import DrillError, verify_drill
from lossedu.practice.families.answers import formulas, numbers
from lossedu.practice.families.drawing import draw, period_of
from lossedu.practice.families.faults import FamilyError
from lossedu.practice.families.grading import grade, own_answer
from lossedu.practice.families.last_hint import last_hint_faults
from lossedu.practice.families.proofs import proof_faults
from lossedu.practice.families.question import Family, Question

HOSTILE = (
    "",
    "(" * 500,
    "9" * 5000,
    "9^9^9^9",
    "nan",
    "inf",
    "1/0",
    "log(0)",
    "lambda: 0",
    "__import__('os').getcwd()",
    "().__class__.__mro__",
    "1; 1",
    "\x00",
    "x" * 300,
)
"""Texts that no grader may accept or stumble over."""

# More than six digits behind the point, zeros in front not counted.
_UNREADABLE = re.compile(r"\d\.0*[1-9]\d{6,}|\d{13,}|\b(?:nan|inf)\b")
_POWER = r" (?:×|\\times) 10(?:\^\{(?=-?\d+\})|(?=[⁻⁰¹²³⁴-⁹]))"
_NUMBER = re.compile(rf"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:{_POWER}[-\d⁻⁰¹²³⁴-⁹]+\}}?)?%?")
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_WORD = re.compile(r"[A-Za-zα-ω]{4,}")
_COVERED = 0.6


def faults_of(family: Family, seeds: int = 200) -> list[str]:
    """What is wrong with a family, a sentence each; nothing if it is sound.

    Args:
        family: The family.
        seeds: How many of its variants are tried, if it has so many.
    """
    found: dict[str, int] = {}
    try:
        variants = range(min(seeds, period_of(family)))
        for variant in variants:
            for fault in _faults_of_variant(family, variant):
                found.setdefault(fault, variant)
        if not found:
            found |= dict.fromkeys(_code_faults(draw(family, 0)), 0)
    except FamilyError as error:
        return [str(error)]
    plain = {fault.removeprefix(f"{family.id}: "): variant for fault, variant in found.items()}
    return [f"{family.id}: {fault} (variant {variant})" for fault, variant in plain.items()]


def _faults_of_variant(family: Family, variant: int) -> Iterator[str]:
    question = draw(family, variant)
    yield from _wording_faults(question)
    yield from _answer_faults(question)
    yield from last_hint_faults(question)
    if question.kind not in ("code", "debug"):  # they run in a process each
        outcome = grade(question, own_answer(question))
        if not outcome.passed:
            yield f"its own answer must be right, but is {outcome.verdict}: {outcome.says}"
    for mistake in question.misconceptions:
        yield from _mistake_faults(question, mistake)
    yield from proof_faults(family, question)
    if variant == 0:
        yield from _hostile_faults(question)


def _texts(question: Question) -> list[str]:
    """All that a candidate reads."""
    answer = question.answer
    texts = [question.title, question.prompt, *question.hints, question.explanation]
    texts += [option["text"] for option in answer.get("options", ())]
    texts += [
        str(item) for name in ("items", "left", "right", "key") for item in _list(answer, name)
    ]
    return texts


def _list(answer: Mapping[str, Any], name: str) -> Sequence[Any]:
    part = answer.get(name)
    return part if isinstance(part, (list, tuple)) else ()


def _wording_faults(question: Question) -> Iterator[str]:
    for text in _texts(question):
        if match := _UNREADABLE.search(text):
            yield f"numbers must be written as people write them, but one is {match[0]!r}"
        if re.sub(r"```.*?```|`[^`]*`|\\\$", "", text, flags=re.DOTALL).count("$") % 2:
            yield f"formulas must be closed, but a $ is alone in {text[:50]!r}"
    for hint in question.hints[:2]:
        if _gives_away(question, hint):
            yield f"hints 1 and 2 must not contain the answer, but one does: {hint[:60]!r}"
    for point in question.must_say:
        if not _covers(question.answer["model_answer"], point):
            yield f"the model answer must say all that must be said, but not {point!r}"


def _gives_away(question: Question, hint: str) -> bool:
    answer = question.answer
    if "value" in answer:
        shown = set(_NUMBER.findall(question.prompt))
        fresh = [text for text in _NUMBER.findall(hint) if text not in shown]
        return any(numbers.equal(answer, _read(text)) for text in fresh)
    if "formula" in answer:
        bare = hint.replace(" ", "")
        forms = (answer["formula"].replace(" ", ""), answer["latex"].replace(" ", ""))
        return any(len(form) > 3 and form in bare for form in forms)
    rights = [option["text"] for option in answer.get("options", ()) if option["right"]]
    return any(len(text) > 12 and text.lower() in hint.lower() for text in rights)


def _read(text: str) -> float:
    plain = re.sub(_POWER, "e", text).rstrip("}").translate(_RAISED)
    return float(plain.rstrip("%")) / (100 if plain.endswith("%") else 1)


def _covers(whole: str, point: str) -> bool:
    """Whether most words of a point stand in a text, whatever their endings."""
    stems = {word[:5].lower() for word in _WORD.findall(whole)}
    wanted = {word[:5].lower() for word in _WORD.findall(point)}
    return len(wanted & stems) >= _COVERED * len(wanted)


def _answer_faults(question: Question) -> Iterator[str]:
    answer = question.answer
    if "value" in answer and not 1e-9 < abs(answer["value"] or 1.0) < 1e9:
        yield f"the answer must be a number that people type, but is {answer['value']!r}"
    for name in ("options", "items", "left"):
        texts = [part["text"] if name == "options" else part for part in _list(answer, name)]
        if len(set(texts)) < len(texts):
            yield f"no two {name} may be equal, but {texts} has such"
    if question.explanation and not _explained(question):
        yield "the explanation must give the answer, but does not"
    if question.kind == "errata" and question.hints and not _names_the_fault(question):
        yield "hint 3 must name the line that is wrong, and no other, but does not"
    causes = answer.get("causes", answer)
    options = causes.get("options", ())
    if options and not any(option["right"] for option in options):
        yield "one option must be right, but none is"
    if options and all(option["right"] for option in options):
        yield "one option must be wrong, but none is"
    if any(not option["says"] for option in options if not option["right"]):
        yield "each wrong option must say why it is wrong, but one does not"


def _explained(question: Question) -> bool:
    """Whether a number that is asked for stands in the explanation."""
    right = question.answer["right"] if question.kind == "errata" else question.answer
    if right is None or "value" not in right:
        return True
    return any(numbers.equal(right, _read(text)) for text in _NUMBER.findall(question.explanation))


def _names_the_fault(question: Question) -> bool:
    """Whether the last hint to a faulty key says which line it is, beside the mark in the key."""
    named = {int(line) for line in re.findall(r"\b[Ll]ine (\d+)", question.hints[-1])}
    return bool(named) and named <= set(question.answer["wrong"])


def _mistake_faults(question: Question, mistake: Mapping[str, Any]) -> Iterator[str]:
    if question.kind == "errata":
        right = question.answer["right"]
        if right is None:
            yield "misconceptions must be of a correction, but none is asked for"
            return
        how: Any = numbers if right["asked"] == "number" else formulas
        outcome = how.grade(right, question.misconceptions, _typed(mistake))
    else:
        outcome = grade(question, _typed(mistake))
    if (outcome.verdict, outcome.says) != ("known", mistake["says"]):
        yield (
            f"a misconception must be refused with its own feedback, but {_typed(mistake)!r} is "
            f"{outcome.verdict}: {outcome.says}"
        )


def _typed(mistake: Mapping[str, Any]) -> str:
    return str(mistake["formula"]) if "formula" in mistake else f"{mistake['value']:.12f}"


def _hostile_faults(question: Question) -> Iterator[str]:
    if question.kind in ("number", "formula") or question.answer.get("asked") == "number":
        for text in HOSTILE:
            outcome = grade(question, text)
            if outcome.verdict not in ("unreadable", "undefined", "wrong"):
                yield f"hostile text must be refused, but {text[:30]!r} is {outcome.verdict}"
    if question.kind in ("choice", "incident", "order", "match"):
        for positions in ([], [99], [-1], [0, 0, 0]):
            if grade(question, positions).passed:
                yield f"positions must be refused, but {positions} are right"


def _code_faults(question: Question) -> Iterator[str]:
    """Run what an author wrote: the task fails its check, the solution passes it."""
    answer = question.answer
    names: dict[str, Any] = {}
    try:
        if question.kind == "debug":
            exec(answer["script"], names)
            exec(answer["symptom"], names)
            answer = answer["fix"]
            names = {}
        if question.kind in ("code", "debug"):
            exec(answer["setup"], names)
            parts = {key: answer[key] for key in ("task", "check", "solution", "mistakes")}
            verify_drill(question.family, **parts, names=names)
    except DrillError as error:
        yield str(error)
    except Exception as error:  # whatever the author's own code raises
        yield f"its code must run, but raises {type(error).__name__}: {error}"
