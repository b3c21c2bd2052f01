"""The pictures of the README are taken from the built book: `make screenshot` takes them anew."""

import io
import os
import re
from pathlib import Path

import pytest
from PIL import Image

from lossedu.whole_files import write_whole
from tests.book.visiting import DRAWN, Visit

pytestmark = [pytest.mark.browser, pytest.mark.book]

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "book" / "_static" / "pictures"
SIZE = {"width": 1280, "height": 800}
# What each shows: a page, and what of it is at the top of the screen.
SHOWN = {
    "cover": ("start/cover", "body"),
    "roadmap": ("start/roadmap", "body"),
    "chapter": ("classification/focal", ".explorable"),
    "atlas": ("reference/loss-atlas", "#huber-loss"),
}
MOST = 200_000  # bytes


def small(picture: bytes) -> bytes:
    """The same picture with 256 colours, which screens of text do not miss."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(out, "PNG", optimize=True)
    return out.getvalue()


def size_of(picture: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture)).size


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_taken_from_the_book_and_is_small(reader, site, name):
    page, top = SHOWN[name]
    with Visit(reader, site, page, mode="light", size=SIZE) as visit:
        place = visit.page.locator(top).first.bounding_box()["y"]
        visit.page.evaluate(f"window.scrollTo({{top: {place - 70}, behavior: 'instant'}})")
        # A picture of something that moves shows where it ends.
        visit.page.evaluate("document.getAnimations().forEach(motion => motion.cancel())")
        visit.page.evaluate("document.fonts.ready")
        visit.page.evaluate(DRAWN)
        taken = small(visit.page.screenshot())
    if os.environ.get("LOSSEDU_SCREENSHOT"):
        write_whole(FOLDER / f"{name}.png", taken)

    assert len(taken) < MOST
    kept = (FOLDER / f"{name}.png").read_bytes()
    assert len(kept) < MOST
    assert size_of(kept) == size_of(taken) == tuple(SIZE.values())


def test_the_readme_shows_every_picture_and_says_what_is_on_it():
    shown = re.findall(
        r"!\[(.{20,}?)\]\(book/_static/pictures/(\w+)\.png\)", (ROOT / "README.md").read_text()
    )

    assert sorted(name for _, name in shown) == sorted(SHOWN)
    assert {path.stem for path in FOLDER.iterdir()} == set(SHOWN)
