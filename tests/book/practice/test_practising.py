"""The practice page: a first visit, what is due, filters, and a set from its first question on."""

import datetime as dt

import pytest

pytestmark = pytest.mark.browser


def review(number, family, *, days_ago, rating=3):
    when = dt.datetime.now(dt.UTC) - dt.timedelta(days=days_ago)
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "family": family,
        "variant": 0,
        "repetition": 0,
        "at": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "rating": rating,
        "verdict": "right" if rating > 1 else "wrong",
        "hints": 0,
        "seconds": 20,
        "source": "terminal",
        "answer": "1",
        "ticks": [],
    }


def progress(*reviews):
    return {"version": 1, "reviews": list(reviews), "grid": [], "settings": {"date": None}}


@pytest.fixture
def today(folder):
    def visit(name="interview/practice", **options):
        page = folder(name, **options)
        page.wait_for_selector(".practice-app[data-ready]")
        return page

    return visit


def press(page, name):
    page.get_by_role("button", name=name).click()


def test_a_first_visit_explains_itself_in_three_lines_and_offers_five(today):
    page = today()

    assert page.locator(".practice-welcome p").count() == 3
    assert page.get_by_text("12 questions wait for you.").is_visible()
    press(page, "Begin with 5 questions")
    assert page.locator(".practice-session > p").first.inner_text().startswith("1 of 5 ·")
    heading = page.locator(".practice-heading")
    assert heading.evaluate("heading => heading === document.activeElement")


def test_what_is_due_stands_under_its_skill_and_the_rest_comes_later(today):
    page = today(
        state=progress(
            review(1, "a-number", days_ago=40, rating=1),
            review(2, "a-choice", days_ago=30),
            review(3, "a-match", days_ago=0, rating=4),
        )
    )

    assert page.locator(".practice-summary").inner_text() == (
        "2 questions are due today, 9 are new to you, 1 comes later."
    )
    due = page.get_by_role("heading", name="Due today").locator("..")
    assert due.locator("h3").all_inner_texts() == [
        "Define squared error and compute its gradient",
        "Describe focal loss and other answers to class imbalance",
    ]
    assert due.locator(".practice-title").all_inner_texts() == [
        "What one outlier weighs",
        "What focal loss estimates",
    ]


FILTERS = {
    "Skill": ("Describe focal loss and other answers to class imbalance", 2),
    "Level": ("2, vaguely", 3),
    "Topic": ("quantile", 1),
    "Kind": ("spoken", 1),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_leaves_what_it_names(today, name):
    choice, count = FILTERS[name]
    page = today()

    page.get_by_label(name).select_option(label=choice)

    page.locator("summary").click()
    assert page.locator(".practice-group li").count() == count


def test_what_was_wrong_comes_again_at_the_end_of_a_set(today, kept):
    page = today("interview/practice")
    page.get_by_label("Kind").select_option("number")
    press(page, "Begin with 1 question")

    press(page, "Show the answer")
    press(page, "Next")

    assert page.get_by_text("2 of 2").is_visible()
    assert page.get_by_text("once more").is_visible()
    assert "No. 2 of 9" in page.locator(".practice-session").inner_text()
    page.get_by_role("textbox").fill("x")
    press(page, "Show the answer")
    press(page, "Finish")
    assert page.get_by_text("0 of 2 answers were right.").is_visible()
    assert [one["repetition"] for one in kept(page)["reviews"]] == [0, 1]


def test_the_report_leads_to_the_question_that_it_names(folder):
    page = folder("interview/practice")
    page.goto(page.url + "#ask=a-spoken")
    page.reload()

    page.get_by_role("heading", name="Cross-entropy in a minute").wait_for()

    assert page.get_by_role("button", name="Start the clock").is_visible()


def test_a_rating_is_kept_with_its_day_and_shown_again(online, kept):
    page = online("interview/self-assessment")
    page.wait_for_selector(".practice-app[data-ready]")
    skill = page.get_by_role("group", name="Debug training")
    assert page.get_by_role("group").count() == 8
    assert skill.get_by_role("radio").count() == 5

    skill.get_by_label("4 · can derive").check()

    [rating] = kept(page)["grid"]
    assert (rating["skill"], rating["level"]) == ("debugging", 4)
    page.reload()
    page.wait_for_selector(".practice-app[data-ready]")
    assert skill.get_by_label("4 · can derive").is_checked()
    assert page.get_by_text("1 of 8 skills are rated.").is_visible()


def test_the_page_is_light_with_as_many_families_as_the_course_has(folder, practice_book):
    static = practice_book / "_static"
    page = folder("interview/practice")
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map(one => one.name)"
        ".filter(name => /practice|ts-fsrs|interview/.test(name))"
    )

    files = {name.partition("_static/")[2].partition("?")[0] for name in loaded}
    assert not any("bank/" in name for name in files), "questions come when they are asked"
    weight = sum((static / name).stat().st_size for name in files)
    per_family = (static / "practice" / "index.js").stat().st_size / 12
    assert weight + 300 * per_family < 300_000
