"""Common claims about losses, each with who makes it and the computation that decides it.

A chapter states a claim together with what was measured, and with what would have been measured
had the verdict been another one.  One check is run on both: it must accept the first and reject the
second.  So a verdict that its numbers do not support stops the build, and so does a check that
nothing could fail.
"""

import html
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar, get_args

from lossedu.names import unknown_name

Verdict = Literal["right", "wrong", "sloppy", "depends", "contradiction"]

GUIDES = ("interview guide", "hinge guide", "loss guide", "landscape guide", "focal guide")
"""Five guides whose claims are tested; any other source is a key of the bibliography."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z]+\d{4}[a-z]?")
_Measured = TypeVar("_Measured")


class ClaimError(AssertionError):
    """A verdict that its own computation does not support, or cannot contradict."""


@dataclass(frozen=True)
class Claim:
    """One row of the ledger; a notebook renders it as a card.

    Attributes:
        slug: Its name, unique in the book.
        says: The claim, as people put it.
        source: Who says so: keys of the bibliography, or names of `GUIDES`.
        verdict: What the computation says of it.
        because: The evidence, with its numbers.
        formerly: What was said of it before the computation changed that, if it did.
    """

    slug: str
    says: str
    source: tuple[str, ...]
    verdict: Verdict
    because: str
    formerly: Verdict | None = None

    def _repr_html_(self) -> str:
        data = html.escape(json.dumps(asdict(self), sort_keys=True), quote=True)
        sources = ", ".join(map(_source, self.source))
        before = f" (at first: {self.formerly})" if self.formerly else ""
        return (
            f'<article class="claim claim-{self.verdict}" id="claim-{self.slug}" '
            f'data-claim="{data}">'
            f'<p class="claim-says">“{html.escape(self.says)}” '
            f'<span class="claim-source">({sources})</span></p>'
            f'<p><span class="claim-verdict">{self.verdict}</span>{before} '
            f"{html.escape(self.because)}</p></article>"
        )


def _source(name: str) -> str:
    """A guide by its name; a work by its key, which the book turns into a link."""
    return name if name in GUIDES else f'<cite data-key="{name}">{name}</cite>'


def claim(
    slug: str,
    says: str,
    *,
    source: str | tuple[str, ...],
    verdict: Verdict,
    measured: _Measured,
    shown: Callable[[_Measured], Any],
    otherwise: _Measured,
    because: str,
    formerly: Verdict | None = None,
) -> Claim:
    """State a claim, who makes it, its verdict, and the computed evidence.

    Args:
        slug: Its name, unique in the book: lower-case words joined by hyphens.
        says: The claim, as people put it.
        source: Who says so: a key of the bibliography or one of `GUIDES`; several as a tuple.
        verdict: ``right``, ``wrong``, ``sloppy`` (true only under conditions left unsaid),
            ``depends``, or ``contradiction`` (it excludes another claim of the same source).
        measured: What the computation gave.
        shown: Whether such an outcome supports the verdict.
        otherwise: What would have been measured had the verdict been wrong: the claim's own
            prediction, or the same computation where the claim is known to hold.
        because: The evidence, in one or two sentences, with computed numbers.
        formerly: An earlier verdict that the computation has changed; the row keeps both.

    Returns:
        An object that a notebook renders as a card.

    Raises:
        ClaimError: If ``shown`` rejects what was measured, or accepts what it should not.
        ValueError: If the slug, the source or a verdict is malformed, a text is empty, or the
            earlier verdict is the same.

    Example:
        >>> row = claim(
        ...     "rounding-keeps-sums",
        ...     "Rounding keeps sums.",
        ...     source="interview guide",
        ...     verdict="wrong",
        ...     measured=round(0.4) + round(0.4),
        ...     shown=lambda total: total != 1,
        ...     otherwise=1,
        ...     because="0.4 + 0.4 rounds to 1, its parts to 0.",
        ... )
        >>> row.verdict, row.source
        ('wrong', ('interview guide',))
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    _check_texts(slug, says, sources, because)
    _check_verdicts(verdict, formerly)
    if not bool(shown(measured)):
        raise ClaimError(
            f"claim {slug!r} must be {verdict} by its computation, but is not: {because}"
        )
    if bool(shown(otherwise)):
        raise ClaimError(
            f"claim {slug!r} must be able to fail, but its check accepts {otherwise!r} as well. "
            "Hint: let it look at what the claim is about."
        )
    return Claim(slug, says, sources, verdict, because, formerly)


def _check_verdicts(verdict: Verdict, formerly: Verdict | None) -> None:
    if verdict not in get_args(Verdict):
        raise ValueError(unknown_name("verdict", verdict, get_args(Verdict)))
    if formerly not in (None, *get_args(Verdict)):
        raise ValueError(unknown_name("formerly", formerly, get_args(Verdict)))
    if formerly == verdict:
        raise ValueError(f"formerly must be another verdict than {verdict!r}, but is the same.")


def _check_texts(slug: str, says: str, sources: tuple[str, ...], because: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"slug must be lower-case words joined by hyphens, but is {slug!r}.")
    if not (says.strip() and because.strip()):
        raise ValueError("says and because must not be empty, but one of them is.")
    unknown = [name for name in sources if name not in GUIDES and not _KEY.fullmatch(name)]
    if unknown or not sources:
        raise ValueError(
            f"source must be a key of the bibliography or one of {GUIDES}, but is {sources!r}."
        )
