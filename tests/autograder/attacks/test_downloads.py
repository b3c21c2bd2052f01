"""In a download from a learning platform, nobody hands in for another, nor stops the collection."""

import io
import stat
import tarfile
import zipfile
from pathlib import PurePosixPath

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.zipcollectapp import ZipCollectApp

from autograder.bridge import unpacking
from autograder.bridge.configuration import COURSE_ID
from autograder.bridge.unpacking import MOST_LEVELS, BoundedExtractor
from autograder.grading.downloads import platform_of, read_name
from autograder.grading.submissions import handed_in

BOB = "777"  # the number by which the platform knows him
IMPERSONATIONS = {
    "Blackboard": (
        "tiny_{who}_attempt_2026-03-01-12-00-00_{file}",
        "x_bob_attempt_2026-03-02-12-00-00_tiny.ipynb",
    ),
    "Moodle": (
        "{who}_{number}_assignsubmission_file_{file}",
        f"x_{BOB}_assignsubmission_file_tiny.ipynb",
    ),
    "Canvas, as Moodle": ("{who}_{number}_42_{file}", f"x_{BOB}_assignsubmission_file_tiny.ipynb"),
    "Canvas, as Blackboard": (
        "{who}_{number}_42_{file}",
        "x_bob_attempt_2026-03-02-12-00-00_tiny.ipynb",
    ),
    "Brightspace, as Moodle": (
        "{number}-9 - {who} - Mar 1, 2026 1200 PM - {file}",
        f"x_{BOB}_assignsubmission_file_tiny.ipynb",
    ),
}  # fmt: skip


@pytest.fixture
def course(folders, monkeypatch):
    """With a list of students, as a platform knows them."""
    (folders.root / "nbgrader_config.py").write_text(
        "from pathlib import Path\nfrom autograder.bridge.configuration import configure\n"
        "configure(get_config(), Path(__file__).resolve().parent)\n"
    )
    with Gradebook(f"sqlite:///{folders.course}/gradebook.db", COURSE_ID) as gradebook:
        gradebook.add_student("bob", lms_user_id=BOB)
        gradebook.add_student("eve", lms_user_id="13")
        gradebook.add_student("ann", lms_user_id="14")
    monkeypatch.chdir(folders.root)
    return folders


def download(course, **files):
    archive = course.root / "downloaded" / "tiny" / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "all.zip", "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def collect():
    app = ZipCollectApp()
    app.initialize(["tiny"])
    app.start()


def honest(pattern):
    who = (("ann", 14), ("bob", BOB))
    return [pattern.format(who=name, number=number, file="tiny.ipynb") for name, number in who]


@pytest.mark.parametrize("platform", IMPERSONATIONS)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a class"])
def test_what_a_student_calls_a_file_makes_it_nobody_elses(platform, alone):
    pattern, forged = IMPERSONATIONS[platform]
    others = [] if alone else honest(pattern)
    names = [pattern.format(who="eve", number=13, file=forged), *others]

    habit = platform_of(map(PurePosixPath, names), "tiny")
    found = [read_name(PurePosixPath(name), "tiny", ["ann", "bob", "eve"], habit) for name in names]

    assert [one.student.partition("_")[0] for one in found] == ["eve", "ann", "bob"][: len(names)]
    assert found[0].user in ("13", "")
    assert found[0].file == forged


def test_a_title_that_looks_like_another_platforms_student_is_a_title():
    names = [f"Week_1_2_{who}_attempt_2026-03-01-12-00-00_tiny.ipynb" for who in ("ann", "bob")]

    assert platform_of(map(PurePosixPath, names), "tiny") == "blackboard"


def test_a_forged_name_is_collected_as_its_students_own(course):
    pattern, forged = IMPERSONATIONS["Canvas, as Moodle"]
    names = [pattern.format(who="eve", number=13, file=forged), *honest(pattern)]
    download(course, **{name: name for name in names})

    collect()

    texts = {one.name: one.path.read_text() for one in handed_in(course, "tiny")}
    assert texts == dict(zip(("eve", "ann", "bob"), names, strict=True))


