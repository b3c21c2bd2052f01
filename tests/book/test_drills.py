"""A drill shows its task with ``...``, folds its solution, and is run before the page is."""

import re

import pytest
from myst_nb.core.execute import ExecutionError

NOTEBOOK = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Chapter

```{code-cell} ipython3
start = 4
```

"""
DOUBLE = """::::{drill} Twice $x$
:label: double
:level: easy
:minutes: 3

Double **any** number.

```{task}
def double(x):
    return ...
```

```{check}
assert double(start) == 8
```

```{mistake}
def double(x):
    return x**2
```

:::{solution}
Add it to itself.

```python
def double(x):
    return x + x
```
:::
::::
"""
FAULTS = {
    "a drill must have a label, level and minutes": (":minutes: 3\n", ""),
    "Invalid option value for 'level'": (":level: easy", ":level: breezy"),
    "a drill must have a solution": (":::{solution}", ":::{note}"),
    "a drill must have one task, but has two": ("```{check}", "```{task}"),
    "a drill must have a task, a check, a mistake and a `python` block": ("```python", "```text"),
    "a drill must ask something": ("Double **any** number.\n", ""),
    "a drill must ask everything before its first part": (
        ":::{solution}",
        "Lost.\n\n:::{solution}",
    ),
}


def test_the_page_shows_the_blank_and_the_check_and_folds_the_solution(small_book):
    page = small_book.page(NOTEBOOK + DOUBLE)

    seen, folded = page[page.index('id="double"') :].split("<summary>Solution</summary>")
    text = re.sub("<[^>]+>", "", seen)
    assert "Drill 1." in text
    assert "(easy, 3 minutes, checked by code)" in text
    assert "<strong>any</strong>" in seen
    assert "return ..." in text
    assert "assert double(start) == 8" in text
    assert "x + x" not in text
    assert "x**2" not in page
    solution = re.sub("<[^>]+>", "", folded.split("</details>")[0])
    assert "return x + x" in solution
    for code in (seen, folded.split("</details>")[0]):
        assert '<span class="k">def</span>' in code, "code is highlighted"


def test_the_page_holds_no_trace_of_the_cell_that_runs_the_drill(small_book):
    page = small_book.page(NOTEBOOK + DOUBLE)

    assert "verify_drill" not in page


def test_drills_are_numbered_and_can_be_linked_by_their_label(small_book):
    second = DOUBLE.replace(":label: double", ":label: again").replace("Twice", "Once more")

    page = small_book.page(NOTEBOOK + DOUBLE + "\n" + second + "\nSee {ref}`again`.\n")

    assert re.findall(r"Drill (\d)\.", page) == ["1", "2"]
    assert 'href="#again"' in page
    assert "Once more" in page.split('href="#again"')[1].split("</a>")[0]


def test_a_drill_on_paper_has_no_code(small_book):
    start, end = DOUBLE.index("```{task}"), DOUBLE.index(":::{solution}")
    paper = DOUBLE[:start] + ":::{solution}\nAdd it to itself.\n:::\n::::\n"

    page = small_book.page(NOTEBOOK + paper)

    assert end > start
    assert "(easy, 3 minutes)" in page
    assert "drill-part" not in page


@pytest.mark.parametrize("fault", FAULTS)
def test_a_drill_that_lacks_a_part_stops_the_build_at_its_line(small_book, fault):
    complaint = small_book.build({"page": NOTEBOOK + DOUBLE.replace(*FAULTS[fault], 1)})

    line = NOTEBOOK.count("\n") + 1
    assert f"page.md:{line}: " in complaint
    assert fault in complaint


EXECUTED = {"nb_execution_mode": "force", "nb_execution_raise_on_error": True}


@pytest.mark.slow
def test_a_sound_drill_runs_in_the_namespace_of_its_chapter(small_book):
    small_book.page(NOTEBOOK + DOUBLE, **EXECUTED)


@pytest.mark.slow
def test_a_drill_whose_task_passes_its_check_fails_the_build_and_is_named(small_book):
    lenient = DOUBLE.replace("assert double(start) == 8", "double(start)")

    with pytest.raises(ExecutionError) as failed:
        small_book.build({"page": NOTEBOOK + lenient}, **EXECUTED)

    place = "page.md, drill double: the check must refuse the task, but it passes"
    assert place in str(failed.value.__cause__)


@pytest.mark.slow
def test_a_solution_that_fails_its_check_fails_the_build_and_is_named(small_book):
    wrong = DOUBLE.replace("return x + x", "return x + 1")

    with pytest.raises(ExecutionError) as failed:
        small_book.build({"page": NOTEBOOK + wrong}, **EXECUTED)

    told = str(failed.value.__cause__)
    assert "page.md, drill double: the solution must pass the check" in told
    assert "assert double(start) == 8" in told
