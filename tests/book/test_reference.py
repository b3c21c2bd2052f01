"""The reference pages are complete: every loss, every public name, no word explained twice."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from lossedu import calibration, catalog, losses, ranking_metrics
from lossedu.losses import Family

BOOK = Path(__file__).parent.parent.parent / "book"
CHAPTERS = {"foundations", "regression", "classification", "similarity", "ranking", "beyond"}
# Terms that no page links yet; each belongs to a chapter, where it first stands.
WAITING = {
    "Bayes risk",
    "efficiency",
    "exponential loss",
    "grouping loss",
    "Lipschitz constant",
    "mean reduction",
    "soft margin",
}


def test_the_atlas_has_a_section_for_every_loss_and_links_chapters_that_exist(loaded_extension):
    atlas = loaded_extension("loss_atlas")

    text = atlas.sections({"classification/focal"}, {})

    for spec in catalog.specs().values():
        assert f"card({spec.name!r})" in text
        assert f"\n### {spec.title}\n" in text
        cited = f"{{cite:t}}`{','.join(spec.references)}`" if spec.references else ""
        assert cited in text
    assert text.count("(../classification/focal.md)") == 2
    assert atlas.MARK in (BOOK / "reference" / "loss-atlas.md").read_text()


def test_the_atlas_leads_from_each_loss_to_the_drills_of_its_narrowest_topic(loaded_extension):
    atlas = loaded_extension("loss_atlas")

    text = atlas.sections(set(), {"triplet": 7, "metric-learning": 2, "hinge": 1})

    assert '<a href="../interview/practice.html#topic=triplet">7 drills</a>' in text
    assert text.count('topic=metric-learning">2 drills</a>') == 1, "the contrastive loss"
    assert text.count('topic=hinge">one drill</a>') == 3, "plain, squared and smooth"
    assert text.count("practice.html#topic=") == 6  # a soft margin has a section of its own


def test_every_loss_of_the_atlas_has_drills(loaded_extension):
    atlas = loaded_extension("loss_atlas")

    parts = re.split(r"^### ", atlas.sections(set(), atlas.drills_by_topic()), flags=re.M)[1:]

    assert len(parts) == len(catalog.specs())
    assert [part.splitlines()[0] for part in parts if "practice.html#topic=" not in part] == []


def public_functions() -> list[str]:
    """The functions that losses, calibration and ranking metrics offer."""
    return [
        name
        for module in (losses, calibration, ranking_metrics)
        for name in getattr(module, "__all__", vars(module))
        if inspect.isfunction(function := getattr(module, name))
        and function.__module__.startswith(module.__name__)
        and not name.startswith("_")
    ]


def names_in(page: str) -> set[str]:
    return set(re.findall(r"\w+", (BOOK / f"{page}.md").read_text()))


def test_every_public_function_is_named_in_a_chapter():
    pages = [p.relative_to(BOOK).with_suffix("").as_posix() for p in BOOK.glob("*/*.md")]
    named = set().union(*(names_in(page) for page in pages if page.split("/")[0] in CHAPTERS))

    functions = public_functions()

    assert {"collapse_score", "brier_score", "ndcg"} <= set(functions)
    assert [name for name in functions if name not in named] == []


@pytest.mark.parametrize("name", catalog.specs())
def test_the_chapter_of_a_loss_names_its_function(name):
    spec = catalog.spec(name)

    assert spec.function.__name__ in names_in(spec.chapter)


def test_the_atlas_has_a_heading_for_every_family(loaded_extension):
    families = loaded_extension("loss_atlas").FAMILIES

    assert list(families) == list(get_args(Family))


def test_the_glossary_explains_each_term_once_in_alphabetical_order():
    terms = glossary_terms()

    assert len(terms) == len(set(terms)) >= 70
    assert terms == sorted(terms, key=lambda term: re.sub("[^a-z]", "", term.lower()))


def glossary_terms() -> list[str]:
    text = (BOOK / "reference" / "glossary.md").read_text().split("```{glossary}\n")[1]
    return [line for line in text.split("```")[0].splitlines() if line and line[0] != " "]


def linked_terms() -> set[str]:
    """The terms that a page other than the glossary links, in lower case."""
    texts = [page.read_text() for page in BOOK.glob("*/*.md") if page.stem != "glossary"]
    targets = [target for text in texts for target in re.findall(r"\{term\}`([^`]+)`", text)]
    return {re.sub(r"^.*<(.+)>$", r"\1", target, flags=re.S).lower() for target in targets}


def test_the_glossary_holds_only_terms_that_a_page_links_or_that_wait_for_their_chapter():
    unlinked = {term for term in glossary_terms() if term.lower() not in linked_terms()}
    assert unlinked - WAITING == set(), "link it where a page uses it first"


# Names that a chapter uses in another sense, or in passing, before the one that explains them.
ANOTHER_SENSE = {
    "baseline",
    "calibration",
    "coverage",
    "discount",
    "efficiency",
    "false negative",
    "gamma",
    "gradient share",
    "hard example",
    "margin",
    "mask",
    "precision",
    "residual",
    "return",
}
NO_PROSE = re.compile(
    r"\A---.*?\n---\n|^(`{3,}).*?^\1|^:::\{admonition\}.*?^:::|^## In an interview.*\Z"
    r"|^#.*?$|^:+.*?$|\$[^$]*\$|\[[^\]\n]*\]\([^)]*\)|\{(?!term)[a-z:]+\}`[^`]*`",
    re.M | re.S,
)


def first_uses() -> dict[str, tuple[str, bool]]:
    """Of each term the first chapter in whose prose it stands, and whether that links it."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    pages = [c["file"] for part in toc["parts"] for c in part["chapters"]]
    prose = {
        page: NO_PROSE.sub(" ", (BOOK / f"{page}.md").read_text())
        for page in pages
        if page.partition("/")[0] in CHAPTERS
    }
    uses: dict[str, tuple[str, bool]] = {}
    for term in glossary_terms():
        name = re.escape(term).replace(r"\ ", r"\s")
        used = re.compile(rf"(?<![\w-]){name}s?(?![\w-])", re.I)
        linked = re.compile(rf"\{{term\}}`(?:[^`]*<)?{name}>?`", re.I)
        for page, text in prose.items():
            if used.search(text):
                uses[term] = page, bool(linked.search(text))
                break
    return uses


