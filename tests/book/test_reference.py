"""The reference pages are complete: every loss, every public name, no word explained twice."""

import importlib
import re
from pathlib import Path

import pytest

from lossedu import catalog

BOOK = Path(__file__).parent.parent.parent / "book"


@pytest.mark.parametrize("name", catalog.specs())
def test_the_atlas_has_a_card_for_every_loss(name):
    atlas = (BOOK / "reference" / "loss-atlas.md").read_text()

    assert f'card("{name}")' in atlas
    assert f"\n## {catalog.spec(name).title}\n" in atlas
    assert f"(../{catalog.spec(name).chapter}.md)" in atlas


def test_the_api_page_lists_every_public_module():
    page = (BOOK / "reference" / "api.md").read_text()
    package = Path(importlib.import_module("lossedu").__file__).parent
    modules = {
        p.stem for p in package.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()
    }

    assert {m for m in modules if not m.startswith("_")} == set(
        re.findall(r"automodule:: lossedu\.(\w+)", page)
    )


def test_the_glossary_explains_each_term_once_in_alphabetical_order():
    text = (BOOK / "reference" / "glossary.md").read_text().split("```{glossary}\n")[1]
    terms = [
        line for line in text.split("```")[0].splitlines() if line and not line.startswith(" ")
    ]

    assert len(terms) == len(set(terms)) >= 70
    assert terms == sorted(terms, key=lambda term: re.sub("[^a-z]", "", term.lower()))
