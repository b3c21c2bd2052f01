"""Progress in the browser: kept, exported, imported, merged; what is hostile is refused."""

import json
import re
import uuid

import pytest

from lossedu.practice.progress.exchange import as_json, read_progress
from lossedu.practice.progress.schedule import cards_of
from tests.practice import fsrs_reviews
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


def until(page, script, expected):
    """Ask a page again and again: behind another it draws no frames, which Playwright waits for."""
    wait_until(lambda: page.evaluate(script) == expected)


COUNT = "lossedu.practice.state.now().reviews.length"

REVIEW = {
    "id": "6f1c1a52-95a4-4f3e-8f5e-0f6f5f0a0001",
    "family": "a-number",
    "variant": 0,
    "repetition": 0,
    "at": "2027-01-04T08:00:00.000Z",
    "rating": 3,
    "verdict": "right",
    "hints": 0,
    "seconds": 12.5,
    "source": "terminal",
    "answer": "0.83",
    "ticks": [],
}


def progress(*reviews, **parts):
    return {
        "version": 1,
        "reviews": list(reviews),
        "grid": [],
        "settings": {"date": None},
        **parts,
    }


def other(**fields):
    return {**REVIEW, "id": str(uuid.uuid4()), **fields}


@pytest.fixture
def today(folder):
    """Open the practice page when it is ready."""

    def visit(**options):
        page = folder("interview/practice", **options)
        page.wait_for_selector("#practice-today[data-ready]")
        return page

    return visit


def bring(page, content, name="progress.json"):
    text = content if isinstance(content, str) else json.dumps(content)
    page.get_by_label("Import").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    )


def said(page):
    return page.locator(".practice-data [role=status]")


def test_what_is_exported_is_what_the_terminal_reads_and_both_see_the_same_cards(
    drill, today, tmp_path
):
    box = drill("a-number")
    box.get_by_role("textbox").fill("0.83")
    box.get_by_role("button", name="Check").click()
    box.get_by_text("Counts as").wait_for()
    text = box.page.evaluate("lossedu.practice.state.text()")
    page = today(state=text)

    with page.expect_download() as taken:
        page.get_by_role("button", name="Export").click()

    path = tmp_path / "export.json"
    taken.value.save_as(path)
    read = read_progress(path)
    assert as_json(read) == json.loads(text)
    [card] = cards_of(read.reviews).values()
    shown = page.evaluate(
        "() => { const s = lossedu.practice.schedule;"
        " const [c] = s.cardsOf(lossedu.practice.state.now().reviews).values();"
        " return [s.dateOf(c.due), c.stability]; }"
    )
    assert shown[0] == card.due().isoformat()
    assert shown[1] == pytest.approx(card.stability, rel=1e-6)


def test_the_page_schedules_240_reviews_as_the_terminal_does(today):
    content = json.loads(fsrs_reviews.FILE.read_text(encoding="utf-8"))
    page = today()

    computed = page.evaluate(
        """reviews => {
          const schedule = lossedu.practice.schedule;
          const seen = [];
          return reviews.map(review => {
            seen.push(review);
            const own = seen.filter(one => one.family === review.family);
            const card = schedule.cardsOf(own).get(review.family);
            return [schedule.dateOf(card.due), card.stability, card.difficulty,
              schedule.recall(card, card.last + 10)];
          });
        }""",
        content["reviews"],
    )

    assert len(computed) == 240
    for row, (due, stability, difficulty, recall) in zip(content["reviews"], computed, strict=True):
        assert due == row["due"]
        assert stability == pytest.approx(row["stability"], rel=1e-6)
        assert difficulty == pytest.approx(row["difficulty"], rel=1e-6)
        assert recall == pytest.approx(row["recall_after_10_days"], rel=1e-6)


def test_an_import_adds_what_is_new_and_twice_adds_nothing(today, kept):
    page = today(state=progress(REVIEW))
    more = progress(REVIEW, other(at="2027-01-05T08:00:00Z"), settings={"date": "2027-03-01"})

    bring(page, more)
    page.get_by_text("1 review was new.").wait_for()
    bring(page, more)
    page.get_by_text("0 reviews were new.").wait_for()

    assert [review["at"] for review in kept(page)["reviews"]] == [
        "2027-01-04T08:00:00.000Z",
        "2027-01-05T08:00:00.000Z",
    ]
    assert kept(page)["settings"] == {"date": "2027-03-01"}