def test_a_chapter_links_the_terms_that_it_is_the_first_to_use():
    uses = first_uses()

    assert len(uses) > 100
    unlinked = {term: page for term, (page, linked) in uses.items() if not linked}
    assert {t: page for t, page in unlinked.items() if t not in ANOTHER_SENSE} == {}


def works() -> list[tuple[str, dict[str, str]]]:
    """Key and fields of each work of the bibliography."""
    parts = re.split(r"^@\w+\{", (BOOK / "references.bib").read_text(), flags=re.M)[1:]
    return [
        (part.partition(",")[0], dict(re.findall(r"(\w+)\s*=\s*\{([^{}]*)\}", part)))
        for part in parts
    ]


def test_the_bibliography_is_read_as_it_stands():
    keys = [key for key, _ in works()]

    assert len(keys) == len(set(keys)) > 100
    assert sum("doi" in fields for _, fields in works()) > 20


def test_identifiers_of_works_have_their_form_and_name_one_work_each():
    dois = [fields["doi"].lower() for _, fields in works() if "doi" in fields]
    preprints = re.findall(r"arXiv:([^\s{}]*)", (BOOK / "references.bib").read_text())
    doi, preprint = r"10\.\d{4,9}/\S*[^\s.,]", r"\d{4}\.\d{4,5}|[a-z.-]+/\d{7}"

    assert [name for name in dois if not re.fullmatch(doi, name)] == []
    assert [name for name in preprints if not re.fullmatch(preprint, name)] == []
    for names in (dois, preprints):
        assert len(names) == len(set(names)) > 10


def test_a_page_cites_each_work_and_each_work_that_is_cited_is_listed():
    texts = [page.read_text() for page in BOOK.glob("*/*.md")]
    roles = [keys for text in texts for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)]
    cited = {key.strip() for keys in roles for key in keys.split(",")}
    cited |= {key for spec in catalog.specs().values() for key in spec.references}
    sources = [found for text in texts for found in re.findall(r"source=(\([^)]*\)|\S+)", text)]
    cited |= {key for found in sources for key in re.findall(r'"([a-z]+\d{4}[a-z]?)"', found)}

    assert cited ^ {key for key, _ in works()} == set()
