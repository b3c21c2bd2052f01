"""The teaching page's picture of a readiness report: `make screenshot` takes it anew."""

import io
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from lossedu.practice.families import SKILLS, families
from lossedu.practice.progress import Progress, SelfRating
from lossedu.practice.random_numbers import RandomNumbers
from lossedu.practice.sessions import report_of, report_page
from lossedu.whole_files import write_whole
from tests.practice.reviews import START, review

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[3] / "book" / "teach" / "images" / "readiness.png"
SIZE = {"width": 1000, "height": 800}
DAYS, A_DAY = 15, 6


def simulated() -> Progress:
    """Somebody who answers six questions a day and finds high levels hard."""
    numbers = RandomNumbers(7)
    asked = [family for family in families().values() if family.kind != "code"]
    reviews = []
    for place in range(DAYS * A_DAY):
        family = numbers.choice(asked)
        right = numbers.uniform() < 1.1 - 0.15 * family.level
        hints = numbers.below(2)
        reviews.append(
            review(
                family.id,
                day=place // A_DAY,
                id=str(uuid.UUID(int=place)),
                rating=(2 if hints else 3) if right else 1,
                verdict="right" if right else "wrong",
                hints=hints,
                seconds=round(family.seconds * (0.5 + numbers.uniform()), 1),
                answer="",
            )
        )
    grid = tuple(SelfRating(START, skill, 2 + numbers.below(3)) for skill in SKILLS)
    return Progress(tuple(reviews), grid, START.date() + timedelta(days=DAYS + 6))


def test_the_report_of_a_simulated_candidate_fits_the_teaching_page(browser, tmp_path):
    bank, day = families(), START.date() + timedelta(days=DAYS)
    path = tmp_path / "report.html"
    path.write_text(report_page(report_of(bank, simulated(), day), bank), encoding="utf-8")
    page = browser.new_page(viewport=SIZE)
    page.goto(path.as_uri())

    taken = page.screenshot()
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()

    if os.environ.get("LOSSEDU_SCREENSHOT"):
        PICTURE.parent.mkdir(exist_ok=True)
        out = io.BytesIO()
        Image.open(io.BytesIO(taken)).convert("RGB").quantize(256).save(out, "PNG", optimize=True)
        write_whole(PICTURE, out.getvalue())
    assert wide == SIZE["width"]
    kept = Image.open(io.BytesIO(PICTURE.read_bytes()))
    assert Image.open(io.BytesIO(taken)).size == kept.size == tuple(SIZE.values())
