"""What a document tells its reader to type: fenced blocks, command lines, and spans of code."""

import re
import shlex
from collections.abc import Iterator

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>`{3,})(?P<kind>[^`\n]*)\n(?P<body>.*?)^(?P=indent)(?P=ticks) *$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def blocks(text: str, kind: str) -> list[str]:
    """The fenced blocks of one kind, without their indentation; not those inside of others."""
    found = []
    for match in _FENCE.finditer(text):
        if match["kind"].strip() == kind:
            lines = match["body"].splitlines()
            found.append("\n".join(line.removeprefix(match["indent"]) for line in lines) + "\n")
    return found


def spans(text: str) -> list[str]:
    """What stands between single backticks in the running text."""
    return _SPAN.findall(_FENCE.sub("", text))


def commands(lines: str) -> Iterator[list[str]]:
    """Each command of shell lines, as words: without comments, variables and what joins them."""
    for line in lines.splitlines():
        for part in re.split(r"&&|\|\||;|\|", re.sub(r"(^|\s)#.*", "", line)):
            words = shlex.split(part)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words:
                yield [words[0].removeprefix(".venv/bin/"), *words[1:]]
