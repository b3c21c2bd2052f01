"""Every kind of drill is answered in the page, right and wrong, from a folder without a server."""

import pytest

pytestmark = pytest.mark.browser


def press(box, name):
    box.get_by_role("button", name=name).click()


def verdict(box):
    return box.locator(".practice-verdict").inner_text()


def number(box, right):
    share = 0.83 if right else 0.33
    box.get_by_role("textbox").fill(str(share))
    press(box, "Check")


def formula(box, right):
    sign = "-" if right else "+"
    box.get_by_role("textbox").fill(f"γ(1-p)^(γ-1) log(p) {sign} (1-p)^γ/p")
    press(box, "Check")


def choice(box, right):
    box.get_by_label("a probability nearer" if right else "the true probability").check()
    press(box, "Check")


def order(box, right):
    wanted = ["A redescending loss", "Absolute error", "Squared error"]
    for place, words in enumerate(wanted if right else wanted[::-1]):
        for _ in range(3):
            rows = box.locator(".practice-order > li").all_inner_texts()
            if next(k for k, text in enumerate(rows) if text.startswith(words)) == place:
                break
            press(box, f"Move up: {words}")
    press(box, "Check")


def match(box, right):
    partners = ["Gaussian", "Laplacian", "Bernoulli"]
    for select, partner in zip(box.get_by_role("combobox").all(), partners, strict=True):
        select.select_option(label=partner if right else "Poisson")
    press(box, "Check")


def plot(box, right):
    box.get_by_role("textbox").fill("2" if right else "-2")
    press(box, "Check")


def errata(box, right):
    box.get_by_role("radio").nth(1 if right else 0).check()
    box.get_by_role("textbox").fill("1/(1 + e^(-z))")
    press(box, "Check")


def incident(box, right):
    box.get_by_label("late labels" if right else "an overflow").check()
    press(box, "Check")


def debug(box, right):
    box.get_by_label("zero times" if right else "the learning rate").check()
    press(box, "Check")


def code(box, right):
    press(box, "The check passes" if right else "Not yet")


def spoken(box, right):
    press(box, "Start the clock")
    press(box, "I am done")
    for tick in box.locator(".is-said input").all():
        tick.set_checked(right)
    press(box, "Keep this mark")


def design(box, right):
    box.get_by_role("textbox").first.fill("What arrives late.")
    press(box, "Compare")
    for tick in box.locator(".is-said input").all():
        tick.set_checked(right)
    press(box, "Keep this mark")


ANSWERS = {
    "a-number": (number, "the share of the absolute error"),
    "a-formula": (formula, "Not the same. At p ="),
    "a-choice": (choice, "That is cross-entropy"),
    "an-order": (order, "comes before"),
    "a-match": (match, "0 of 3 pairs are right"),
    "a-plot": (plot, "The size is right, the sign is not."),
    "an-errata": (errata, "Line 1 is right."),
    "an-incident": (incident, "No panel has a NaN."),
    "a-debug": (debug, "There is none."),
    "a-code": (code, "On your word"),
    "a-spoken": (spoken, "Marked no, by yourself."),
    "a-design": (design, "Marked no, by yourself."),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_right_answer_is_kept_and_followed_by_the_worked_one(drill, kept, name):
    box = drill(name)

    ANSWERS[name][0](box, True)

    said = verdict(box)
    assert "Right." in said or "Marked strong" in said
    [review] = kept(box.page)["reviews"]
    assert (review["family"], review["verdict"]) == (name, "right")
    assert review["rating"] >= 3
    assert box.locator(".practice-worked").inner_text() != ""
    box.get_by_text("Counts as").wait_for()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_wrong_answer_says_what_is_wrong_and_counts_once(drill, kept, name):
    answer, says = ANSWERS[name]
    box = drill(name)

    answer(box, False)

    assert says in verdict(box).replace("\n", "")
    [review] = kept(box.page)["reviews"]
    assert review["rating"] == 1
    if box.get_by_role("button", name="Check again").count():
        press(box, "Check again")
        assert len(kept(box.page)["reviews"]) == 1


def test_the_same_answer_shows_again_after_the_page_was_left(drill, online):
    box = drill("a-number", online("part/drills"))
    number(box, True)

    page = box.page
    page.reload()
    again = drill("a-number", page)

    assert "No. 2 of 9 · answered once" in again.inner_text()
    assert again.get_by_role("textbox").input_value() == ""


def test_another_one_brings_other_numbers(drill):
    box = drill("a-number")
    first = box.locator(".practice-prompt").inner_text()

    press(box, "Another one")

    assert "No. 2 of 9" in box.inner_text()
    assert box.locator(".practice-prompt").inner_text() != first
    assert box.get_by_role("textbox").evaluate("field => field === document.activeElement")


def test_a_hint_makes_a_right_answer_hard_and_three_make_it_wrong(drill, kept):
    box = drill("a-number")
    press(box, "Hint 1")
    number(box, True)
    plotted = drill("a-plot", box.page)
    for number_ in (1, 2, 3):
        press(plotted, f"Hint {number_}")
    plot(plotted, True)

    ratings = {r["family"]: (r["hints"], r["rating"]) for r in kept(box.page)["reviews"]}
    assert ratings == {"a-number": (1, 2), "a-plot": (3, 1)}
    assert "Compare what one large residual adds" in box.inner_text()


def test_the_answer_can_be_shown_and_counts_as_wrong(drill, kept):
    box = drill("a-number")

    press(box, "Show the answer")

    assert "0.83" in box.locator(".practice-worked").inner_text()
    [review] = kept(box.page)["reviews"]
    assert (review["verdict"], review["rating"]) == ("wrong", 1)


def test_an_answer_that_cannot_be_read_is_not_counted(drill, kept):
    box = drill("a-formula")
    box.get_by_role("textbox").fill("gam*(1-p)")
    box.locator(".practice-preview mark").wait_for()

    press(box, "Check")

    assert "“gam” must be a name that this formula has" in verdict(box)
    assert box.locator(".practice-preview mark").inner_text() == "g"
    assert box.page.evaluate("localStorage.getItem('lossedu.practice.v1')") is None


def test_nothing_is_checked_before_something_is_answered(drill):
    box = drill("a-choice")

    press(box, "Check")

    assert verdict(box) == "Choose an option first."
    assert box.page.evaluate("localStorage.getItem('lossedu.practice.v1')") is None


def test_a_formula_is_typeset_while_it_is_typed(drill):
    box = drill("a-formula")

    box.get_by_role("textbox").fill("(1-p)^γ/p")

    box.locator(".practice-preview mjx-container").wait_for()


def test_an_order_is_made_with_the_keyboard_alone(drill):
    box = drill("an-order")
    up = box.get_by_role("button", name="Move up: Absolute error")
    up.focus()

    for _ in range(2):
        box.page.keyboard.press("Enter")

    assert box.locator(".practice-order > li").first.inner_text().startswith("Absolute error")
    assert up.evaluate("button => button === document.activeElement")
    assert box.get_by_text("Absolute error: now 1 of 3").count() == 1


def test_a_drill_without_scripts_shows_its_question_and_folds_its_answer(folder):
    page = folder("part/drills", java_script_enabled=False)
    box = page.locator("#a-number")

    assert "Which share of the sum of squares" in box.inner_text()
    assert not box.get_by_text("The share is").is_visible()
    box.locator("summary").click()
    assert box.get_by_text("The share is").is_visible()
