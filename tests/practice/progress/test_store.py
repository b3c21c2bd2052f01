"""The file of progress: added to, never changed; another's, newer or damaged one is left alone."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from lossedu.practice.progress import Progress, ProgressError, SelfRating, Store, default_file
from lossedu.practice.progress.records import in_order
from tests.practice.reviews import START, review


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "new folder" / "practice.sqlite"


def test_what_was_added_is_there_when_the_file_is_opened_again(path):
    reviews = [review("one", day=2), review("two", day=1)]
    grid = (SelfRating(START, "gradients", 4),)
    with Store(path) as store:
        for one in reviews:
            store.add(one)
        store.rate(grid)
        store.set_exam(date(2027, 2, 1))

    with Store(path) as store:
        assert store.progress() == Progress(in_order(reviews), grid, date(2027, 2, 1))


def test_an_import_adds_what_is_new_and_changes_nothing_the_second_time(path):
    ours, both, theirs = review("one"), review("two"), review("three")
    other = Progress((both, theirs), (SelfRating(START, "gradients", 2),))
    with Store(path) as store:
        store.merge(Progress((ours, both)))

        assert store.merge(other) == 1
        after = store.progress()
        assert store.merge(other) == 0
        assert store.progress() == after

    assert {r.family for r in after.reviews} == {"one", "two", "three"}


def test_merging_in_another_order_gives_the_same(tmp_path):
    parts = [Progress((review("one", day=n), review("two", day=n))) for n in range(4)]
    stores = [Store(tmp_path / name) for name in ("a", "b")]
    for store, order in zip(stores, (parts, parts[::-1]), strict=True):
        for part in order:
            store.merge(part)

    first, second = (store.progress() for store in stores)

    assert first == second
    for store in stores:
        store.close()


def test_the_own_date_stays_when_progress_with_another_is_imported(path):
    with Store(path) as store:
        store.set_exam(date(2027, 2, 1))
        store.merge(Progress(exam=date(2027, 3, 1)))

        assert store.progress().exam == date(2027, 2, 1)


@pytest.mark.parametrize(
    "statement", ["DELETE FROM reviews", "UPDATE reviews SET at = ''", "DELETE FROM grid"]
)
def test_sqlite_itself_refuses_to_change_what_was_recorded(path, statement):
    with Store(path) as store:
        store.merge(Progress((review(),), (SelfRating(START, "gradients", 4),)))

    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_a_fault_in_the_middle_of_an_import_leaves_nothing_of_it(path):
    class Broken:
        @property
        def id(self):
            raise KeyboardInterrupt

        def as_json(self):
            raise KeyboardInterrupt

    with Store(path) as store:
        with pytest.raises(KeyboardInterrupt):
            store.merge(Progress((review(), Broken())))

        assert store.progress() == Progress()
        store.add(review())
        assert len(store.progress().reviews) == 1


def set_version(path, number):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")


def other_programs(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
        connection.commit()


def filled(path):
    with Store(path) as store:
        store.merge(Progress(tuple(review(f"family-{n}") for n in range(300))))


def tear(path):
    filled(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\x5a" * (len(content) - len(content) // 2)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_bytes(b"no database" * 99), "is damaged; it is left as it is"),
        (lambda path: path.write_bytes(b""), "must be a file of lossedu's practice, but"),
        (tear, "is damaged; it is left as it is"),
        (other_programs, "must be a file of lossedu's practice, but"),
        (
            lambda path: (filled(path), set_version(path, 99)),
            "must be of version 1, but is of version 99. Hint: a newer lossedu",
        ),
        (lambda path: path.mkdir(), "must be a file, but"),
    ],
    ids=["no database", "empty", "torn", "another program's", "newer", "folder"],
)
def test_a_file_that_cannot_be_read_is_refused_and_left_as_it_is(spoil, says, path):
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(ProgressError) as refused:
        Store(path)

    assert says in str(refused.value)
    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_log_without_its_file_is_not_played_back_into_a_new_one(path):
    store = Store(path)
    store.add(review())
    path.unlink()  # its log lies there still

    with pytest.raises(ProgressError, match="must be a file together with its log"):
        Store(path)

    store.close()


def test_the_file_is_readable_by_its_owner_alone(path):
    Store(path).close()

    assert path.stat().st_mode & 0o077 == 0


def test_the_file_lies_in_the_users_folder_for_data_unless_a_variable_names_it(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("LOSSEDU_PRACTICE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    usual = default_file()
    monkeypatch.setenv("LOSSEDU_PRACTICE", str(tmp_path / "mine.sqlite"))

    assert usual.name == "practice.sqlite"
    assert usual.parent.name == "lossedu"
    assert default_file() == tmp_path / "mine.sqlite"


def test_a_mock_that_was_begun_is_open_until_it_is_ended(path):
    with Store(path) as store:
        store.begin_mock("m1", {"id": "m1", "minutes": 30})
        store.begin_mock("m2", {"id": "m2", "minutes": 60})
        store.end_mock("m1")
        store.end_mock("m1")

    with Store(path) as store:
        assert store.open_mocks() == [{"id": "m2", "minutes": 60}]
