"""Markdown of questions as lines: paragraphs, lists and code, with formulas in Unicode."""

import re
import textwrap
from collections.abc import Iterator

from lossedu.practice.plain_text.formulas import formula_text

_CODE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`|(?<!\\)\$((?:\\.|[^$\\])+)\$", re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)\s]*\)|\{[a-z:]+\}`([^`<]*?)\s*(?:<[^`]*>)?`")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])")
_ITEM = re.compile(r"^(\s*)([-*+]|\d+[.)])\s+(.*)$")
_CODE_INDENT = "    "


def lines_of(text: str, width: int) -> list[str]:
    r"""A text in lines of at most a width; code keeps its lines, whatever their width.

    Args:
        text: Markdown with ``$TeX$``.
        width: As many columns there are.

    Example:
        >>> lines_of("The loss **is** $\\tfrac12 (y - \\hat y)^2$.", 40)
        ['The loss is 1/2 (y − ŷ)².']
    """
    lines: list[str] = []
    for block in _blocks(text, width):
        if lines and block:
            lines.append("")
        lines.extend(block)
    return lines


def one_line_of(text: str) -> str:
    """A short text, such as an option, as one line."""
    return " ".join(" ".join(lines_of(text, 10_000)).split())


def _blocks(text: str, width: int) -> Iterator[list[str]]:
    """Paragraphs, lists, formulas on their own and code, each as lines."""
    place = 0
    for code in _CODE.finditer(text):
        yield from _paragraphs(text[place : code.start()], width)
        yield [f"{_CODE_INDENT}{line}".rstrip() for line in code[2].rstrip("\n").split("\n")]
        place = code.end()
    yield from _paragraphs(text[place:], width)


def _paragraphs(text: str, width: int) -> Iterator[list[str]]:
    apart = _DISPLAY.sub(lambda m: f"\n\n$${' '.join(m[1].split())}$$\n\n", text)
    for paragraph in re.split(r"\n[ \t]*\n", apart):
        stripped = paragraph.strip()
        if not stripped:
            continue
        display = _DISPLAY.fullmatch(stripped)
        if display:
            yield _display(formula_text(display[1]), width)
        else:
            yield _lines(paragraph.strip("\n"), width)


def _display(formula: str, width: int) -> list[str]:
    """A formula on its own; one in cases has a line for each."""
    head, brace, cases = formula.partition("{ ")
    if not (brace and cases.endswith(" }") and "; " in cases):
        return _wrapped(formula, width, _CODE_INDENT, _CODE_INDENT * 2)
    first, *rest = cases.removesuffix(" }").split("; ")
    lead = " " * len(head)
    lines = _wrapped(f"{head}⎧ {first}", width, _CODE_INDENT, _CODE_INDENT * 2)
    for number, case in enumerate(rest, 1):
        bar = "⎩" if number == len(rest) else "⎨" if number == 1 else "⎪"
        lines += _wrapped(f"{bar} {case}", width, _CODE_INDENT + lead, _CODE_INDENT * 2 + lead)
    return lines


def _lines(paragraph: str, width: int) -> list[str]:
    """A paragraph, or items of a list, each wrapped on its own."""
    parts: list[tuple[str, str]] = []
    for line in paragraph.split("\n"):
        item = _ITEM.match(line)
        if item:
            mark = "•" if item[2] in "-*+" else item[2]
            parts.append((f"{item[1]}{mark} ", item[3]))
        elif parts:
            lead, words = parts[-1]
            parts[-1] = (lead, f"{words}\n{line.strip()}")
        else:
            parts.append(("", re.sub(r"^(#+|>)\s*", "", line.strip())))
    lines = []
    for lead, words in parts:
        lines += _wrapped(_inline(words), width, lead, " " * len(lead))
    return lines


def _inline(text: str) -> str:
    """Words without marks: formulas, code, links, emphasis."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[1] if match[1] is not None else formula_text(match[2]))
        return f"\ue000{len(kept) - 1}\ue001"

    text = _LINK.sub(lambda m: m[1] or m[2], text)
    text = _INLINE.sub(keep, text)
    text = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\2", text))
    text = re.sub(r"\\([$*_`\\|])", r"\1", text)
    return re.sub("\ue000(\\d+)\ue001", lambda m: kept[int(m[1])], text)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=True,
    )
