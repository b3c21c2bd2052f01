"""Questions and errata: short answers, links that lead somewhere, and no address made up."""

import re
from pathlib import Path

import pytest
import yaml

BOOK = Path(__file__).parent.parent.parent / "book"
FAQ = BOOK / "reference" / "faq.md"
ERRATA = BOOK / "reference" / "errata.md"
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z*`{\[$])")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
COMING = re.compile(r"\{chapter\}`([^`]+)`")


def sections(page: Path) -> dict[str, str]:
    """The text below each heading of the third level."""
    parts = re.split(r"^### (.+)$", page.read_text(), flags=re.MULTILINE)
    return {
        title: re.split(r"^## ", text, flags=re.MULTILINE)[0].strip()
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def in_contents() -> set[Path]:
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return {(BOOK / f"{page}.md").resolve() for page in [toc["root"], *chapters]}


def leads_nowhere(page: Path, text: str) -> list[str]:
    known = in_contents()
    return [link for link in LINK.findall(text) if (page.parent / link).resolve() not in known]


ANSWERS = sections(FAQ)
CORRECTED = sections(ERRATA)


def test_sentences_are_counted_across_lines_links_and_code():
    text = "No: `a.b` is not [it](x.md). It is 0.5.\nIs it? {term}`Yes <yes>` it is.\n*So* end."

    assert len(SENTENCE.split(text)) == 5


def test_every_heading_of_the_questions_is_a_question_that_is_asked_once():
    headings = re.findall(r"^### (.+)$", FAQ.read_text(), re.MULTILINE)

    assert len(headings) == len(set(headings)) >= 71
    assert [heading for heading in headings if not heading.endswith("?")] == []


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_has_at_most_five_sentences(question):
    assert 1 <= len(SENTENCE.split(ANSWERS[question])) <= 5


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_links_a_page_of_the_contents(question):
    text = ANSWERS[question]

    assert LINK.findall(text) or COMING.findall(text)
    assert leads_nowhere(FAQ, text) == []


def test_a_chapter_that_is_named_before_it_is_written_is_one_of_the_course(loaded_extension):
    to_come = loaded_extension("chapters_to_come").TO_COME

    named = {name for text in ANSWERS.values() for name in COMING.findall(text)}
    assert named
    assert named <= set(to_come)


def test_a_chapter_that_is_written_is_none_to_come(loaded_extension):
    to_come = loaded_extension("chapters_to_come").TO_COME

    written = {
        page.relative_to(BOOK.resolve()).with_suffix("").as_posix() for page in in_contents()
    }
    assert written & set(to_come) == set()


@pytest.fixture
def pointing(small_book):
    def build(**pages: str) -> tuple[str, str]:
        (small_book.source / "_toc.yml").touch()
        text = "# Page\n\nSee {chapter}`landscapes/curvature`.\n"
        complaints = small_book.build(
            {"page": text, **pages}, extensions=["myst_nb", "chapters_to_come"]
        )
        return complaints, (small_book.site / "page.html").read_text()

    return build


def test_a_chapter_to_come_is_named_without_a_link(pointing):
    complaints, page = pointing()

    assert complaints == ""
    assert ">curvature (in preparation)</span>" in page
    assert "curvature.html" not in page


def test_a_chapter_that_has_come_is_linked_under_its_title(pointing):
    complaints, page = pointing(
        **{"landscapes/curvature": "---\norphan: true\n---\n\n# How it bends\n"}
    )

    assert complaints == ""
    assert re.search(r'href="landscapes/curvature\.html"[^>]*>.*?How it bends', page)
    assert "in preparation" not in page


def test_a_chapter_that_nobody_plans_is_a_fault_of_the_page(small_book):
    complaints = small_book.build(
        {"page": "# Page\n\n{chapter}`landscapes/nowhere`\n"},
        extensions=["myst_nb", "chapters_to_come"],
    )

    assert "page.md:3" in complaints
    assert "chapter must be one of those to come, but is 'landscapes/nowhere'" in complaints


@pytest.mark.parametrize("title", CORRECTED)
def test_a_correction_says_what_stood_what_is_right_and_where(title):
    text = CORRECTED[title]

    assert re.findall(r"^- \*\*(\w+):\*\* \S", text, re.MULTILINE) == ["Stood", "Right", "Where"]
    assert LINK.findall(text.split("**Where:**")[1])
    assert leads_nowhere(ERRATA, text) == []


def test_the_page_of_errata_holds_no_address_of_its_own():
    text = ERRATA.read_text()

    assert "{where-to-report}" in text
    assert not re.search(r"https?://|[\w.]+@\w", text)


@pytest.mark.parametrize("address", ["https://github.com/a/b", "https://github.com/a/b.git"])
def test_mistakes_are_reported_where_the_sources_are(small_book, address):
    page = small_book.page(
        "# Page\n\n```{where-to-report}\n```\n",
        extensions=["myst_nb", "where_to_report"],
        repository_address=address,
    )

    assert 'href="https://github.com/a/b/issues"' in page


def test_without_an_address_of_the_sources_none_is_made_up(small_book):
    page = small_book.page(
        "# Page\n\n```{where-to-report}\n```\n",
        extensions=["myst_nb", "where_to_report"],
        repository_address="",
    )

    assert "names no public address" in page
    assert "issues" not in page
