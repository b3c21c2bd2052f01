"""A chapter runs when something that it depends on has changed, and not otherwise."""

import itertools

import pytest
from chapters import pool, time_budget
from chapters.key import Key, changes

SQUARE = "from tiny.losses import square\nprint(square(3))"
ABSOLUTE = "from tiny.losses import absolute\nprint(absolute(-2))"


def test_editing_a_loss_runs_the_chapters_that_use_it_and_a_comment_runs_none(tiny):
    shown = "\nimport inspect\n_ = inspect.getsource(square)"
    tiny.page("square", SQUARE + shown)
    tiny.page("absolute", ABSOLUTE)
    assert tiny.build().ran == ("part/absolute", "part/square")
    assert tiny.printed("square") == "9\n"

    tiny.write("tiny/losses/square.py", "# why\ndef square(x):\n\n    return (x * x)\n")
    assert tiny.build().ran == ()
    assert tiny.lines == ["up to date: part/square, part/absolute"]

    tiny.write("tiny/losses/square.py", "def square(x):\n    return x**2 + 1\n")
    assert tiny.build().ran == ("part/square",)
    assert "part/square: tiny/losses/square.py changed" in tiny.lines
    assert tiny.printed("square") == "10\n"


def test_editing_data_runs_the_chapters_that_read_it(tiny):
    tiny.write("book/part/drills.yaml", "1")
    tiny.page("named", 'print(open("drills.yaml").read())')
    tiny.page("unnamed", 'name = "drills"\nprint(open(name + ".yaml").read())')
    tiny.page("module", "from tiny.drawing import style\nprint(style())")
    tiny.page("folder", "from tiny.drawing import names\nprint(names())")
    tiny.build()

    tiny.write("book/part/drills.yaml", "2")
    tiny.write("tiny/unread.txt", "still nobody")
    assert tiny.build().ran == ("part/named", "part/unnamed")
    assert "part/named: book/part/drills.yaml changed" in tiny.lines

    tiny.write("tiny/style.txt", "thin")
    tiny.write("tiny/bank/hard.yaml", "2")
    assert tiny.build().ran == ("part/folder", "part/module")
    assert tiny.printed("folder") == "['easy.yaml', 'hard.yaml']\n"


def test_what_a_chapter_writes_and_reads_again_is_not_what_it_depends_on(tiny):
    tiny.page(
        "writer",
        'from pathlib import Path\nPath("made.txt").write_text("1")\nPath("made.txt").read_text()',
    )
    tiny.build()

    assert tiny.build().ran == ()


def test_what_python_lists_to_find_modules_is_not_what_a_chapter_depends_on(tiny):
    find = "from importlib.metadata import entry_points\nimport pkgutil"
    tiny.page("finder", f"{find}\nlen(entry_points()), len(list(pkgutil.iter_modules()))")
    tiny.build()

    tiny.write("book/part/another.md", "a page beside it")

    assert tiny.build().ran == ()


def test_editing_cells_runs_the_chapter_and_forgets_the_old_outputs(tiny):
    tiny.page("square", SQUARE)
    tiny.build()

    tiny.page("square", SQUARE.replace("3", "4"))
    assert tiny.build().ran == ("part/square",)
    assert tiny.lines[0] == "part/square: its cells changed"
    assert tiny.printed("square") == "16\n"
    assert len(list((tiny.kept / "executed").iterdir())) == 1


def test_a_chapter_that_fails_is_named_with_its_cell_and_the_others_are_kept(tiny):
    tiny.page("absolute", ABSOLUTE)
    tiny.page("broken", "x = 1", "y = x - 1\nprint(x / y)")

    outcome = tiny.build()

    assert outcome.failed == ("part/broken",)
    (fault,) = outcome.faults
    assert fault.startswith("part/broken: cell 2 failed:\n\n    y = x - 1\n    print(x / y)\n")
    assert "ZeroDivisionError: division by zero" in fault
    assert "\x1b" not in fault
    assert fault.count("print(x / y)") == 2  # the cell, and the line in the traceback
    assert tiny.printed("absolute") == "2\n"
    tiny.build()
    assert "part/broken: it failed the last time" in tiny.lines
    assert "up to date: part/absolute" in tiny.lines


USES_HALF_A_SECOND = """
import time
began = time.process_time()
while time.process_time() < began + 0.5:
    pass
"""