def test_a_year_without_a_calendar_elsewhere_stops_no_collection(course):
    download(
        course,
        **{
            "tiny_eve_attempt_0001-01-01-00-00-00_tiny.ipynb": "eve's",
            "tiny_ann_attempt_9999-12-31-23-59-59_tiny.ipynb": "ann's",
            "tiny_bob_attempt_2026-03-01-12-00-00_tiny.ipynb": "bob's",
        },
    )
    config = course.root / "nbgrader_config.py"
    zone = '\nget_config().DownloadCollector.timezone = "Asia/Tokyo"\n'
    config.write_text(config.read_text() + zone)

    collect()

    assert {one.name for one in handed_in(course, "tiny")} == {"ann", "bob", "eve"}
    bobs = course.submitted("tiny", "bob") / "timestamp.txt"
    assert bobs.read_text() == "2026-03-01 03:00:00"
    assert not bobs.parents[2].joinpath("eve", "tiny", "timestamp.txt").exists()


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unpacked(tmp_path, **files):
    """What lies in a folder, and outside of it, after a download of these files was unpacked."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "all.zip").write_bytes(zipped(**files))
    place = tmp_path / "outer" / "extracted"
    place.mkdir(parents=True)
    BoundedExtractor().extract(str(tmp_path / "archive"), str(place))
    inside = place / "all"
    assert [path.name for path in tmp_path.iterdir() if path.name != "archive"] == ["outer"]
    assert [path.name for path in (tmp_path / "outer").iterdir()] == ["extracted"]
    return {
        str(path.relative_to(inside)): path
        for path in inside.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def locked():
    raw = bytearray(zipped(**{"tiny.ipynb": "eve's"}))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + place] |= 1  # says that it is encrypted
    return bytes(raw)


def damaged():
    raw = bytearray(zipped(**{"tiny.ipynb": "eve's " * 1000}))
    raw[60:70] = b"0123456789"
    return bytes(raw)


BROKEN = {
    "no archive": b"tiny",
    "empty": b"",
    "locked": locked(),
    "damaged": damaged(),
    "cut": zipped(**{"tiny.ipynb": "eve's " * 1000})[:-40],
}


@pytest.mark.parametrize("end", ["zip", "gz", "tar.gz"])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_an_archive_that_cannot_be_unpacked_costs_only_itself(tmp_path, broken, end):
    honest = zipped(**{"work/tiny.ipynb": "ann's"})

    found = unpacked(tmp_path, **{f"eve_13_42_work.{end}": broken, "ann_14_43_work.zip": honest})

    assert found["ann_14_43_work/work/tiny.ipynb"].read_text() == "ann's"
    assert not [name for name in found if name.startswith("eve_13_42_work/")]


def test_archives_in_archives_come_to_an_end(tmp_path):
    content = zipped(**{"tiny.ipynb": "eve's"})
    for _ in range(40):
        content = zipped(**{"again.zip": content})

    found = unpacked(tmp_path, **{"again.zip": content, "ann_14_43_tiny.ipynb": "ann's"})

    assert max(name.count("again") for name in found) == MOST_LEVELS
    assert found["ann_14_43_tiny.ipynb"].read_text() == "ann's"


def test_a_file_that_unpacks_to_more_than_any_notebook_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_BYTES", 10_000)
    monkeypatch.setattr(unpacking, "MOST_OF_ONE", 15_000)
    bomb = zipped(**{f"{number}.ipynb": bytes(9_000) for number in range(50)})

    found = unpacked(
        tmp_path,
        **{"eve.ipynb": bytes(10_001), "mal.zip": bomb, "ann.ipynb": bytes(10_000)},
    )

    assert set(found) == {"mal.zip", "mal/0.ipynb", "ann.ipynb"}


OUTSIDE = [
    "../../../stolen.ipynb",
    "/tmp/../stolen.ipynb",
    "a/../../../../stolen",
    "..",
    "a/" * 2000,
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_in_an_archive_leads_out_of_it(tmp_path, name):
    inner = zipped(**{name: "eve's", "kept.ipynb": "kept"})

    found = unpacked(tmp_path, **{"eve_13_42_work.zip": inner})

    assert {name for name in found if name.endswith("ipynb")} == {"eve_13_42_work/kept.ipynb"}


def test_nothing_but_files_comes_out_of_a_tar_archive(tmp_path):
    (tmp_path / "outer").mkdir()
    packed = io.BytesIO()
    kinds = {"soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, kind in (kinds | {"zero": tarfile.CHRTYPE}).items():
            entry = tarfile.TarInfo(f"{name}.ipynb")
            entry.type, entry.linkname, entry.devmajor, entry.devminor = kind, "/etc/passwd", 1, 5
            archive.addfile(entry)
        entry = tarfile.TarInfo("tiny.ipynb")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"kept"))
    (tmp_path / "outer").rmdir()

    found = unpacked(tmp_path, **{"eve_13_42_work.tar.gz": packed.getvalue()})

    inside = {name: path for name, path in found.items() if name.startswith("eve_13_42_work/")}
    assert {name: path.read_text() for name, path in inside.items()} == {
        "eve_13_42_work/tiny.ipynb": "kept"
    }


def test_a_link_in_a_zip_archive_becomes_a_text(tmp_path):
    entry = zipfile.ZipInfo("tiny.ipynb")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, "/etc/passwd")

    found = unpacked(tmp_path, **{"eve_13_42_work.zip": packed.getvalue()})

    file = found["eve_13_42_work/tiny.ipynb"]
    assert not file.is_symlink()
    assert file.read_text() == "/etc/passwd"


def test_a_name_that_no_disk_takes_and_one_that_is_a_folder_too_cost_only_themselves(tmp_path):
    names = {"n" * 300 + ".ipynb": "long", "both": "file", "both/tiny.ipynb": "below", "ok": "kept"}

    found = unpacked(tmp_path, **{"eve_13_42_work.zip": zipped(**names)})

    texts = {path.name: path.read_text() for path in found.values() if path.suffix != ".zip"}
    assert texts == {"both": "file", "ok": "kept"}
