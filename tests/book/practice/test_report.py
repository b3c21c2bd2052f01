"""One export gives one report: the page's and the terminal's."""

import json
from datetime import date
from random import Random

import pytest

from lossedu.practice.families import families
from lossedu.practice.progress.exchange import from_json
from lossedu.practice.sessions.report import report_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("small_bank")]

DAY = "2027-02-01"
SKILLS = ["squared-error", "cross-entropy", "focal", "design", "debugging"]


def history(seed, *, exam, names, count=120):
    """Reviews of every kind over a month, some of families that no longer exist."""
    draw = Random(seed)
    known = [*names, "gone"]
    reviews = []
    for number in range(count):
        family = draw.choice(known[: 1 + number // 4])
        flags = draw.choice([[], [0]])
        spoken = family in ("a-spoken", "a-design")
        ticks = ["a point", *(["it maximises accuracy"] if flags else [])]
        rating = draw.choice([1, 1, 2, 3, 3, 4])
        reviews.append(
            {
                "id": f"00000000-0000-4000-8000-{seed:06d}{number:06d}",
                "family": family,
                "variant": number % 3,
                "repetition": number,
                "at": f"2027-01-{1 + number // 4:02}T{draw.randrange(10, 24)}:00:00.000Z",
                "rating": rating,
                "verdict": "wrong" if rating == 1 else "right",
                "hints": draw.choice([0, 0, 0, 1, 2, 3]),
                "seconds": draw.randrange(50, 4000) / 10,
                "source": draw.choice(["page", "terminal", "mock"]) if number < 60 else "page",
                "answer": {"said": [0], "flags": flags} if spoken else "0.5",
                "ticks": ticks if spoken else [],
            }
        )
    grid = [
        {"at": f"2027-01-{day:02}T08:00:00.000Z", "skill": skill, "level": draw.randint(1, 5)}
        for day in (1, 20)
        for skill in SKILLS
    ]
    return {"version": 1, "reviews": reviews, "grid": grid, "settings": {"date": exam}}


def plain(reviews):
    return [review.id for review in reviews]


def of_the_terminal(content):
    report = report_of(families(), from_json(content), date.fromisoformat(DAY))
    return {
        "on": report.on.isoformat(),
        "exam": report.exam,
        "reviews": plain(report.reviews),
        "right": plain(report.right),
        "cards": report.cards,
        "expected": report.expected,
        "hints": [plain(reviews) for reviews in report.hints.values()],
        "skills": [
            {
                **{key: getattr(line, key) for key in ("skill", "claimed", "shown", "kind")},
                **{key: getattr(line, key) for key in ("families", "seen", "recall")},
                **{key: plain(getattr(line, key)) for key in ("evidence", "answered", "right")},
            }
            for line in report.skills
        ],
        "slowest": [
            [one.family, one.title, one.seconds, one.limit, plain(one.reviews)]
            for one in report.slowest
        ],
        "weakest": [
            [one.family, one.title, one.recall, one.wrong, plain(one.reviews)]
            for one in report.weakest
        ],
        "flags": [[flag.text, plain(flag.reviews)] for flag in report.flags],
        "actions": [[one.command, one.why, plain(one.reviews)] for one in report.actions],
    }


OF_THE_PAGE = """([content, day]) => {
  const {report, schedule, index, records} = lossedu.practice;
  const made = report.of(index, records.checked(content), schedule.dayOf(day));
  const ids = reviews => reviews.map(review => review.id);
  const {skill, claimed, shown, kind, families, seen, recall} = {};
  return {
    on: schedule.dateOf(made.on), exam: made.exam, reviews: ids(made.reviews),
    right: ids(made.right), cards: made.cards, expected: made.expected,
    hints: made.hints.map(ids),
    skills: made.skills.map(line => ({...line, evidence: ids(line.evidence),
      answered: ids(line.answered), right: ids(line.right)})),
    slowest: made.slowest.map(o => [o.family, o.title, o.seconds, o.limit, ids(o.reviews)]),
    weakest: made.weakest.map(o => [o.family, o.title, o.recall, o.wrong, ids(o.reviews)]),
    flags: made.flags.map(flag => [flag.text, ids(flag.reviews)]),
    actions: made.actions.map(one => [one.command, one.why, ids(one.reviews)]),
  };
}""".replace("  const {skill, claimed, shown, kind, families, seen, recall} = {};\n", "")


def near(value):
    """Numbers as they are computed twice; everything else to the letter."""
    if isinstance(value, dict):
        return {key: near(part) for key, part in value.items()}
    if isinstance(value, list):
        return [near(part) for part in value]
    return pytest.approx(value, rel=1e-6) if isinstance(value, float) else value


@pytest.fixture
def readiness(folder):
    """Open the report of a history when it is drawn."""

    def visit(content, **options):
        page = folder("interview/readiness", state=content, **options)
        page.wait_for_selector("#practice-readiness[data-ready]")
        return page

    return visit


@pytest.mark.parametrize("exam", [None, "2027-02-14", "2027-01-20"])
@pytest.mark.parametrize("seed", range(4))
def test_the_page_and_the_terminal_report_the_same(readiness, seed, exam):
    content = history(seed, exam=exam, names=sorted(families()))
    page = readiness(content)

    made = page.evaluate(OF_THE_PAGE, [content, DAY])

    expected = of_the_terminal(content)
    assert len(expected["actions"]) == 5
    assert made == near(expected)


def test_an_empty_history_has_a_report_too(readiness):
    content = {"version": 1, "reviews": [], "grid": [], "settings": {"date": None}}
    page = readiness(content)

    assert page.evaluate(OF_THE_PAGE, [content, DAY]) == near(of_the_terminal(content))


def test_a_number_opens_the_answers_behind_it_and_closing_returns_to_it(readiness):
    page = readiness(history(1, exam=None, names=["a-number", "a-choice"]))
    count = page.locator(".practice-report .practice-count").first
    reviews = int(count.inner_text()) if count.inner_text().isdigit() else None

    count.click()

    behind = page.locator(".practice-behind")
    assert behind.locator("tbody tr").count() >= 1
    assert behind.locator("h3").evaluate("heading => heading === document.activeElement")
    assert reviews is not None
    behind.get_by_role("button", name="Close").click()
    assert count.evaluate("button => button === document.activeElement")


def test_the_day_of_the_interview_is_kept(readiness, kept):
    page = readiness(history(1, exam=None, names=["a-number"]))

    page.get_by_label("The interview is on").fill("2099-03-01")

    page.get_by_text("Interview: 2099-03-01").wait_for()
    assert kept(page)["settings"] == {"date": "2099-03-01"}
    assert json.loads(page.evaluate("lossedu.practice.state.text()"))["settings"]["date"]
