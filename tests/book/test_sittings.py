"""A chapter says how long it takes, from what it holds, and where to pause."""

import re

CELL = "```{code-cell} ipython3\n:tags: [hide-input]\nimport math\n```\n"
HEAD = (
    "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\n"
    "kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n\n"
)
BOX = ":::{admonition} Before you start\n**You should know** nothing.\n:::\n"
SETTINGS = {"extensions": ["myst_nb", "folds", "drills", "sittings"]}


def chapter(words: int, after: int = 0, *, pause: bool = False, more: str = "") -> str:
    text = f"{HEAD}# Chapter\n\n{BOX}\n{CELL}\n## One\n\n{'word ' * words}\n\n"
    text += "```{pause}\n```\n\n" if pause else ""
    return text + (f"## Two\n\n{'word ' * after}\n\n" if after else "") + more


def plain(page: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", page).split())


def test_the_box_says_how_long_the_chapter_takes(small_book):
    page = plain(small_book.page(chapter(900), **SETTINGS))

    assert "Time 6 minutes to read." in page  # 5 for the words, and a little for headings


def test_equations_code_and_drills_take_time_too(small_book):
    drill = (
        "::::{drill} Add\n:label: add\n:level: easy\n:minutes: 7\n\nWhat is 1 + 1?\n\n"
        ":::{solution}\nTwo.\n:::\n::::\n"
    )
    more = "$$a$$\n\n" * 5 + "```{code-cell} ipython3\n" + "x = 1\n" * 20 + "```\n\n" + drill

    page = plain(small_book.page(chapter(900, more=more), **SETTINGS))

    assert "Time 9 minutes to read; 7 more for the drills." in page


def test_a_pause_says_how_much_is_left(small_book):
    page = plain(small_book.page(chapter(2000, 1000, pause=True), **SETTINGS))

    assert "Time 18 minutes to read, in 2 sittings (12 + 6)." in page
    assert "A good place to pause: 6 minutes are left." in page


def test_a_sitting_of_more_than_twenty_minutes_is_a_warning_that_names_the_page(small_book):
    complaint = small_book.build({"page": chapter(2000, 3800, pause=True)}, **SETTINGS)

    assert re.search(
        r"page.*a sitting must take at most 20 minutes, but sitting 2 of this chapter takes 22",
        complaint,
    )


def test_a_page_without_the_box_is_left_alone(small_book):
    page = plain(small_book.page("# Page\n\n" + "word " * 9000, **SETTINGS))

    assert "minutes" not in page
