"""What students put into an exchange is collected as it is; what it points at stays where it is."""

import logging

import pytest
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default.collect import ExchangeCollect
from nbgrader.exchange.default.exchange import Exchange

from autograder.bridge.no_links import collect_without_links


@pytest.fixture
def answers(tmp_path):
    folder = tmp_path / "solutions" / "focal"
    folder.mkdir(parents=True)
    (folder / "focal.ipynb").write_text("the answer")
    return folder


@pytest.fixture
def inbound(tmp_path, answers):
    """What a student handed in: her notebook, and links at three levels."""
    folder = tmp_path / "inbound" / "eve+focal"
    (folder / "data").mkdir(parents=True)
    (folder / "mine.ipynb").write_text("hers")
    (folder / "data" / "mine.csv").write_text("hers")
    (folder / "focal.ipynb").symlink_to(answers / "focal.ipynb")
    (folder / "more").symlink_to(answers)
    (folder / "data" / "deep.ipynb").symlink_to(answers / "focal.ipynb")
    return folder


@pytest.fixture
def collector(monkeypatch):
    monkeypatch.setattr(ExchangeCollect, "do_copy", Exchange.do_copy)
    collect_without_links()
    return ExchangeCollect(coursedir=CourseDirectory(), authenticator=None)


def texts(folder):
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}


def test_no_link_is_followed_out_of_an_exchange_and_it_is_said(
    collector, inbound, tmp_path, caplog
):
    collector.log = logging.getLogger("collecting")

    collector.do_copy(str(inbound), str(tmp_path / "submitted"))

    assert texts(tmp_path / "submitted") == {"mine.ipynb": "hers", "data/mine.csv": "hers"}
    for name in ("focal.ipynb", "more", "deep.ipynb"):
        assert f"'{name}' is a link, and was not followed." in caplog.text


def test_whoever_follows_them_has_the_answer(collector, inbound, tmp_path):
    Exchange.do_copy(collector, str(inbound), str(tmp_path / "submitted"))

    assert texts(tmp_path / "submitted")["focal.ipynb"] == "the answer"
    assert texts(tmp_path / "submitted")["data/deep.ipynb"] == "the answer"


def test_of_a_submission_that_is_a_link_nothing_is_collected(
    collector, inbound, answers, tmp_path, caplog
):
    collector.log = logging.getLogger("collecting")
    whole = tmp_path / "inbound" / "mal+focal"
    whole.symlink_to(answers)

    collector.do_copy(str(whole), str(tmp_path / "submitted"))

    assert texts(tmp_path / "submitted") == {}
    assert "'mal+focal' is a link" in caplog.text