def test_a_chapter_over_its_time_is_a_fault_with_its_profile_until_it_is_within(tiny, monkeypatch):
    monkeypatch.setattr(time_budget, "slowness", lambda pieces: 1.0)
    tiny.page("slow", "# first\nshort = 1", USES_HALF_A_SECOND)

    (fault,) = tiny.build(budget_s=0.1).faults

    first, *profile = fault.splitlines()
    assert first.startswith("part/slow: the chapter must take at most 0.1 s of one core")
    assert profile[0].endswith(" s  import time")
    assert tiny.build().ran == ()
    assert tiny.build(budget_s=0.1).ran == ("part/slow",)
    assert tiny.lines[0].startswith("part/slow: it took ")


def test_a_chapter_that_never_ends_is_stopped_where_it_is(tiny):
    tiny.page("endless", "x = 0", "try:\n    while True:\n        x += 1\nexcept Exception:\n    x")

    outcome = tiny.build(stop_s=0.4)

    assert outcome.failed == ("part/endless",)
    assert "part/endless: cell 2 failed" in outcome.faults[0]
    assert "OverTime: stopped after" in outcome.faults[0]
    assert "Its cells so far:\n" in outcome.faults[0]
    assert outcome.faults[0].partition("so far:\n")[2].splitlines()[0].endswith(" s  try:")


def test_loading_what_nothing_written_leads_to_is_a_fault(tiny):
    hidden = "from importlib import import_module\nimport_module('tiny.losses.' + 'square')"
    tiny.page("hidden", "from tiny.losses import absolute", hidden)

    (fault,) = tiny.build().faults

    assert fault.startswith("part/hidden: the chapter must load only what its imports lead to")
    assert "but it loaded tiny.losses.square." in fault
    tiny.page("hidden", "from tiny.losses import absolute, square", hidden)
    assert tiny.build().faults == ()


def test_a_lookup_by_a_written_name_leads_to_that_name_and_no_further(tiny):
    tiny.page("lookup", "from tiny.catalog import value\nprint(value('square', 3))")

    assert tiny.build().faults == ()
    assert "tiny.losses.absolute" not in tiny.dependencies().modules(tiny.pages["lookup"])


def test_the_probe_leaves_no_name_behind_and_counts_no_cell(tiny):
    tiny.page("names", "print(sorted(n for n in globals() if 'robe' in n), In[1:])")

    tiny.build()

    assert tiny.printed("names").startswith("[] [")
    assert tiny.printed("names").count("print") == 1


def test_outputs_that_are_gone_or_cut_short_are_made_again(tiny):
    tiny.page("square", SQUARE)
    tiny.build()
    (kept,) = (tiny.kept / "executed").rglob("base.ipynb")
    kept.write_text(kept.read_text()[:100])

    assert tiny.build().ran == ("part/square",)
    assert tiny.lines[0] == "part/square: its outputs are gone"
    assert tiny.printed("square") == "9\n"


def test_the_longest_chapter_starts_first_and_an_unknown_one_is_judged_by_its_length(tiny):
    for name, letters in (("known", 10), ("long", 40), ("short", 5)):
        tiny.page(name, "#" * letters)

    order = pool.longest_first(list(tiny.pages.values()), {"part/known": 20.0})

    assert [chapter.name for chapter in order] == ["part/long", "part/known", "part/short"]


@pytest.mark.parametrize("variable", [time_budget.VARIABLE, pool.JOBS_VARIABLE])
@pytest.mark.parametrize("given", ["soon", "-1", "nan", "1.5e999"])
def test_a_setting_that_is_no_number_is_refused_by_name(monkeypatch, variable, given):
    monkeypatch.setenv(variable, given)
    read = {time_budget.VARIABLE: time_budget.budget_s, pool.JOBS_VARIABLE: pool.jobs}[variable]

    with pytest.raises(ValueError, match=f"{variable} must be a .*number.*, but is '{given}'"):
        read()


def test_the_budget_can_be_raised_or_lifted(monkeypatch):
    monkeypatch.setenv(time_budget.VARIABLE, "40")
    assert time_budget.budget_s() == 40

    monkeypatch.setenv(time_budget.VARIABLE, "0")
    assert time_budget.budget_s() == float("inf")


def test_a_slow_machine_gets_more_time():
    pieces = [2 * time_budget.REFERENCE_PIECE_S, 4 * time_budget.REFERENCE_PIECE_S]

    spent = time_budget.cost([("a", 30.0), ("b", 0.0)], pieces)

    assert spent.total_s == pytest.approx(10.0)


def test_every_part_of_a_key_has_its_words():
    keys = [Key("a"), Key("b"), Key("a", {"m.py": "1"}), Key("a", {"m.py": "2"})]
    keys += [Key("a", versions={"torch": "2"})]

    words = [changes(one, other) for one, other in itertools.pairwise(keys)]

    assert words == [
        ["its cells changed"],
        ["its cells changed", "m.py is new to it"],
        ["m.py changed"],
        ["m.py is not used any more", "torch absent -> 2"],
    ]
