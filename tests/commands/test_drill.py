"""``lossedu drill`` in a pipe: it asks, grades, keeps each answer at once and says so."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from lossedu.commands.app import app
from lossedu.commands.drilling import terminal as terminal_module
from lossedu.commands.drilling.terminal import Clock
from lossedu.practice.families import draw, families, family, own_answer
from lossedu.practice.progress import Store
from lossedu.practice.sessions.mock import mock_from
from tests.practice.bank import BANK, made

MORNING = datetime(2027, 1, 4, 9, tzinfo=UTC)
LETTERS = "abcdefghij"


class Time:
    """A clock that moves when it is told to, and a second with each look at it."""

    def __init__(self):
        self.moment = MORNING

    def seconds(self):
        self.moment += timedelta(seconds=1)
        return self.moment.timestamp()

    def now(self):
        return self.moment


@pytest.fixture
def time(monkeypatch):
    own = Time()
    monkeypatch.setattr(terminal_module, "Clock", lambda: Clock(own.now, own.seconds))
    return own


@pytest.fixture
def data(tmp_path):
    return tmp_path / "practice.sqlite"


@pytest.fixture
def drill(monkeypatch, data, time):
    """Runs a drill over the small bank, with lines to type."""
    monkeypatch.setattr("lossedu.practice.families.families", lambda: BANK)
    monkeypatch.setenv("LOSSEDU_PRACTICE", str(data))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, typed=()):
        text = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(app, ["drill", *map(str, arguments)], input=text)

    return run


def kept(data):
    with Store(data) as store:
        return store.progress()


def typed_answer(name, bank=BANK):
    """What somebody who is right types, line by line."""
    question = draw(bank[name], 0)
    answer = own_answer(question)
    if question.kind in ("spoken", "design"):
        steps = [""] * len(question.answer.get("steps", [""]))
        flags = [""] if question.red_flags else []
        return ["", *steps, LETTERS[: len(question.must_say)], *flags, ""]
    if question.kind == "errata":
        return [str(answer["line"]), *([answer["right"]] if "right" in answer else [])]
    if question.kind == "debug":
        return [LETTERS[answer["cause"]], answer["fix"], "."]
    if question.kind == "code":
        return [answer, "."]
    if isinstance(answer, int):
        return [LETTERS[answer]]
    return [answer] if isinstance(answer, str) else [" ".join(LETTERS[k] for k in answer)]


@pytest.mark.parametrize("name", BANK)
def test_a_right_answer_of_every_kind_is_accepted_and_kept(drill, data, name):
    done = drill("topic", name, typed=typed_answer(name))

    assert done.exit_code == 0, done.output
    (review,) = kept(data).reviews
    assert (review.family, review.verdict, review.source) == (name, "right", "terminal")
    assert review.rating >= 3
    assert "1 answer, 1 right." in done.output


RUN = ("code", "debug")  # their answers are run by the bank's own test


@pytest.mark.slow
@pytest.mark.parametrize("name", [f.id for f in families().values() if f.kind not in RUN])
def test_a_right_answer_to_any_question_of_the_bank_is_accepted_as_it_is_typed(
    drill, data, monkeypatch, name
):
    monkeypatch.setattr("lossedu.practice.families.families", families)

    said = drill("topic", name, typed=typed_answer(name, families())).output

    assert "1 answer, 1 right." in said
    shown = [line for line in said.splitlines() if not line.startswith("> ")]  # what was typed
    assert max(map(len, shown)) <= 80
    assert not re.search(r"\\[a-z]|\$.*\$", said)


WRONG = {
    "a-number": ["0.7"],
    "a-formula": ["p^gamma"],
    "a-choice": ["b"],
    "several": ["b"],
    "an-order": ["a b c"],
    "a-match": ["a b"],
    "a-plot": ["1"],
    "an-incident": ["b" if draw(BANK["an-incident"], 0).answer["right"] == [0] else "a"],
    "some-code": ["x = 2", ".", "show"],
    "an-erratum": ["1"],
    "aloud-60": ["", "", "", "a", ""],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_kept_as_wrong_and_the_question_comes_once_more(drill, data, name):
    done = drill("topic", name, typed=[*WRONG[name], "quit"])

    assert done.exit_code == 0, done.output
    (review,) = kept(data).reviews
    assert review.rating == 1
    assert "Again at the end, and tomorrow." in done.output
    assert "2 of 2" in done.output


def test_a_mistake_with_a_name_is_named(drill):
    said = drill("topic", "a-formula", typed=["p^gamma"]).output

    assert "That keeps what is easy." in said
    assert "Then: Which examples are easy?" in said


ANSWERS = {
    "a-number": "The answer: 0.5",
    "a-formula": "The answer: (1 − p)^γ",
    "a-choice": "The answer: a) yes",
    "several": "The answer: a) a; c) c",
    "an-order": "The answer: b, c, a",
    "a-match": "The answer: 1 b, 2 a",
    "an-erratum": "The answer: line 2; it should be 3",
    "some-code": "A solution:\n    x = y + 1",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_after_a_wrong_answer_the_right_one_is_shown_and_after_a_right_one_not(drill, name):
    wrong = drill("topic", name, typed=[*WRONG[name], "quit"]).output
    right = drill("topic", name, typed=typed_answer(name)).output

    assert ANSWERS[name] in wrong
    assert ANSWERS[name] not in right


def test_code_may_be_mended_and_then_counts_as_hard(drill, data):
    typed = ["x = 2", ".", "x =", ".", "x = 3", "."]

    said = drill("topic", "some-code", typed=typed).output

    assert "Not yet: Traceback" in said
    assert "Line 1 is not Python" in said
    assert [(r.verdict, r.rating) for r in kept(data).reviews] == [("right", 2)]


@pytest.mark.parametrize("line", ["~nobody/x", "x" * 5000, "a\0b"])
def test_a_line_that_is_no_name_of_a_file_is_code(drill, data, line):
    done = drill("topic", "some-code", typed=[line, ".", "x = 3", "."])

    assert done.exit_code == 0, done.output
    assert kept(data).reviews[0].verdict == "right"


def test_what_python_prints_keeps_its_lines(drill):
    said = drill("topic", "some-code", typed=["1 / 0", ".", "quit"]).output

    assert re.search(r"^ *ZeroDivisionError: division by zero$", said, re.MULTILINE)


def test_a_mended_script_with_a_wrong_cause_is_partly_right(drill, data):
    right = own_answer(draw(BANK["a-bug"], 0))
    wrong = "ab"[1 - right["cause"]]

    drill("topic", "a-bug", typed=[wrong, right["fix"], "."])

    (review,) = kept(data).reviews
    assert (review.verdict, review.rating) == ("partly", 1)


def test_code_is_read_from_a_file(drill, data, tmp_path):
    path = tmp_path / "answer.py"
    path.write_text("x = y + 1\n", encoding="utf-8")

    said = drill("topic", "some-code", typed=[tmp_path / "nowhere.py", path]).output

    assert "nowhere.py cannot be read" in " ".join(said.split())
    assert kept(data).reviews[0].verdict == "right"


def test_a_formula_is_echoed_as_it_was_read(drill):
    assert "read as (1 − p)^γ" in drill("topic", "a-formula", typed=["(1-p)^gamma"]).output


def test_what_cannot_be_read_is_marked_and_costs_nothing(drill, data):
    said = drill("topic", "a-formula", typed=["(1-p))^gamma", "(1-p)^gamma"]).output

    assert re.search(r"\n {7}\^\n", said)
    (review,) = kept(data).reviews
    assert (review.rating, review.hints) == (4, 0)


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("an-order", "a b", "Each of a to c once."),
        ("an-order", "a b b", "Each of a to c once."),
        ("an-order", "a b z", "Letters from a to c."),
        ("a-match", "a", "2 letters, one for each number."),
        ("a-match", "1 a 2", "2 letters, one for each number."),
        ("a-choice", "a b", "One letter."),
        ("a-choice", "1", "Letters from a to c."),
        ("several", "a d", "Letters from a to c."),
        ("an-erratum", "seven", "not an answer"),
        ("a-number", "0,5", "comma"),
        ("a-number", "half", "must be"),
    ],
)
def test_letters_and_numbers_that_do_not_fit_cost_nothing(drill, data, name, typed, says):
    said = drill("topic", name, typed=[typed, *typed_answer(name)]).output

    assert says in " ".join(said.split())
    assert kept(data).reviews[0].rating >= 3


def test_hints_come_in_order_and_their_cost_is_said(drill, data):
    said = drill("topic", "a-number", typed=["?", "?", "?", "?", "0.5"]).output

    assert "Hint 1 of 3: the answer counts as hard from now on." in said
    assert "Hint 3 of 3: that is the solution: the question comes again." in said
    assert said.index("Think.") < said.index("Think of halves.") < said.index("It is a half.")
    assert "There is no other hint." in said
    assert (kept(data).reviews[0].hints, kept(data).reviews[0].rating) == (3, 1)


def test_without_hints_there_are_none(drill, data):
    said = drill("today", "--no-hints", typed=["", "?", "quit"]).output

    assert "No hints here." in said
    assert kept(data).reviews == ()


def test_a_question_that_is_left_out_is_not_kept(drill, data):
    done = drill("topic", "a-number", typed=["skip"])

    assert "Left out." in done.output
    assert kept(data).reviews == ()


def test_formulas_stand_in_the_prompt_as_plain_text(drill):
    assert "What is 1/2?" in drill("topic", "a-number", typed=["quit"]).output


def test_an_empty_line_is_no_answer(drill, data):
    said = drill("topic", "a-number", typed=["", "0.5"]).output

    assert "? for a hint, skip, or quit" in said
    assert kept(data).reviews[0].rating == 4


def test_a_slow_answer_counts_as_hard(drill, data, time, monkeypatch):
    monkeypatch.setattr(Time, "seconds", lambda self: time.now().timestamp())
    real = terminal_module.Terminal.ask

    def slowly(self, prompt="> "):
        time.moment += timedelta(seconds=BANK["a-number"].seconds + 1)
        return real(self, prompt)

    monkeypatch.setattr(terminal_module.Terminal, "ask", slowly)

    said = drill("topic", "a-number", typed=["0.5"]).output

    assert "31 s of 30 s." in said
    assert kept(data).reviews[0].rating == 2


def test_somebody_new_is_told_in_three_lines_and_gets_two_minutes_of_questions(drill):
    said = drill("today", typed=["quit"]).output.splitlines()

    assert said[2] == "First a set of 3 questions, 2 minutes at most."
    assert said[3].startswith("Enter to begin")
    plan = json.loads(drill("today", "--json").output)
    assert sum(BANK[item["family"]].seconds for item in plan["items"]) <= 120


def test_nothing_is_wider_than_the_terminal(drill, data, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    for name in BANK:
        said = drill("topic", name, typed=["?", *typed_answer(name)]).output.splitlines()
        wide = [line for line in said if len(line) > 60 and "file's name" not in line]
        assert [line for line in wide if str(data) not in line] == [], "only a path may be, whole"


def test_what_is_due_comes_before_what_is_new(drill, time):
    drill("topic", "several", typed=["b", "quit"])
    time.moment += timedelta(days=2)

    plan = json.loads(drill("today", "--json", "--size", "2").output)

    assert [item["why"] for item in plan["items"]] == ["due", "new"]
    assert (plan["items"][0]["family"], plan["items"][0]["variant"]) == ("several", 1)


def test_the_date_is_remembered_and_forgotten(drill, data):
    drill("today", "--date", "2027-02-01", "--json")
    remembered = kept(data).exam
    drill("today", "--date", "none", "--json")

    assert remembered.isoformat() == "2027-02-01"
    assert kept(data).exam is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["today", "--date", "soon"], "date must be a day such as 2027-01-31, or none, but is"),
        (["topic", "cross-entrpy"], "Hint: did you mean 'cross-entropy'"),
        (["mock", "--role", "ml-enginer"], "Hint: did you mean 'ml-engineer'?"),
        (["mock", "--minutes", "7"], "minutes must be one of 5, 30, 60, but is 7."),
        (["import", "nowhere.json"], "No such file"),
        (["export", "json", "--out", "/dev/null/x"], "out must lie in a folder"),
        (["today", "--data", "/"], "data must be a file, but / is a folder."),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(drill, arguments, says):
    done = drill(*arguments)

    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_file_is_one_line_and_stays(drill, data):
    data.write_bytes(b"damaged" * 99)

    done = drill("today", typed=[""])

    assert done.exit_code == 2
    assert "is damaged; it is left as it is" in done.stderr
    assert data.read_bytes() == b"damaged" * 99


def test_ctrl_c_keeps_what_was_answered_and_exits_with_130(drill, data, monkeypatch):
    def pressed(self, prompt="> "):
        if kept(data).reviews:
            raise KeyboardInterrupt
        return "b"

    monkeypatch.setattr(terminal_module.Terminal, "ask", pressed)

    done = drill("topic", "a-choice")

    assert done.exit_code == 130
    assert f"1 answer, 0 right. All is kept in {data}" in " ".join(done.output.split())
    assert len(kept(data).reviews) == 1


def test_the_end_of_the_input_keeps_what_was_answered(drill, data):
    done = drill("topic", "cross-entropy", typed=typed_answer("a-choice"))

    assert done.exit_code == 0
    assert len(kept(data).reviews) == 1


def test_topics_are_listed_with_their_counts(drill):
    lines = dict(line.split() for line in drill("topic").output.splitlines())

    assert lines["cross-entropy"] == str(len(BANK))
    assert lines["debugging"] == "2"
    assert json.loads(drill("topic", "--json").output) == {n: int(c) for n, c in lines.items()}


def test_a_bank_is_checked_and_what_it_lacks_is_said(drill, monkeypatch):
    broken = BANK | {"broken": made("broken", "a-number", answer={"value": "1/0", "digits": 2})}
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: {})
    empty = drill("check-bank", "--seeds", "1", "--json")
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: broken)

    faulty = drill("check-bank", "--seeds", "1", "--json")

    assert empty.exit_code == 0
    assert json.loads(empty.output)["faults"] == []
    assert json.loads(empty.output)["gaps"] != []
    assert faulty.exit_code == 1
    assert any(fault.startswith("broken: ") for fault in json.loads(faulty.output)["faults"])


def test_of_a_bank_the_named_families_alone_are_checked(drill, monkeypatch):
    sound = family("squared-error-one-outlier")
    broken = made("broken", "a-number", answer={"value": "1/0", "digits": 2})
    bank = {sound.id: sound, "broken": broken}
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: bank)

    fine = drill("check-bank", "--seeds", "1", "squared-")
    faulty = drill("check-bank", "--seeds", "1", "--json", "squared-", "brok")
    unknown = drill("check-bank", "brokn")

    assert (fine.exit_code, fine.output) == (0, "")
    assert faulty.exit_code == 1
    assert {fault.partition(":")[0] for fault in json.loads(faulty.output)["faults"]} == {"broken"}
    assert json.loads(faulty.output)["gaps"] == []
    assert unknown.exit_code == 2
    assert "'brokn' is neither. Hint: did you mean 'broken'?" in " ".join(unknown.stderr.split())


def test_the_self_assessment_is_kept_level_by_level(drill, data):
    done = drill("grid", typed=["3", "", "6", "2", *[""] * 5])

    assert "A number from 1 to 5." in done.output
    assert "2 of 8 skills are rated." in done.output
    assert json.loads(drill("grid", "--json").output) == {"squared-error": 3, "cross-entropy": 2}


def answered_to_the_end(drill, data):
    """What a mock interview prints that is left after each right answer, command by command."""
    outputs = [drill("mock", typed=["quit"]).output]
    for _ in BANK:
        with Store(data) as store:
            (plan,) = store.open_mocks()
            part = mock_from(plan, BANK).next(store.progress().reviews)
        outputs.append(drill("mock", typed=[*typed_answer(part.family), "quit"]).output)
        if "The interviewer's sheet" in outputs[-1]:
            return outputs
    raise AssertionError(outputs[-1])


def test_a_mock_interview_goes_on_where_it_was_interrupted_and_ends_with_the_sheet(drill, data):
    outputs = answered_to_the_end(drill, data)

    assert [said.count("Going on after") for said in outputs] == [0, *[1] * (len(outputs) - 1)]
    reviews = kept(data).reviews
    assert {review.source for review in reviews} == {"mock"}
    assert len({review.family for review in reviews}) == len(reviews) == len(outputs) - 1
    assert f"{len(reviews)} strong, 0 lean, 0 no" in outputs[-1]
    with Store(data) as store:
        assert store.open_mocks() == []


def test_a_mock_interview_gives_neither_hints_nor_verdicts(drill):
    said = drill("mock", "--minutes", "5", typed=["?", "p^gamma", "", "quit"]).output

    assert "No hints here." in said
    assert "Noted." in said
    assert "That keeps what is easy." not in said


def test_a_skipped_question_of_a_mock_interview_counts_as_no(drill, data):
    drill("mock", "--minutes", "5", typed=["skip", "", "quit"])

    assert kept(data).reviews[0].rating == 1


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


def test_the_bank_is_exported_as_a_deck(drill, tmp_path):
    done = drill("export", "anki", "--out", tmp_path / "deck.apkg")

    assert done.output.startswith("12 cards in ")
    assert (tmp_path / "deck.apkg").is_file()
