"""The page and the terminal give one verdict on one answer."""

from pathlib import Path

import pytest

from lossedu.practice.families import draw, grade, own_answer, read_family
from lossedu.practice.generated.made import made_families

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent.parent
BANK = ROOT / "lossedu" / "practice" / "bank"
OWN = sorted((Path(__file__).parent / "families").glob("*.yaml"))
IN_THE_PAGE = ("number", "formula", "choice", "order", "match", "read-a-plot", "errata", "incident")
TYPED = {
    "number": ["0", "1/3", "50%", "-0.83", "83", "1e-3", "0,5", "2e", "", "x"],
    "formula": ["0", "1", "p", "1/0", "(", "log(p)", "sigmoid(z)", "2 +", "-1"],
}
GRADE = """rows => rows.map(([question, answer]) => {
  const {grade} = lossedu.practice;
  const asked = question.answer.asked || question.kind;
  if (["choice", "incident"].includes(asked)) {
    return grade.choice(question.answer, [].concat(answer)).verdict;
  }
  if (["order", "match"].includes(asked)) { return grade[asked](question.answer, answer).verdict; }
  return grade[asked](question.answer, question.misconceptions, answer).verdict;
})"""


@pytest.fixture
def page_data(own_extensions):
    from practice import page_data

    return page_data


def answers(question):
    """Its own answer, each mistake with a name, and others of the kind."""
    asked = question.answer.get("asked", question.kind)
    own = own_answer(question)
    if asked in TYPED:
        named = question.misconceptions
        mistakes = [mistake.get("formula", mistake.get("value")) for mistake in named]
        return [own, *TYPED[asked], *map(str, mistakes)]
    if asked in ("choice", "incident"):
        options = range(len(question.answer["options"]))
        several = question.answer["several"]
        return [own, *([[k] for k in options] if several else options)]
    if asked in ("order", "match"):
        return [own, own[::-1], own[1:] + own[:1]]
    return [own, *({**own, "line": line} for line in range(1, 1 + len(question.answer["key"])))]


def compared(page, page_data, bank, variants):
    rows, expected, places = [], [], []
    for family in bank:
        if family.kind not in IN_THE_PAGE:
            continue
        for variant in range(min(variants, family.variants)):
            question = draw(family, variant)
            shown = page_data.question(question)
            for answer in answers(question):
                rows.append([shown, answer])
                expected.append(grade(question, answer).verdict)
                places.append((family.id, variant, answer))
    return [
        (place, verdict, said)
        for place, verdict, said in zip(places, expected, page.evaluate(GRADE, rows), strict=True)
        if verdict != said
    ]


def test_drills_of_every_kind_get_the_same_verdict(folder, page_data):
    page = folder("part/drills")
    bank = [read_family(path) for path in OWN]

    assert compared(page, page_data, bank, variants=3) == []


@pytest.mark.slow
def test_the_whole_bank_gets_the_same_verdicts(folder, page_data):
    page = folder("part/drills")
    bank = [*map(read_family, sorted(BANK.glob("*.yaml"))), *made_families().values()]

    assert len(bank) > 300
    assert compared(page, page_data, bank, variants=1) == []
