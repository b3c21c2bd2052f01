"""A reader without scripts sees the blank of a drill and opens its solution with the keyboard."""

from contextlib import ExitStack

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.book]
CHAPTERS = ["foundations/what-a-loss-asks", "classification/cross-entropy", "classification/focal"]


@pytest.fixture
def page(reader, site):
    """Open a page of the site."""
    with ExitStack() as stack:

        def visit(address, **options):
            page = stack.enter_context(reader.window(**options))
            page.goto(f"{site}/{address}.html", wait_until="load")
            return page

        yield visit


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_solution_is_closed_and_every_task_open(page, chapter):
    visit = page(chapter, java_script_enabled=False)

    assert visit.locator("details.drill-solution").count() >= 6
    assert visit.locator("details.drill-solution[open]").count() == 0
    assert visit.locator(".drill .drill-task").count() >= 3
    for task in visit.locator(".drill .drill-task").all():
        assert "..." in task.inner_text()


def test_the_keyboard_opens_a_solution_whose_code_is_highlighted(page):
    visit = page("classification/focal", java_script_enabled=False)
    solution = visit.locator("#focal-which-way details.drill-solution")
    code = solution.locator(".highlight span.n").first
    assert not code.is_visible()

    solution.locator("summary").focus()
    visit.keyboard.press("Enter")

    assert code.is_visible()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_notebook_can_be_taken_at_the_top_of_the_page(page, chapter):
    visit = page(chapter)
    link = visit.locator("p.notebook-links a").first

    with visit.expect_download() as taken:
        link.click()

    assert taken.value.suggested_filename == f"{chapter.rpartition('/')[2]}.ipynb"
    assert taken.value.path().read_text().startswith("{")
    assert link.bounding_box()["y"] < 400


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_code_of_drills_does_not_scroll_on_a_laptop(page, chapter):
    visit = page(chapter, viewport={"width": 1280, "height": 800})
    visit.evaluate("document.querySelectorAll('.drill details').forEach(d => d.open = true)")

    wide = visit.evaluate(
        "Array.from(document.querySelectorAll('.drill pre'))"
        ".filter(pre => pre.scrollWidth > pre.clientWidth + 1).map(pre => pre.innerText)"
    )

    assert wide == []