HOSTILE = {
    "no JSON": ("<script>alert(1)</script>", "is not JSON"),
    "another version": (progress(version=2), "progress.version must be 1"),
    "no list": (progress(reviews={}), "progress.reviews must be a list"),
    "another field": (
        progress({**REVIEW, "extra": 1}),
        'reviews[0] must have no other field, but has "extra"',
    ),
    "a prototype": (
        json.dumps(progress(REVIEW)).replace('"ticks"', '"__proto__": {"polluted": 1}, "ticks"'),
        'no other field, but has "__proto__"',
    ),
    "no UUID": (progress({**REVIEW, "id": "<img src=x onerror=alert(1)>"}), "must be a UUID"),
    "no time": (progress({**REVIEW, "at": "2027-02-31"}), "must be a time in UTC"),
    "a rating that is none": (progress({**REVIEW, "rating": 7}), "from 1 to 4"),
    "seconds without end": (
        json.dumps(progress(REVIEW)).replace("12.5", "1e999"),
        "must be a number from 0 on",
    ),
    "a day that is none": (progress(settings={"date": "soon"}), "must be a date"),
    "an answer without end": (progress({**REVIEW, "answer": "x" * 10000}), "at most 4000"),
    "nested without end": ("[" * 100_000 + "]" * 100_000, "must be an object"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_does_not_fit_is_refused_as_a_whole_with_the_place(today, kept, name):
    content, says = HOSTILE[name]
    page = today(state=progress(REVIEW))

    bring(page, content)

    page.wait_for_function("document.querySelector('.practice-data [role=status]').textContent")
    assert says in said(page).inner_text()
    assert kept(page) == progress(REVIEW)
    assert page.evaluate("({}).polluted") is None


def test_what_a_file_says_is_shown_as_text_and_never_as_html(today, folder):
    attack = '<img src="data:,x" onerror="window.attacked = true">'
    spoken = {"said": [], "flags": [0]}
    hostile = progress(
        other(family=attack, answer=attack),
        other(family="a-spoken", answer=spoken, ticks=[attack], rating=1, verdict="wrong"),
        grid=[{"at": REVIEW["at"], "skill": attack, "level": 3}],
    )
    page = today()
    bring(page, hostile)
    page.get_by_text("2 reviews were new.").wait_for()
    text = page.evaluate("lossedu.practice.state.text()")
    # The attack works where somebody reads a text as HTML.
    page.evaluate("text => { document.createElement('p').innerHTML = text; }", attack)
    page.wait_for_function("window.attacked")

    for name in ("interview/practice", "interview/self-assessment", "interview/readiness"):
        other_page = folder(name, state=text)
        other_page.wait_for_selector(".practice-app[data-ready]")
        for button in other_page.locator(".practice-count").all():
            button.click()
        assert other_page.evaluate("window.attacked") is None
        assert other_page.locator("img[src^='data:,x']").count() == 0


def test_what_cannot_be_read_is_put_aside_and_practice_goes_on(today):
    page = today(state='{"version": 1, "reviews": "all"}')

    assert "was put aside" in page.locator(".practice-fault").inner_text()
    aside = page.evaluate("localStorage.getItem('lossedu.practice.v1.damaged')")
    assert aside == '{"version": 1, "reviews": "all"}'
    assert page.get_by_role("button", name="Begin with 5 questions").is_visible()


FAILS = """for (const name of NAMES) {
  const real = Storage.prototype[name];
  Storage.prototype[name] = function (key, value) {
    if (key.startsWith("lossedu.practice")) { throw ERROR; }
    return real.call(this, key, value);
  };
}"""
FULL = FAILS.replace("NAMES", "['setItem']").replace(
    "ERROR", "new DOMException('full', 'QuotaExceededError')"
)
NONE = FAILS.replace("NAMES", "['getItem', 'setItem']").replace("ERROR", "new Error('denied')")


@pytest.mark.parametrize(
    ("script", "says"), [(FULL, "is full"), (NONE, "keeps nothing")], ids=["full", "none"]
)
def test_without_storage_practice_works_and_says_that_it_is_not_kept(drill, script, says):
    box = drill("a-number", script=script)
    box.get_by_role("textbox").fill("0.83")

    box.get_by_role("button", name="Check").click()

    box.get_by_text(re.compile(says)).wait_for()
    assert "Right." in box.locator(".practice-verdict").inner_text()
    assert len(box.page.evaluate("lossedu.practice.state.now().reviews")) == 1


def test_two_tabs_that_answer_at_once_lose_nothing(online, kept):
    one = online("part/drills")
    two = one.context.new_page()
    two.goto(one.url)
    both = [one, two]

    for number in range(20):
        for page, side in zip(both, "ab", strict=True):
            review = other(at=f"2027-01-04T08:{number:02}:00Z", answer=side)
            page.evaluate("review => lossedu.practice.state.addReview(review)", review)

    for page in both:
        until(page, COUNT, 40)
    assert len(kept(one)["reviews"]) == 40


def test_a_tab_puts_back_what_another_has_written_over(online, kept):
    page = online("part/drills")
    page.evaluate("review => lossedu.practice.state.addReview(review)", REVIEW)
    lost = json.dumps(progress(other()))

    two = page.context.new_page()
    two.goto("about:blank")
    two.goto(page.url)
    two.evaluate("text => localStorage.setItem('lossedu.practice.v1', text)", lost)

    until(page, COUNT, 2)
    assert len(kept(page)["reviews"]) == 2


def test_forgetting_asks_first_and_reaches_other_tabs(online, kept):
    page = online("interview/practice", state=progress(REVIEW))
    page.wait_for_selector("#practice-today[data-ready]")
    two = page.context.new_page()
    two.goto(page.url)
    until(two, "document.querySelector('#practice-today').dataset.ready", "true")

    page.get_by_role("button", name="Forget").click()  # a dialog is dismissed by itself
    assert len(kept(page)["reviews"]) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget").click()

    until(two, COUNT, 0)
    assert kept(two)["reviews"] == []
