"""A teacher opens the formgrader and a feedback page in a browser, and sees what was graded."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.bridge.configuration import COURSE_ID
from autograder.commands.app import app
from autograder.course.new_course import new_course
from tests.waiting import HANG_S, wait_until

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "book" / "teach" / "images"
CLASS = ("right", "wrong-p-for-p-t", "broken-file")
HOSTILE = '<p class="full-credit modal-backdrop fade" style="position:fixed;inset:0">over all</p>'
# Clicks wherever a page can be clicked, but on what the page itself has for marking.
CLICK_ALL_OVER = """() => {
  const own = "button, input, textarea, .navbar, .help";
  let clicked = 0;
  for (let top = 0; top < document.body.scrollHeight; top += 300) {
    window.scrollTo(0, top);
    for (let y = 5; y < innerHeight; y += 30) for (let x = 5; x < innerWidth; x += 60) {
      const there = document.elementFromPoint(x, y);
      if (there && !there.closest(own)) { there.click(); clicked += 1; }
    }
  }
  return clicked;
}"""
BESIDE_THE_BUTTONS = """text => {
  document.querySelector(".full-credit").closest(".panel").insertAdjacentHTML("beforeend", text);
}"""

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of three, graded, with feedback."""
    folder = tmp_path_factory.mktemp("course") / "course"
    new_course(folder)
    samples = folder / "samples" / "focal"
    samples.mkdir(parents=True)
    for name in CLASS:
        (source,) = (ROOT / "samples" / "focal").glob(f"{name}.*")
        shutil.copy(source, samples)
    given = ROOT / "exercises" / "focal" / "focal.ipynb"
    (samples / "hostile.txt").write_text(hostile(nbformat.read(given, as_version=4)))
    done = CliRunner().invoke(
        app, ["sample-class", "focal", "--without-training", "--root", str(folder)]
    )
    assert done.exit_code == 0, done.output
    return folder


def hostile(notebook):
    """An exercise with nothing solved, and with answers that would like to be buttons."""
    show = f"class Loud:\n    def _repr_html_(self):\n        return {HOSTILE!r}\nLoud()"
    for cell in notebook.cells:
        if cell.id == "focal-conclusion":
            cell.source = HOSTILE
    notebook.cells.append(nbformat.v4.new_markdown_cell(HOSTILE))
    notebook.cells.append(nbformat.v4.new_code_cell(show))
    return nbformat.writes(notebook)


def marks_by_hand(course):
    """What a person gave for the essay of the hostile submission, and where its page is."""
    with Gradebook(f"sqlite:///{course / 'course'}/gradebook.db", COURSE_ID) as gradebook:
        kept = gradebook.find_submission_notebook("focal", "focal", "hostile")
        return kept.id, [grade.manual_score for grade in kept.grades]


@pytest.fixture(scope="module")
def formgrader(course, tmp_path_factory):
    """The address of a Jupyter server that runs the formgrader."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(tmp_path_factory.mktemp("jupyter"))
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *(f"--port={port}", "--IdentityProvider.token=", "--ServerApp.password="),
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]
    places = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "HOME"), home)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=course, env=os.environ | places, **quiet) as server:
        address = f"http://127.0.0.1:{port}/formgrader"
        try:
            wait_for(address, server)
            yield address
        finally:
            server.terminate()


def wait_for(address, server):
    def answers():
        assert server.poll() is None, "the server has stopped"
        with suppress(urllib.error.URLError), urllib.request.urlopen(address, timeout=HANG_S):
            return True

    wait_until(answers)


def keep(page, name, **options):
    if os.environ.get("LOSSEDU_SCREENSHOT"):
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", **options)


def test_the_formgrader_shows_the_marks(formgrader, browser):
    page = browser.new_page(viewport={"width": 1100, "height": 520})
    page.goto(f"{formgrader}/manage_submissions/focal")
    page.wait_for_selector("text=wrong-p-for-p-t")

    rows = {
        row.locator("td").nth(1).inner_text(): row.inner_text()
        for row in page.locator("table tbody tr").all()
    }

    keep(page, "formgrader")
    page.close()
    assert sorted(rows) == sorted([*CLASS, "hostile"])
    assert "17 / 24" in rows["right"]
    assert "0 / 24" in rows["broken-file"]


def test_clicks_all_over_a_page_of_hostile_answers_give_no_marks(course, formgrader, browser):
    identity, before = marks_by_hand(course)
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    page.route("https://**", lambda route: route.abort())  # no test waits for another machine
    with page.expect_response(lambda response: "/api/grades" in response.url):
        page.goto(f"{formgrader}/submissions/{identity}/")
    clicked = page.evaluate(CLICK_ALL_OVER)

    assert clicked > 100
    assert marks_by_hand(course)[1] == before == [None] * len(before)

    page.evaluate(BESIDE_THE_BUTTONS, HOSTILE)  # as it would stand there without the filter
    with page.expect_response(lambda response: response.request.method == "PUT"):
        page.evaluate("document.elementFromPoint(700, 400).click()")

    page.close()
    assert marks_by_hand(course)[1] != before, "one click would have been enough"


def test_a_feedback_page_names_the_mistake_and_draws_it(course, browser):
    path = course / "course" / "feedback" / "wrong-p-for-p-t" / "focal" / "focal.html"
    page = browser.new_page(viewport={"width": 1000, "height": 620})
    page.goto(path.as_uri())
    said = page.locator("text=has the factor (1 - p) ** gamma for negatives too").first

    said.scroll_into_view_if_needed()
    page.evaluate("window.scrollBy({top: 200, behavior: 'instant'})")

    keep(page, "feedback")
    assert said.is_visible()
    assert page.locator("img[alt^='Your function and the right one']").count() >= 1
    assert "Traceback" not in page.inner_text("body")
    page.close()
