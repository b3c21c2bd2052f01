"""What somebody types who is right, and what is kept of it."""

from lossedu.practice.families import draw, own_answer
from lossedu.practice.progress import Store
from tests.practice.bank import BANK

LETTERS = "abcdefghij"


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
