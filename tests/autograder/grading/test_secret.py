"""A course has one secret, which only its teacher can read."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.grading.folders import CourseFolders
from autograder.grading.secret import BITS, course_secret


def test_a_course_has_one_secret_and_another_course_another(tmp_path):
    one, other = CourseFolders(tmp_path / "one"), CourseFolders(tmp_path / "other")

    assert course_secret(one) == course_secret(one)
    assert course_secret(one) != course_secret(other)
    assert 0 <= course_secret(one) < 2**BITS


def test_only_its_owner_may_read_it(tmp_path):
    folders = CourseFolders(tmp_path)
    course_secret(folders)
    assert stat.S_IMODE(folders.secret.stat().st_mode) == 0o600

    folders.secret.chmod(0o644)
    course_secret(folders)

    assert stat.S_IMODE(folders.secret.stat().st_mode) == 0o600


def test_those_that_make_it_at_the_same_time_agree(tmp_path):
    folders = CourseFolders(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: course_secret(folders), range(64)))

    assert len(secrets) == 1
    assert [path.name for path in folders.course.iterdir() if path.is_file()] == ["secret"]


@pytest.mark.parametrize("text", ["", "seven", "-1", str(2**63), "1\n2"])
def test_a_file_that_holds_none_is_refused(tmp_path, text):
    folders = CourseFolders(tmp_path)
    course_secret(folders)
    folders.secret.write_text(text)

    with pytest.raises(LookupError, match="must hold a whole number") as refused:
        course_secret(folders)

    said = str(refused.value).replace(str(folders.secret), "").replace("2**63", "")
    assert not text or text not in said
