"""The loss atlas has a section for every loss of the package: nobody adds one by hand.

Where the page says ``% every loss``, a heading and a cell for each loss are put when Sphinx reads
it.
"""

from itertools import groupby
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lossedu import catalog
from lossedu.losses import LossSpec

PAGE = "reference/loss-atlas"
MARK = "% every loss"
FAMILIES = {
    "regression": "Regression",
    "classification": "Classification",
    "similarity": "Similarity",
    "ranking": "Ranking",
    "beyond": "Beyond",
}
_CARD = """### {title}

```{{code-cell}} ipython3
:tags: [hide-input]
card({name!r})
```
"""


def sections(written: set[str]) -> str:
    """The sections of all losses by family; ``written`` holds the pages that can be linked."""
    order = list(FAMILIES)
    specs = sorted(
        catalog.specs().values(), key=lambda spec: (order.index(spec.family), spec.title)
    )
    parts = []
    for family, members in groupby(specs, key=lambda spec: spec.family):
        parts.append(f"## {FAMILIES[family]}\n")
        parts += [_section(spec, written) for spec in members]
    return "\n".join(parts)


def _section(spec: LossSpec, written: set[str]) -> str:
    card = _CARD.format(title=spec.title, name=spec.name)
    if spec.chapter in written:
        card += f"\nExplained in [its chapter](../{spec.chapter}.md).\n"
    return card


def put_sections(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the mark by the sections."""
    if docname != PAGE:
        return
    if MARK not in source[0]:
        raise ValueError(f"{PAGE} must hold the line {MARK!r}, but does not.")
    folder = Path(app.srcdir)
    written = {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.md")}
    source[0] = source[0].replace(MARK, sections(written))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", put_sections)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
