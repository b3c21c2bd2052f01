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

import pytest
from typer.testing import CliRunner

from autograder.commands.app import app
from autograder.course.new_course import new_course
from tests.waiting import HANG_S, wait_until

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / "book" / "teach" / "images"
CLASS = ("right", "wrong-p-for-p-t", "broken-file")

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
    done = CliRunner().invoke(
        app, ["sample-class", "focal", "--without-training", "--root", str(folder)]
    )
    assert done.exit_code == 0, done.output
    return folder


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
    assert sorted(rows) == sorted(CLASS)
    assert "17 / 24" in rows["right"]
    assert "0 / 24" in rows["broken-file"]


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
