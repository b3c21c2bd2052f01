"""The decision tree in a page: links without a script, one card at a time with it, an outline."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from lossedu.choosing import tree

STATIC = Path(__file__).parent.parent.parent / "book" / "_static"
LEAVES = list(tree().paths())
PAGE = """
# Which?

:::{decision-tree}
:::

:::{decision-tree}
:outline:
:::

:::{decision-tree}
:left-out:
:::
"""


@pytest.fixture(scope="module")
def written(shared_book):
    return shared_book.page(
        PAGE, extensions=["myst_nb", "decision_tree"], html_static_path=[str(STATIC)]
    )


@pytest.fixture
def visit(reader, shared_book, written):
    """Open the page from its folder."""
    with ExitStack() as stack:

        def opened(fragment="", **options):
            page = stack.enter_context(reader.window(**options))
            page.goto(f"{(shared_book.site / 'page.html').as_uri()}{fragment}")
            return page

        yield opened


def seen(page):
    """The titles of the cards in sight."""
    return [card.inner_text() for card in page.locator(".decision-title:visible").all()]


def test_every_link_of_the_tree_leads_to_a_card(written):
    cards = set(re.findall(r'class="decision-card[^"]*" id="([\w-]+)"', written))

    assert len(cards) == len(tree().questions) + len(tree().leaves)
    assert set(re.findall(r'href="#((?:ask|take)-[\w-]+)"', written)) == cards


def test_a_leaf_says_why_when_not_what_it_estimates_and_shows_highlighted_code(written):
    card = written.split('id="take-median"')[1].split('class="decision-card')[0]

    assert tree().leaves["median"].why in card
    assert "When not." in card
    assert "estimates: the conditional median" in card
    assert '<span class="kn">import</span>' in card
    assert 'href="reference/loss-atlas.html#absolute-error"' in card


def test_a_loss_whose_chapter_is_written_leads_there(small_book):
    chapter = "regression/squared-absolute-huber"
    listed = f"\n```{{toctree}}\n{chapter}\n```\n"
    pages = {"page": PAGE + listed, chapter: "# Huber\n"}

    complaints = small_book.build(pages, extensions=["myst_nb", "decision_tree"])

    assert complaints == ""
    text = (small_book.site / "page.html").read_text(encoding="utf-8")
    assert f'href="{chapter}.html"' in text.split('id="take-median"')[1].split("decision-card")[0]


def test_what_is_left_out_is_named_with_its_reason(written):
    for name, reason in tree().left_out.items():
        assert name.partition("(")[0] in written
        assert reason in written


def test_the_outline_names_every_leaf_in_order(written):
    outline = written[written.index('class="decision-outline') :]

    ends = re.findall(r'class="decision-end"><a[^>]*href="#take-([\w-]+)"', outline)
    assert ends == [leaf.name for _, leaf in LEAVES]


@pytest.mark.browser
def test_answers_lead_from_card_to_card_and_the_back_button_back(visit):
    page = visit()
    assert seen(page) == [tree().first.text]

    page.get_by_role("link", name="A number: a price").first.click()
    page.get_by_role("link", name="The median").first.click()
    assert seen(page) == ["Absolute error"]

    page.go_back()
    assert seen(page) == [tree().questions["statistic"].text]


@pytest.mark.browser
@pytest.mark.parametrize(("path", "leaf"), LEAVES[::6], ids=[leaf.name for _, leaf in LEAVES[::6]])
def test_digits_reach_a_leaf_and_the_focus_is_on_its_title(visit, path, leaf):
    page = visit()
    page.locator(".decision-answers a").first.focus()

    for question, answer in path:
        page.keyboard.press(str(question.answers.index(answer) + 1))
        page.wait_for_function("document.activeElement.classList.contains('decision-title')")

    assert seen(page) == [leaf.title]
    assert page.evaluate("document.activeElement.textContent") == leaf.title
    assert page.url.endswith(f"#take-{leaf.name}")


@pytest.mark.browser
def test_a_digit_outside_the_tree_is_left_alone(visit):
    page = visit()

    page.keyboard.press("1")

    assert seen(page) == [tree().first.text]


@pytest.mark.browser
def test_an_address_opens_its_card_and_answers_lead_back(visit):
    page = visit("#take-dice")
    assert seen(page) == ["Dice loss"]

    page.locator("#take-dice .decision-path a").last.click()
    assert seen(page) == [tree().questions["score"].text]

    page.get_by_role("link", name="Begin again").click()
    assert seen(page) == [tree().first.text]


@pytest.mark.browser
def test_without_scripts_every_card_is_in_sight(visit):
    page = visit(java_script_enabled=False)

    assert len(seen(page)) == len(tree().questions) + len(tree().leaves)


@pytest.mark.browser
def test_on_paper_the_outline_with_its_reasons_takes_the_place_of_the_cards(visit):
    page = visit()
    reason = page.get_by_text(tree().leaves["capped"].why).last
    assert not reason.is_visible()

    page.emulate_media(media="print")

    assert seen(page) == []
    assert reason.is_visible()
