"""A page that shows what a student wrote shows all of it, soon, and nothing of it acts."""

import base64
from dataclasses import replace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from autograder.bridge.configuration import configure
from autograder.bridge.pages import EscapedNames, feedback_html, student_html
from autograder.course.class_report import page
from autograder.grading.notebooks import composed
from autograder.grading.outcomes import CheckResult, Outcome
from autograder.sandbox.limits import Limits
from autograder.sandbox.vetting import Room, vetted_run

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(900_000)).decode()


def shown(tmp_path, *cells):
    """The page of some cells, with the filters of a course."""
    config = Config()
    configure(config, tmp_path)
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    text, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    return BeautifulSoup(text, "html.parser").find("main") or BeautifulSoup(text, "html.parser")


def markdown(source, **more):
    return nbformat.v4.new_markdown_cell(source, **more)


@pytest.mark.parametrize("backslashes", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["href", "class", "htmlClass", "style", "require"])
def test_backslashes_before_a_command_of_formulas_leave_none(backslashes, name):
    formula = "\\" * backslashes + name + "{javascript:steal()}{x}"

    for cleaned in (student_html, feedback_html):
        assert f"\\{name}" not in cleaned(f"<p>${formula}$</p>")


def test_a_new_line_in_a_formula_stays():
    assert student_html(r"<p>$a \\ b \\[2pt] \frac{1}{2}$</p>").count("\\\\") == 2


def test_a_formula_in_a_name_does_not_act():
    names = {"student": r"$\\href{javascript:steal()}{ann}$", "first_name": "Ann", "last_name": ""}

    _, resources = EscapedNames().preprocess(nbformat.v4.new_notebook(), dict(names))

    assert "\\href" not in resources["student"]
    assert "ann" in resources["student"]
    assert resources["first_name"] == "Ann"


PICTURES = {
    "empty": {},
    "of an unknown kind": {"application/x-evil": "AAAA"},
    "that is markup": {'image/png" onerror="steal()': "AAAA"},
    "that is a page": {"text/html": "PHNjcmlwdD4="},
}


@pytest.mark.parametrize("bundle", PICTURES.values(), ids=PICTURES.keys())
def test_a_pasted_picture_that_is_none_costs_the_page_nothing_else(tmp_path, bundle):
    cell = markdown("Before ![x](attachment:a.png) after.", attachments={"a.png": bundle})

    main = shown(tmp_path, cell, markdown("The next cell."))

    assert "Before" in main.text
    assert "after." in main.text
    assert "The next cell." in main.text
    assert not main.select("script, [onerror]")
    assert not [tag for tag in main.select("img[src]") if "html" in tag["src"]]


def test_a_pasted_picture_that_is_one_is_shown(tmp_path):
    cell = markdown("![x](attachment:a.png)", attachments={"a.png": {"image/png": "AAAA"}})

    assert shown(tmp_path, cell).select_one("img")["src"].endswith("base64,AAAA")


SLOW = {
    "elements": "<div>" * 40_000,
    "elements that seem closed": "<div></b>" * 20_000,
    "elements closed in a comment": "<div><!--</div>-->" * 10_000,
    "drawings": "<svg " * 40_000,
    "attributes that look like ends": "<b </b>" * 25_000,
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW.keys())
def test_html_that_takes_minutes_to_parse_is_text(text):
    said = {"output_type": "display_data", "data": {"text/html": text, "text/plain": "plain"}}
    answer = {"status": "ok", "outputs": [said], "error": "", "used": []}

    run = vetted_run(answer, "cell", Room.of(Limits()))

    assert [output["data"] for output in run.outputs] == [{"text/plain": "plain"}]
    assert student_html(text).startswith("<pre>&lt;")


def test_a_long_table_is_a_table():
    rows = "<tr>" + "<td>1.0</td>" * 20 + "</tr>"
    table = f"<div><table><tbody>{rows * 400}</tbody></table></div>"
    said = {"output_type": "display_data", "data": {"text/html": table}}
    answer = {"status": "ok", "outputs": [said], "error": "", "used": []}

    (output,) = vetted_run(answer, "cell", Room.of(Limits())).outputs

    assert output["data"]["text/html"].count("<td>") == 8000


