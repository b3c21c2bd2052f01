"""The ledger gathers the claims of all pages, part by part, with who makes them."""

import re

import pytest

from lossedu.claims import claim

BIBLIOGRAPHY = """
@inproceedings{lin2017,
  author = {Lin, Tsung-Yi and Goyal, Priya and Girshick, Ross},
  title = {A title}, booktitle = {Somewhere}, year = {2017}
}
"""


def card(slug: str, **changes) -> str:
    settings = {
        "source": "focal guide",
        "verdict": "wrong",
        "measured": 2,
        "shown": lambda value: value == 2,
        "otherwise": 1,
        "because": f"because of {slug}",
    }
    row = claim(slug, f"People say {slug} < all.", **{**settings, **changes})
    return f"```{{raw}} html\n{row._repr_html_()}\n```\n"


def pages(**changes: str) -> dict[str, str]:
    contents = "```{toctree}\nalpha/one\nbeta/two\nreference/claims-alpha\nreference/ledger\n```\n"
    return {
        "start": f"# Start\n\n{contents}",
        "alpha/one": f"# Chapter one\n\n{card('a')}",
        "beta/two": f"# Chapter two\n\n{card('b', source=('lin2017', 'hinge guide'))}",
        "reference/claims-alpha": f"# More of alpha\n\n{card('c', verdict='right')}",
        "reference/ledger": "# Ledger\n\n```{claims-ledger}\n```\n\n"
        "```{bibliography}\n:all:\n```\n",
        **changes,
    }


@pytest.fixture
def book(small_book):
    small_book.source.joinpath("references.bib").write_text(BIBLIOGRAPHY)

    def build(**changes: str) -> str:
        return small_book.build(
            pages(**changes),
            extensions=["myst_nb", "sphinxcontrib.bibtex", "claims_ledger"],
            bibtex_bibfiles=["references.bib"],
        )

    return build, small_book.site


def test_claims_stand_by_part_and_those_of_no_chapter_come_last_in_their_part(book):
    build, site = book

    assert build() == ""
    page = (site / "reference" / "ledger.html").read_text()
    body = page[page.index("claims-tally") : page.index("</section>")]
    headings = [re.sub("<[^>]+>", "", h) for h in re.findall(r"<h[23] id[^>]*>(.*?)</h", body)]
    assert headings == ["Alpha", "Chapter one", "More of alpha", "Beta", "Chapter two"]
    links = [(p, s) for p, s in re.findall(r'href="\.\./(\w+/[\w.-]+)#claim-(\w)"', page)]
    assert links == [("alpha/one.html", "a"), ("beta/two.html", "b")]
    assert 'href="claims-alpha.html#claim-c"' in page


def test_verdicts_are_counted_by_part(book):
    build, site = book
    build()

    page = (site / "reference" / "ledger.html").read_text()
    tally = page[page.index("claims-tally") : page.index("<h2")]
    rows = [re.findall(r"<t[hd][^>]*>(?:<a[^>]*>)?([^<]*)", r) for r in tally.split("<tr>")[1:]]
    assert rows == [
        ["part", "wrong", "right", "all"],
        ["Alpha", "1", "1", "2"],
        ["Beta", "1", "", "1"],
    ]


def test_a_verdict_that_has_changed_stands_beside_the_earlier_one(book):
    build, site = book
    build(**{"beta/two": f"# Two\n\n{card('b', verdict='depends', formerly='wrong')}"})

    page = (site / "reference" / "ledger.html").read_text()
    assert re.findall(r"\(at first: (\w+)\)", page) == ["wrong"]
    assert "depends</span> (at first: wrong)</td><td>because of b" in page


def test_what_people_say_is_escaped(book):
    build, site = book
    build()

    assert "People say a &lt; all." in (site / "reference" / "ledger.html").read_text()


@pytest.mark.parametrize("name", ["reference/ledger", "beta/two"])
def test_a_work_is_named_by_its_authors_and_leads_to_the_bibliography(book, name):
    build, site = book
    build()

    page = (site / f"{name}.html").read_text()
    link, text = re.search(r'<a href="([^"]*)">(Lin[^<]*)</a>', page).groups()
    anchor = link.partition("#")[2]
    assert text == "Lin et al., 2017"
    assert f'id="{anchor}"' in (site / "reference" / "ledger.html").read_text()
    assert "hinge guide" in page


def test_a_source_that_is_not_in_the_bibliography_stops_the_build(book):
    build, _ = book

    complaint = build(**{"beta/two": f"# Two\n\n{card('b', source='nobody1999')}"})

    assert "claim 'b' must have a source in the bibliography, but 'nobody1999'" in complaint


def test_two_claims_of_one_name_stop_the_build(book):
    build, _ = book

    complaint = build(**{"beta/two": f"# Two\n\n{card('a')}"})

    assert "claim 'a' must be stated once in the book, but is 2 times" in complaint
