"""The deck: the same each time, MathJax intact, and new once for the real Anki."""

import re
import sqlite3
import zipfile
from contextlib import closing

import pytest
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

from lossedu.practice.anki import as_html, write_deck
from lossedu.practice.families import families
from tests.practice.bank import BANK, made


@pytest.fixture
def deck(tmp_path):
    path = tmp_path / "deck.apkg"
    write_deck(BANK, path)
    return path


def notes_of(path, tmp_path):
    """The fields and tags of each note, by its id."""
    with zipfile.ZipFile(path) as archive:
        archive.extract("collection.anki2", tmp_path)
    with closing(sqlite3.connect(tmp_path / "collection.anki2")) as connection:
        rows = connection.execute("SELECT guid, flds, tags FROM notes").fetchall()
    return {guid: (fields.split("\x1f"), tags.split()) for guid, fields, tags in rows}


def imported(path, folder):
    """How many notes are new, and how many were there, after each of two imports."""
    collection = Collection(str(folder / "collection.anki2"))
    counts = []
    for _ in range(2):
        request = ImportAnkiPackageRequest(
            package_path=str(path), options=ImportAnkiPackageOptions(with_scheduling=False)
        )
        log = collection.import_anki_package(request).log
        counts.append((len(log.new), len(log.duplicate)))
    collection.close()
    return counts


def test_anki_itself_takes_every_note_once(deck, tmp_path):
    count = len(BANK) - 2  # code and debugging run, which a card cannot

    assert imported(deck, tmp_path) == [(count, 0), (0, count)]


@pytest.mark.slow
def test_anki_takes_the_whole_bank_once(tmp_path):
    count = write_deck(families(), tmp_path / "deck.apkg")

    assert imported(tmp_path / "deck.apkg", tmp_path) == [(count, 0), (0, count)]


def test_a_deck_of_one_bank_is_the_same_byte_for_byte(deck, tmp_path):
    write_deck(BANK, tmp_path / "again.apkg")

    assert (tmp_path / "again.apkg").read_bytes() == deck.read_bytes()


def test_a_note_keeps_its_id_when_its_words_change(tmp_path):
    changed = BANK | {"a-number": made("a-number", prompt="Other words.")}
    write_deck(BANK, tmp_path / "one.apkg")
    write_deck(changed, tmp_path / "two.apkg")

    first, second = (notes_of(tmp_path / f"{n}.apkg", tmp_path) for n in ("one", "two"))

    assert set(first) == set(second)
    assert first["lossedu-a-number-0"] != second["lossedu-a-number-0"]


def test_formulas_stand_between_the_brackets_of_mathjax(deck, tmp_path):
    for fields, _ in notes_of(deck, tmp_path).values():
        assert r"\(\frac{1}{2}\)" in fields[0]
        assert "$" not in "".join(fields)


def test_options_and_the_right_one_stand_on_their_sides(deck, tmp_path):
    (question, answer, _, source), _ = notes_of(deck, tmp_path)["lossedu-a-choice-0"]

    assert re.findall("<li>(.*?)</li>", question) == ["yes", "no", "maybe"]
    assert re.findall("<li>(.*?)</li>", answer) == ["yes"]
    assert source == "classification/cross-entropy"


def test_a_note_is_tagged_by_skill_topic_level_and_kind(deck, tmp_path):
    _, tags = notes_of(deck, tmp_path)["lossedu-a-formula-0"]

    assert tags == [
        "lossedu::skill::focal",
        "lossedu::topic::cross-entropy",
        "lossedu::level::3",
        "lossedu::kind::formula",
    ]


def test_a_deck_that_cannot_be_drawn_leaves_the_old_one(deck, tmp_path):
    before = deck.read_bytes()
    broken = BANK | {"broken": made("broken", "a-number", answer={"value": "1/0", "digits": 2})}

    with pytest.raises(ValueError, match="broken"):
        write_deck(broken, deck)

    assert deck.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["deck.apkg"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & $x < 1$", r"<p>a &lt; b &amp; \(x &lt; 1\)</p>"),
        ("**strong** and *soft*", "<p><b>strong</b> and <i>soft</i></p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("`$a$`", "<p><code>$a$</code></p>"),
        ("$$x$$", r"<p>\[x\]</p>"),
        ("", ""),
    ],
)
def test_markdown_is_html(text, html):
    assert as_html(text) == html
