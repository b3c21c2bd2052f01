"""Progress goes out and comes back as one JSON file; a wrong file is refused with its place."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossedu.practice.progress import Progress, ProgressError, SelfRating
from lossedu.practice.progress.exchange import as_json, from_json, read_progress, write_progress
from lossedu.practice.progress.records import in_order
from tests.practice.reviews import START, review

FULL = Progress(
    in_order([review("one", answer=[2, 0, 1]), review("two", ticks=("noise model",))]),
    (SelfRating(START, "gradients", 4),),
    date(2027, 2, 1),
)


def test_what_was_written_is_read_again(tmp_path):
    write_progress(FULL, tmp_path / "progress.json")

    assert read_progress(tmp_path / "progress.json") == FULL


def test_the_fields_are_those_of_the_page():
    content = as_json(FULL)

    assert list(content) == ["version", "reviews", "grid", "settings"]
    assert list(content["reviews"][0]) == [
        "id",
        "family",
        "variant",
        "repetition",
        "at",
        "rating",
        "verdict",
        "hints",
        "seconds",
        "source",
        "answer",
        "ticks",
    ]
    assert content["reviews"][0]["at"] == "2027-01-04T09:00:00.000Z"
    assert content["grid"] == [{"at": "2027-01-04T09:00:00.000Z", "skill": "gradients", "level": 4}]
    assert content["settings"] == {"date": "2027-02-01"}


@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8
    ),
    seconds=st.floats(0, 1e6),
    ticks=st.lists(st.text()),
)
def test_any_answer_survives_the_exchange(answer, seconds, ticks):
    one = review(answer=answer, seconds=seconds, ticks=tuple(ticks))

    (back,) = from_json(json.loads(json.dumps(as_json(Progress((one,)))))).reviews

    assert back == one


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (["version"], 2, "must be of version 1, but is of version 2. Hint: a newer lossedu"),
        (["version"], "1", "must be of version 1, but is of version '1'."),
        (["reviews"], {}, "reviews must be a list, but is dict."),
        (["reviews", 1], 5, "reviews[1] must be an object, but is 5."),
        (["reviews", 1, "id"], "x", "reviews[1].id must be a UUID, but is 'x'."),
        (["reviews", 1, "rating"], 5, "reviews[1].rating must be a whole number from 1 to 4, but"),
        (["reviews", 1, "rating"], True, "reviews[1].rating must be a whole number from 1 to 4"),
        (["reviews", 0, "at"], "2027-01-04", "reviews[0].at must be a time in UTC such as"),
        (["reviews", 0, "at"], 17, "reviews[0].at must be a time in UTC such as"),
        (["reviews", 0, "seconds"], -1, "reviews[0].seconds must be a number from 0 on"),
        (["reviews", 0, "verdict"], "good", "reviews[0].verdict must be one of 'right', "),
        (["reviews", 0, "source"], "me", "reviews[0].source must be one of 'page', 'terminal', "),
        (["reviews", 0, "ticks"], "a", "reviews[0].ticks must be a list of texts, but is 'a'."),
        (["reviews", 0, "answer"], "x" * 4000, "reviews[0].answer must have at most 4000 char"),
        (["reviews", 0, "extra"], 1, "reviews[0] must have no other field, but has 'extra'."),
        (["grid", 0, "level"], 6, "grid[0].level must be a whole number from 1 to 5, but is 6."),
        (["settings", "date"], "soon", "settings.date must be a date such as 2027-01-31, but is"),
        (["settings"], [], "settings must be an object, but is list."),
        (["cards"], [], "must have no other field, but has 'cards'."),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_fault(place, value, says):
    content = as_json(FULL)
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value

    with pytest.raises(ProgressError) as refused:
        from_json(content)

    assert says in str(refused.value)


@pytest.mark.parametrize("key", ["id", "family", "at", "rating", "hints"])
def test_a_missing_field_is_named(key):
    content = as_json(FULL)
    del content["reviews"][1][key]

    with pytest.raises(ProgressError, match=rf"reviews\[1\] must have '{key}', but has not"):
        from_json(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must be JSON, but is not at line 1"),
        (b'{"version": 1,\n "reviews": [', "must be JSON, but is not at line 2"),
        (b"\xff\xfe\x00", "must be JSON, but is not."),
        (b"[" * 100_000, "must be JSON, but is not."),
        (b'{"version": NaN}', "must be JSON, but is not"),
        (b"[]", "must be progress that was exported, but has no version"),
        (b'{"reviews": []}', "must be progress that was exported, but has no version"),
    ],
)
def test_what_is_no_json_of_ours_is_refused_in_one_line(content, says, tmp_path):
    path = tmp_path / "other.json"
    path.write_bytes(content)

    with pytest.raises(ProgressError) as refused:
        read_progress(path)

    assert str(path) in str(refused.value)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_review_that_stands_twice_counts_once():
    content = as_json(FULL)
    content["reviews"].append(content["reviews"][0])

    assert from_json(content) == FULL
