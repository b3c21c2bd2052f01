"""The reference pages are complete: every loss, every public name, no word explained twice."""

import re
from pathlib import Path
from typing import get_args

from lossedu import catalog
from lossedu.losses import Family

BOOK = Path(__file__).parent.parent.parent / "book"


def test_the_atlas_has_a_section_for_every_loss_and_links_chapters_that_exist(loaded_extension):
    atlas = loaded_extension("loss_atlas")

    text = atlas.sections({"classification/focal"})

    for spec in catalog.specs().values():
        assert f"card({spec.name!r})" in text
        assert f"\n### {spec.title}\n" in text
        cited = f"{{cite:t}}`{','.join(spec.references)}`" if spec.references else ""
        assert cited in text
    assert text.count("(../classification/focal.md)") == 2
    assert atlas.MARK in (BOOK / "reference" / "loss-atlas.md").read_text()


def test_the_atlas_has_a_heading_for_every_family(loaded_extension):
    families = loaded_extension("loss_atlas").FAMILIES

    assert list(families) == list(get_args(Family))


def test_the_glossary_explains_each_term_once_in_alphabetical_order():
    text = (BOOK / "reference" / "glossary.md").read_text().split("```{glossary}\n")[1]
    terms = [
        line for line in text.split("```")[0].splitlines() if line and not line.startswith(" ")
    ]

    assert len(terms) == len(set(terms)) >= 70
    assert terms == sorted(terms, key=lambda term: re.sub("[^a-z]", "", term.lower()))
