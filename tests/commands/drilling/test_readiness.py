"""What ``lossedu drill`` keeps: the self-assessment, the report, and progress in a file."""

import json

from tests.commands.drilling.typing_in import kept


def test_the_self_assessment_is_kept_level_by_level(drill, data):
    done = drill("grid", typed=["3", "", "6", "2", *[""] * 5])

    assert "A number from 1 to 5." in done.output
    assert "2 of 8 skills are rated." in done.output
    assert json.loads(drill("grid", "--json").output) == {"squared-error": 3, "cross-entropy": 2}


def test_progress_travels_from_one_file_to_another(drill, data, tmp_path):
    drill("topic", "a-number", typed=["0.5"])
    out = tmp_path / "progress.json"
    drill("export", "json", "--out", out)
    other = tmp_path / "other.sqlite"

    first = drill("import", out, "--data", other)
    second = drill("import", out, "--data", other)

    assert first.output == "1 of 1 reviews were new\n"
    assert second.output == "0 of 1 reviews were new\n"
    assert kept(other).reviews == kept(data).reviews
    assert json.loads(drill("export", "json").output) == json.loads(out.read_text("utf-8"))


def test_an_import_that_is_wrong_somewhere_adds_nothing(drill, data, tmp_path):
    drill("topic", "a-number", typed=["0.5"])
    content = json.loads(drill("export", "json").output)
    content["reviews"].append(content["reviews"][0] | {"rating": 9})
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    other = tmp_path / "other.sqlite"

    done = drill("import", path, "--data", other)

    assert done.exit_code == 2
    assert "reviews[1].rating must be a whole number from 1 to 4, but is 9." in done.stderr
    assert not other.exists()


def test_the_report_is_text_json_and_a_page(drill, tmp_path):
    drill("grid", typed=["", "", "5", "", "", "", "", ""])
    drill("topic", "a-number", typed=["0.5"])
    page = tmp_path / "report.html"

    text = drill("report", "--html", page).output
    computed = json.loads(drill("report", "--json").output)

    assert "●●●○○ Derive cross-entropy from a likelihood" in text
    line = next(one for one in computed["skills"] if one["skill"] == "cross-entropy")
    assert (line["claimed"], line["shown"], line["kind"]) == (5, 3, "number")
    assert len(computed["actions"]) == 5
    assert "<h1" in page.read_text(encoding="utf-8")
