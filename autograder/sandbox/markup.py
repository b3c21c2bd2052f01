"""How much HTML a parser is asked to read; any system can import this."""

import re
from itertools import islice

_MOST_ELEMENTS = 1_000
# What may lie in another of its kind; cells, items and paragraphs end where the next one begins.
_NESTING = re.compile(r"<(?!(?:br|col|dd|dt|hr|img|li|p|t[dhr])\b)[a-z]", re.IGNORECASE)


def may_be_too_deep(text: str) -> bool:
    """Whether so many elements of some HTML may lie in one another that to parse it takes minutes.

    The time grows with the square of the depth.  Where an element ends is known to a parser alone,
    so it is their number that is bounded; large tables are made of what does not count.

    Example:
        >>> may_be_too_deep("<tr><td>1</td></tr>" * 10**4), may_be_too_deep("<b></b>" * 10**4)
        (False, True)
    """
    return sum(1 for _ in islice(_NESTING.finditer(text), _MOST_ELEMENTS + 1)) > _MOST_ELEMENTS
