"""Questions as a page needs them: the words rendered, what all variants share kept once.

A family becomes one classic script, ``lossedu.practice.take(...)``, since a folder that was saved
has neither modules nor requests.
"""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lossedu.practice.families import Family, Question, draw

from . import pictures
from .rendering import block, code, formula, inline


def script(family: Family) -> str:
    """The file ``bank/ID.js``."""
    questions = [question(draw(family, variant)) for variant in range(family.variants)]
    common, variants = shared(questions)
    common |= {
        "title": family.title,
        "level": family.level,
        "skills": list(family.skills),
        "topic": family.topics[0],
        "chapter": family.chapter,
    }
    data = {"id": family.id, "common": common, "variants": variants}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"lossedu.practice.take({text});\n"


def shared(questions: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is the same in all questions, and what is left of each.

    Example:
        >>> shared([{"a": 1, "b": 2}, {"a": 1, "b": 3}])
        ({'a': 1}, [{'b': 2}, {'b': 3}])
    """
    first, *others = questions
    common = {
        key: value for key, value in first.items() if all(one[key] == value for one in others)
    }
    own = [{key: v for key, v in one.items() if key not in common} for one in questions]
    return common, own


def question(drawn: Question) -> dict[str, Any]:
    """One question, its Markdown as HTML."""
    answer = drawn.as_json()["answer"]
    data: dict[str, Any] = {
        "kind": drawn.kind,
        "seconds": drawn.seconds,
        "prompt": block(drawn.prompt) + picture(drawn.kind, answer),
        "hints": [inline_or_block(hint) for hint in drawn.hints],
        "explanation": block(drawn.explanation),
        "misconceptions": [
            {**mistake, "says": inline(mistake["says"])} for mistake in drawn.misconceptions
        ],
        "must_say": [inline(text) for text in drawn.must_say],
        "must_say_words": list(drawn.must_say),
        "red_flags": [inline(text) for text in drawn.red_flags],
        "red_flags_words": list(drawn.red_flags),
        "rubric": {mark: inline(text) for mark, text in drawn.rubric.items()},
        "right": right(drawn.kind, answer),
        "answer": rendered(drawn.kind, answer),
    }
    if drawn.kind in ("code", "debug"):
        data["code"] = source(drawn.kind, answer)
    return {key: value for key, value in data.items() if value not in ([], {}, "")} | {
        key: data[key] for key in ("hints", "misconceptions", "answer")
    }


def inline_or_block(text: str) -> str:
    """A sentence as it is; several paragraphs, or code, as such."""
    return block(text) if "\n\n" in text.strip() or "```" in text else inline(text)


def picture(kind: str, answer: Mapping[str, Any]) -> str:
    """What is to be looked at: a plot, the panels of a monitor, a script that fails."""
    if kind == "read-a-plot":
        names = "".join(
            f"<li>{stroke} {inline(label)}</li>" for stroke, label in pictures.key(answer["plot"])
        )
        title = inline(answer["plot"]["title"])
        return (
            f'<figure class="practice-plot">{f"<p>{title}</p>" if title else ""}'
            f"{pictures.plot(answer['plot'])}<ul>{names}</ul></figure>"
        )
    if kind == "incident":
        return f'<div class="practice-panels">{"".join(map(_panel, answer["panels"]))}</div>'
    return code(answer["script"]) if kind == "debug" else ""


def _panel(panel: Mapping[str, Any]) -> str:
    unit = f" ({html.escape(panel['unit'])})" if panel["unit"] else ""
    alt = f"{panel['title']}: {', '.join(f'{point:.4g}' for point in panel['points'])}"
    drawn = pictures.panel(panel["points"], alt) if panel["points"] else ""
    says = f"<p>{inline(panel['says'])}</p>" if panel["says"] else ""
    return (
        f'<section class="practice-panel"><p class="practice-panel-title">'
        f"{inline(panel['title'])}{unit}</p>{drawn}{says}</section>"
    )


def rendered(kind: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer, without what the page does not need, and its words as HTML."""
    if kind == "debug":
        return {"causes": rendered("choice", answer["causes"])}
    needed = {key: value for key, value in answer.items() if key in _NEEDED}
    how = {**_HOW, "right": _lines} if kind == "match" else _HOW
    needed |= {key: how[key](value) for key, value in needed.items() if key in how}
    if kind == "errata" and needed["right"]:
        needed["right"] = rendered("", needed["right"])
    return needed


def _lines(texts: Sequence[str]) -> list[str]:
    return list(map(inline, texts))


def _options(options: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"text": inline(one["text"]), "says": inline(one["says"] or "")} for one in options]


def _symbols(symbols: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: inline(about["says"]) for name, about in symbols.items()}


def _steps(steps: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{key: inline(text) for key, text in step.items()} for step in steps]


_HOW: Mapping[str, Callable[[Any], Any]] = {
    "model_answer": block,
    "items": _lines,
    "left": _lines,
    "key": _lines,
    "says": inline,
    "options": _options,
    "symbols": _symbols,
    "steps": _steps,
}
_NEEDED = {
    *("value", "digits", "tolerance", "unit", "formula", "symbols", "regions", "asked"),
    *("options", "right", "several", "items", "left", "pairs", "says", "key", "wrong"),
    *("seconds", "steps", "model_answer"),
}


def right(kind: str, answer: Mapping[str, Any]) -> str:
    """What was asked for, above the worked answer."""
    asked = answer.get("asked", kind)
    if asked == "number":
        return f"<p>{html.escape(answer['shown'])}</p>"
    if asked == "formula":
        return f"<p>{formula(answer['latex'])}</p>"
    if asked in ("choice", "incident"):
        texts = [inline(answer["options"][position]["text"]) for position in answer["right"]]
        return f"<p>{texts[0]}</p>" if len(texts) == 1 else _listed("ul", texts)
    if kind == "order":
        return _listed("ol", [inline(answer["items"][position]) for position in answer["right"]])
    if kind == "match":
        pairs = zip(answer["left"], answer["pairs"], strict=True)
        return _listed("ul", [f"{inline(a)} — {inline(answer['right'][b])}" for a, b in pairs])
    if kind == "errata":
        lines = " and ".join(map(str, answer["wrong"]))
        fixed = right("", answer["right"]) if answer["right"] else ""
        return f"<p>Line {lines} is wrong.{' It should be:' if fixed else ''}</p>{fixed}"
    if kind == "debug":
        return right("choice", answer["causes"]) + code(answer["fix"]["solution"])
    return code(answer["solution"]) if kind == "code" else ""


def source(kind: str, answer: Mapping[str, Any]) -> str:
    """The cells of a drill with code, each under its name."""
    cells = answer["fix"] if kind == "debug" else answer
    return "".join(
        f'<p class="drill-part">{name.capitalize()}</p>{code(cells[name])}'
        for name in ("setup", "task", "check")
        if cells[name].strip()
    )


def _listed(tag: str, texts: Sequence[str]) -> str:
    return f"<{tag}>{''.join(f'<li>{text}</li>' for text in texts)}</{tag}>"
