"""Near-duplicates in a class: a list with evidence, never a verdict.

Winnowing (Schleimer, Wilkerson and Aiken, 2003): runs of tokens are hashed, and of every window of
hashes the smallest is kept, so that any copied stretch longer than run plus window leaves a trace.
Names, numbers and texts count by their kind alone: renaming hides nothing.  What the assignment
itself gives away, and what a third of the class shares, is no evidence.
"""

import ast
import hashlib
import io
import keyword
import tokenize
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

RUN = 12  # tokens: about a line and a half
WINDOW = 8  # runs: a shared stretch of RUN + WINDOW - 1 tokens is always found
_SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}

Traces = dict[int, set[int]]


@dataclass(frozen=True)
class Pair:
    """Two submissions that share more than chance and the assignment explain.

    Attributes:
        first: One submission.
        second: The other.
        shared: The part of the smaller one's traces that the other has as well, from 0 to 1.
        lines: The lines of the first, and of the second, in which they are; all cells in a row.
    """

    first: str
    second: str
    shared: float
    lines: tuple[list[int], list[int]]


def traces(source: str) -> Traces:
    """The fingerprints of a program, and the lines in which each begins."""
    tokens = _tokens(source)
    runs = [
        (_hash(" ".join(kind for kind, _ in tokens[at : at + RUN])), tokens[at][1])
        for at in range(len(tokens) - RUN + 1)
    ]
    kept: Traces = {}
    for at in range(max(1, len(runs) - WINDOW + 1) if runs else 0):
        # Of equal hashes the last: fewer traces for the same guarantee.
        value, line = min(reversed(runs[at : at + WINDOW]), key=lambda run: run[0])
        kept.setdefault(value, set()).add(line)
    return kept


def similar(
    sources: Mapping[str, str], given: str, *, least: float = 0.5, fewest: int = 5
) -> list[Pair]:
    """Pairs of submissions that are much alike, the most alike first.

    Args:
        sources: The code of each submission.
        given: The code that the assignment gives to all.
        least: The smallest part that is listed.
        fewest: Submissions with fewer traces of their own than this are too short to compare.
    """
    everywhere = set(traces(given))
    found = {name: traces(source) for name, source in sources.items()}
    holders = Counter(value for of_one in found.values() for value in of_one)
    if len(found) >= 6:
        everywhere |= {value for value, count in holders.items() if count > len(found) / 3}
    own = {
        name: {value: lines for value, lines in of_one.items() if value not in everywhere}
        for name, of_one in found.items()
    }
    pairs = [
        _pair(first, second, own[first], own[second])
        for first, second in combinations(sorted(own), 2)
        if min(len(own[first]), len(own[second])) >= fewest
    ]
    return sorted((p for p in pairs if p.shared >= least), key=lambda p: -p.shared)


def _pair(first: str, second: str, one: Traces, other: Traces) -> Pair:
    both = one.keys() & other.keys()
    lines = tuple(sorted(set().union(*(side[value] for value in both))) for side in (one, other))
    return Pair(first, second, len(both) / min(len(one), len(other)), (lines[0], lines[1]))


def _tokens(source: str) -> list[tuple[str, int]]:
    """The kinds of a program's tokens and their lines, up to where it breaks."""
    source = _without_docstrings(source)
    kinds = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in _SKIPPED:
                continue
            named = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
            plain = token.type in (tokenize.NUMBER, tokenize.STRING)
            kind = tokenize.tok_name[token.type] if named or plain else token.string
            kinds.append((kind, token.start[0]))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass
    return kinds


def _without_docstrings(source: str) -> str:
    """The program with its docstrings blanked, line by line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # nested beyond measure
        return source
    lines = source.splitlines()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and len(body) > 1 else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            for line in range(first.lineno - 1, first.end_lineno or first.lineno):
                lines[line] = ""
    return "\n".join(lines)


def _hash(text: str) -> int:
    """A hash that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
