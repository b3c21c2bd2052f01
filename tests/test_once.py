"""What is computed once a run is computed once, however it is asked for."""

import pytest

from tests import once
from tests.once import folder_once_a_run, once_a_run

asked = []


@once_a_run
def product(a: int, b: int = 2) -> list[int]:
    asked.append((a, b))
    return [a * b]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder as that of a run, and nothing known."""
    monkeypatch.setattr(once, "_folder", [])
    once.share_in(tmp_path / "once")
    asked.clear()


def test_the_same_call_in_other_words_is_not_computed_again():
    values = [product(7), product(7, 2), product(a=7, b=2), product(b=2, a=7)]

    assert values == [[14]] * 4
    assert asked == [(7, 2)]


def test_another_call_is_another_value():
    assert product(5) == [10]
    assert product(5, 3) == [15]
    assert asked == [(5, 2), (5, 3)]


def test_another_process_finds_what_one_has_computed(tmp_path):
    def twin():
        def product(a: int) -> int:
            asked.append(a)
            return a + 1

        return once_a_run(product)

    assert [twin()(8), twin()(8)] == [9, 9]
    assert asked == [8]
    assert len(list((tmp_path / "once").iterdir())) == 1


def write_into(folder):
    asked.append(folder.name)
    (folder / "page").write_text("written")


def test_a_folder_is_filled_once():
    folders = [folder_once_a_run("book", write_into) for _ in range(2)]

    assert asked == ["book"]
    assert folders[0] == folders[1]
    assert [path.name for path in folders[0].iterdir()] == ["page"]


def test_a_folder_that_could_not_be_filled_is_filled_anew_by_the_next_who_asks():
    def fail(folder):
        (folder / "half").touch()
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        folder_once_a_run("book", fail)
    folder = folder_once_a_run("book", write_into)

    assert [path.name for path in folder.iterdir()] == ["page"]
