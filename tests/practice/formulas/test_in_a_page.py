"""The page reads, values, draws and judges as Python does, from a saved folder."""

import json
import math
from pathlib import Path

import pytest

from lossedu.practice.formulas import LANGUAGE, compare, language
from lossedu.practice.formulas.comparison import SAYS
from lossedu.practice.formulas.faults import READING, UNDEFINED
from tests.practice.formulas import vectors
from tests.practice.formulas.hostile import crafted, random_formulas, random_texts

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).parents[3] / "book" / "_static" / "practice" / "formulas.js"
KEPT = json.loads(vectors.FILE.read_text(encoding="utf-8"))
OUTCOME = """(run) => { try { return run(); } catch (error) {
  const says = error.says && error.position === undefined ? error.message : error.says;
  if (!says) { throw error; }
  return error.position === undefined ? { says } : { position: error.position, says };
} }"""


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A page that loads the script from a folder, without a server."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "formulas.js").write_bytes(SCRIPT.read_bytes())
    html = '<!doctype html><meta charset="utf-8"><script src="formulas.js"></script>'
    (folder / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    page.goto((folder / "page.html").as_uri())
    yield page
    page.close()


def outcomes(page, body, items):
    """What a piece of script makes of each item, with what it refuses."""
    script = f"(items) => {{ const F = lossedu.formulas; const outcome = {OUTCOME};"
    script += f" return items.map((item) => outcome(() => {{ {body} }})); }}"
    return page.evaluate(script, items)


def test_every_verdict_is_that_of_python_to_the_letter(page):
    items = [
        {"answer": one["answer"], **KEPT["questions"][one["question"]]} for one in KEPT["compare"]
    ]
    body = "return F.compare(item.answer, item.truth, item.regions, item.mistakes);"

    mine = outcomes(page, body, items)

    extra = ("question", "made", "answer")
    wanted = [{k: v for k, v in one.items() if k not in extra} for one in KEPT["compare"]]
    assert [pair for pair in zip(mine, wanted, strict=True) if pair[0] != pair[1]] == []


TRIED = {
    "crafted": [*crafted()],
    "by chance": [*random_texts(1, 400)],
    "formulas by chance": [*random_formulas(1, 800)],
}


@pytest.mark.parametrize("kind", TRIED)
def test_what_nobody_should_type_is_judged_alike(page, kind):
    texts = TRIED[kind]
    regions = [{"p": [0.02, 0.98], "gamma": [0.3, 4], "y_hat": [-5, 5], "x1": [0, 40]}]
    question = {"truth": "p*gamma + y_hat*x1", "regions": regions}
    body = "return F.compare(item.answer, item.truth, item.regions);"

    mine = outcomes(page, body, [{"answer": text, **question} for text in texts])

    wanted = [compare(text, question["truth"], regions).as_json() for text in texts]
    pairs = zip(texts, mine, wanted, strict=True)
    assert [one for one in pairs if one[1] != one[2]] == []


def test_every_tree_and_picture_is_that_of_python(page):
    body = """const tree = F.parse(item.text, item.names.split(" ").filter((name) => name));
      return { tree: F.text(tree), latex: F.latex(tree) };"""

    mine = outcomes(page, body, KEPT["parse"])

    keys = ("tree", "latex", "position", "says")
    wanted = [{k: one[k] for k in keys if k in one} for one in KEPT["parse"]]
    assert [pair for pair in zip(mine, wanted, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    ("group", "body"),
    [
        ("value", "return F.value(F.parse(item.text, Object.keys(item.values)), item.values);"),
        ("numbers", "return F.parseNumber(item.text);"),
    ],
)
def test_numbers_agree_to_the_last_digits(page, group, body):
    mine = outcomes(page, body, KEPT[group])

    for one, number in zip(KEPT[group], mine, strict=True):
        if "value" in one:
            assert math.isclose(number, one["value"], rel_tol=1e-14), one
        else:
            assert number == {k: one[k] for k in ("position", "says") if k in one}


def test_significant_digits_are_judged_alike(page):
    mine = outcomes(page, "return F.agrees(item[0], item[1], item[2]);", KEPT["agrees"])

    assert mine == [one[3] for one in KEPT["agrees"]]


def test_random_numbers_are_the_same_bit_by_bit(page):
    body = """const seed = F.seedOf(...item.words), numbers = new F.RandomNumbers(seed);
      const five = (draw) => Array.from({ length: 5 }, draw);
      return { words: item.words, seed, uniform: five(() => numbers.uniform()),
        below: five(() => numbers.below(24)), shuffled: numbers.shuffled("abcdefgh") };"""

    assert outcomes(page, body, KEPT["random"]) == KEPT["random"]


def test_both_know_the_same_words(page):
    def pairs(table):
        return [[k, list(v) if isinstance(v, tuple) else v] for k, v in table.items()]

    limits = ("CHARACTERS", "PARTS", "DEEP", "DIGITS", "MAGNITUDE", "EXPONENT")

    assert page.evaluate("lossedu.formulas.tables") == {
        "limits": [getattr(language, f"MOST_{limit}") for limit in limits],
        "functions": pairs(language.FUNCTIONS),
        "aliases": pairs(language.ALIASES),
        "greek": pairs(language.GREEK),
        "signs": pairs(language.SIGNS),
        "marks": pairs(language.MARKS),
        "marked": pairs(language.MARKED),
        "refused": pairs(language.REFUSED),
        "spaces": language.SPACES,
        "reading": pairs(READING),
        "undefined": pairs(UNDEFINED),
        "says": pairs(SAYS),
        "language": [list(row) for row in LANGUAGE],
    }


def test_the_page_has_one_new_global_and_cannot_change_it(page):
    assert page.evaluate("typeof lossedu.formulas.compare") == "function"
    assert page.evaluate("Object.isFrozen(lossedu.formulas)")
    assert page.evaluate("typeof parse + typeof table + typeof FormulaError") == "undefined" * 3


def test_the_script_runs_no_text(page):
    source = SCRIPT.read_text(encoding="utf-8")

    assert '"use strict";' in source
    assert [word for word in ("eval(", "Function(", "import(", "innerHTML") if word in source] == []
