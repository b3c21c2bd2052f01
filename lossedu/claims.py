"""Common claims about losses, each with the computation that decides it.

A chapter states a claim together with the outcome of a computation; the row appears on the page and
in the ledger of the whole book.  If the outcome is not what the verdict needs, the build stops.
"""

import html
import json
import re
from dataclasses import asdict, dataclass
from typing import Literal, get_args

Verdict = Literal["right", "wrong", "sloppy", "depends", "contradiction"]

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ClaimError(AssertionError):
    """A verdict that its own computation does not support."""


@dataclass(frozen=True)
class Claim:
    """One row of the ledger; a notebook renders it as a card.

    Attributes:
        slug: Its name, unique in the book.
        says: The claim, as people put it.
        verdict: What the computation says of it.
        because: The evidence, with its numbers.
    """

    slug: str
    says: str
    verdict: Verdict
    because: str

    def _repr_html_(self) -> str:
        data = html.escape(json.dumps(asdict(self), sort_keys=True), quote=True)
        return (
            f'<article class="claim claim-{self.verdict}" id="claim-{self.slug}" '
            f'data-claim="{data}">'
            f'<p class="claim-says">“{html.escape(self.says)}”</p>'
            f'<p><span class="claim-verdict">{self.verdict}</span> '
            f"{html.escape(self.because)}</p></article>"
        )


def claim(slug: str, says: str, *, verdict: Verdict, shown: bool, because: str) -> Claim:
    """State a claim, its verdict, and the computed evidence.

    Args:
        slug: Its name, unique in the book: lower-case words joined by hyphens.
        says: The claim, as people put it.
        verdict: ``right``, ``wrong``, ``sloppy`` (true only under conditions left unsaid),
            ``depends``, or ``contradiction`` (two claims that exclude each other).
        shown: Whether the computation came out as the verdict needs.
        because: The evidence, in one or two sentences, with computed numbers.

    Returns:
        An object that a notebook renders as a card.

    Raises:
        ClaimError: If ``shown`` is false.
        ValueError: If the slug or the verdict is malformed, or a text is empty.

    Example:
        >>> claim("two-is-one", "2 equals 1.", verdict="wrong", shown=2 != 1, because="2 - 1 = 1.")
        Claim(slug='two-is-one', says='2 equals 1.', verdict='wrong', because='2 - 1 = 1.')
    """
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"slug must be lower-case words joined by hyphens, but is {slug!r}.")
    if verdict not in get_args(Verdict):
        raise ValueError(f"verdict must be one of {get_args(Verdict)}, but is {verdict!r}.")
    if not (says.strip() and because.strip()):
        raise ValueError("says and because must not be empty, but one of them is.")
    if not bool(shown):
        raise ClaimError(
            f"claim {slug!r} must be {verdict} by its computation, but is not: {because}"
        )
    return Claim(slug, says, verdict, because)
