"""TeX and Markdown of questions as plain text: every formula of the bank can be shown."""

import re

import pytest

from lossedu.practice.families import draw, families
from lossedu.practice.plain_text import TexError, formula_text, lines_of, one_line_of
from tests.practice.bank import BANK

SPANS = re.compile(r"```.*?```|`[^`\n]*`|\$\$(.+?)\$\$|(?<!\\)\$((?:\\.|[^$\\])+)\$", re.DOTALL)


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"(y - \hat{y})^2", "(y − ŷ)²"),
        (r"\frac{1}{2}(y-\hat y)^2", "1/2 (y − ŷ)²"),
        (r"\frac{r^2}{2\sigma^2}", "r²/(2σ²)"),
        (r"\frac{a+b}{n}", "(a + b)/n"),
        (r"\frac12", "1/2"),
        (r"\frac{(x - y)^2}{2\varsigma}", "(x − y)²/(2ς)"),
        (r"\frac{\delta (x - y)}{\sqrt{\delta^2 + 1}}", "δ(x − y)/√(δ² + 1)"),
        (r"\frac{\partial \ell}{\partial z}", "∂ℓ/∂z"),
        (r"e^{a \sigma} + e^a", "e^(aσ) + e^a"),
        (r"-(1-p_t)^\gamma \log p_t", "−(1 − pₜ)^γ log pₜ"),
        (r"\sum_{i=1}^{n} \max(0, 1 - y_i z_i)", "Σᵢ₌₁ⁿ max(0, 1 − yᵢzᵢ)"),
        (r"\sum_{c \ne y} e^{z_c - z_y}", "Σ_(c ≠ y) e^(z_c − z_y)"),
        (r"\partial L/\partial z = \sigma(z) - y", "∂L/∂z = σ(z) − y"),
        (r"\begin{cases} \tfrac12 r^2 & |r| \le 1 \\ |r| & \text{else} \end{cases}",
         "{ 1/2 r², |r| ≤ 1; |r|, else }"),
        (r"\begin{pmatrix} 1 & 0 \\ 0 & 2 \end{pmatrix}", "[1, 0; 0, 2]"),
        (r"\sqrt{r^2 + \delta^2}", "√(r² + δ²)"),
        (r"\lVert a - b \rVert^2", "‖a − b‖²"),
        (r"\mathrm{BCE}(z, y)", "BCE(z, y)"),
        (r"x = -1", "x = −1"),
        (r"2 \cdot 10^{-7}", "2 · 10⁻⁷"),
        (r"\{0, 1\}", "{0, 1}"),
        (r"f'(x)", "f′(x)"),
        (r"\mathbb{E}[y \mid x]", "E[y | x]"),
    ],
)  # fmt: skip
def test_a_formula_is_one_line_that_reads_the_same(tex, shown):
    assert formula_text(tex, strict=True) == shown


@pytest.mark.parametrize("tex", [r"\unheard{x}", "{x", "x}", r"\frac{1}", "x^"])
def test_what_is_no_tex_of_ours_is_an_error_only_if_asked(tex):
    with pytest.raises(TexError):
        formula_text(tex, strict=True)

    assert "\\" not in formula_text(tex)


def test_paragraphs_lists_and_code_keep_their_shape():
    lists = "Two *words* and `code`:\n\n- one item that is rather long\n- **two**"
    text = f"{lists}\n\n```python\nx  = 1\n```"

    assert lines_of(text, 20) == [
        "Two words and code:",
        "",
        "• one item that is",
        "  rather long",
        "• two",
        "",
        "    x  = 1",
    ]


def test_a_formula_on_its_own_is_set_apart():
    assert lines_of("See\n\n$$x^2$$\n\nthere.", 40) == ["See", "", "    x²", "", "there."]


def test_cases_stand_below_one_another():
    text = (
        r"$$\ell = \begin{cases} 0 & \text{for}\: s > 1 \\ 1 - s & \text{otherwise} \end{cases}$$"
    )

    assert lines_of(text, 60) == ["    ℓ = ⎧ 0, for s > 1", "        ⎩ 1 − s, otherwise"]


@pytest.mark.parametrize("text", ["costs 3 \\$", "a_b_c and 2*3*4", "`a $b$`", "`{x}`"])
def test_what_is_no_formula_stays(text):
    assert one_line_of(text) == text.replace("\\", "").replace("`", "")


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_no_line_is_wider_than_asked(width):
    words = "word " * 30 + "$" + "+".join(f"x_{{{k}}}" for k in range(30)) + "$"

    assert max(map(len, lines_of(words, width))) <= width


def texts_in(value):
    """Every text in drawn data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


@pytest.mark.parametrize("name", [*families(), *BANK])
def test_every_formula_of_the_bank_is_shown_without_a_command_left(name):
    question = draw(BANK.get(name) or families()[name], 0)

    for text in texts_in(question.as_json()):
        for match in SPANS.finditer(text):
            tex = match[1] or match[2]
            if tex:
                assert "\\" not in formula_text(tex, strict=True)