def test_markdown_that_takes_minutes_is_text_and_a_long_picture_in_it_is_none_of_it(tmp_path):
    slow = "\\begin{a}" * 20_000
    quick = f"Seen: ![curve](data:image/png;base64,{PNG})"

    main = shown(tmp_path, markdown(slow), markdown(quick))

    assert main.select_one("pre").text == slow
    assert main.select_one("img")["alt"] == "curve"


ABOUT = {
    "kernel": {"kernelspec": {"name": "x", "display_name": "<script>steal()</script>"}},
    "lexer": {"language_info": {"name": "x", "pygments_lexer": "<script>", "file_extension": "/"}},
    "title": {"title": "<script>steal()</script>", "authors": [{"name": "</title><script>"}]},
    "widgets": {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": "</script>"}}},
}


@pytest.mark.parametrize("about", ABOUT.values(), ids=ABOUT.keys())
def test_what_a_notebook_says_of_itself_reaches_no_page(about):
    kernel = {"name": "python3", "display_name": "Python 3"}
    template = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    own = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")], metadata=about)

    notebook = composed(own, template).notebook

    assert notebook.metadata == template.metadata
    assert [cell.source for cell in notebook.cells] == ["x = 1"]


@pytest.mark.parametrize(
    "about",
    [
        {"tags": ["remove-cell", "hide-input"]},
        {"raw_mimetype": "text/html", "format": "text/html"},
        {"jupyter": {"source_hidden": True, "outputs_hidden": True}, "collapsed": True},
    ],
)
def test_no_cell_is_hidden_from_the_teacher(tmp_path, about):
    cells = [
        nbformat.v4.new_code_cell("copied = 1", metadata=about),
        nbformat.v4.new_raw_cell("<b onclick=steal()>raw</b>", metadata=about),
    ]

    notebook = composed(nbformat.v4.new_notebook(cells=cells), nbformat.v4.new_notebook()).notebook
    main = shown(tmp_path, *notebook.cells)

    assert all(cell.metadata == {} for cell in notebook.cells)
    assert "copied" in main.text
    assert not main.select("[onclick]")


def test_a_link_in_a_traceback_leads_nowhere_and_its_colours_stay(tmp_path):
    link = "\x1b]8;;https://example.org/steal\x1b\\Click here\x1b]8;;\x1b\\"
    trace = [link, "\x1b[31mred\x1b[0m", "<img src=x onerror=steal()>"]
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=trace)

    main = shown(tmp_path, nbformat.v4.new_code_cell("1", outputs=[error]))

    assert not main.select('a[href*="example.org"], img')
    assert main.select_one(".ansi-red-fg").text == "red"


def test_a_name_that_writes_backwards_turns_nothing_round_in_a_report():
    mark = CheckResult("a.x", 1.0, 2.0, "failed", "Seen \u202e2/2\u202c here")
    ann = Outcome("ann \u202e42/42", "a", 1.0, 2.0, 0.1, 1.0, "graded", [mark])
    bob = replace(ann, submission="bob عمر")

    text = page([ann, bob])

    assert "\u202e" not in text
    assert "bob عمر" in text


def test_a_hundred_thousand_outputs_are_cut_and_a_thousand_are_kept():
    def run(count, room):
        printed = [
            {"output_type": "stream", "name": ("stdout", "stderr")[n % 2], "text": "x"}
            for n in range(count)
        ]
        answer = {"status": "ok", "outputs": printed, "error": "", "used": []}
        return vetted_run(answer, "cell", room).outputs

    room = Room.of(Limits())

    assert len(run(1_000, room)) == 1_000
    assert len(run(100_000, room)) == 1_001
    assert "more outputs are not kept" in run(1, room)[0]["text"]
