"""Each fact about a page is one that a page can break; it names the mode, width and element."""

import pytest

from tests.book import facts
from tests.book.serving import served
from tests.book.visiting import DESK, PHONE, Visit

pytestmark = pytest.mark.browser

MODE = "<script>document.documentElement.dataset.theme = localStorage.getItem('theme')</script>"
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>A page</title><meta charset="utf-8">
<meta name="viewport" content="width=device-width">{MODE}<link rel="icon" href="data:,"><style>
html[data-theme=dark] {{ background: #000; color: #fff; }}
html[data-theme=light] .only-dark, html[data-theme=dark] .only-light {{ display: none; }}
</style></head><body><main class="bd-article"><h1>A page</h1>BODY</main></body></html>"""
FIGURE = (
    '<figure class="plot"><svg width="300" height="40" role="img" aria-label="A">{}</svg></figure>'
)
WORD = '<text y="20" style="font-size: {}px">{}</text>'
WORDS = "".join(WORD.format(12, f"word {k}") for k in range(11))
FORMULAS = "<mjx-container>x</mjx-container>" * 21
PROOF = """<div class="cell" style="position: relative; height: 20px"><mjx-math style="position:
absolute; left: 0; top: 0; height: 20px; width: 60px">x</mjx-math><details class="proved"
style="position: absolute; left: {left}px; top: {top}px"><summary>P</summary></details></div>"""
PROOFS = PROOF.format(left=70, top=0) * 5
ALL = [
    facts.quiet,
    facts.self_contained,
    facts.in_its_mode,
    facts.as_narrow_as_its_window,
    facts.reachable,
    facts.with_large_letters,
    facts.typeset,
    facts.with_proofs_beside_equations,
    facts.accessible,
    facts.accessible_in_its_colours,
]
DIM = """<p class="dim">dim</p>
<style>html[data-theme=MODE] .dim { color: #777; background: #888; }</style>"""
CODE = """<div class="highlight"><pre><span class="k">for</span> <span class="k">in</span>
<span class="n" style="color: #111; background: #ddd">loss</span>
<span class="n" style="WORD">x</span> <span class="n" style="WORD">word</span>
<b><span class="k">if</span></b></pre></div>"""
SEEN = CODE.replace("WORD", "color: #111; background: #ddd")
ONE_WORD = CODE.replace("WORD", "color: #777; background: #888")
SOUND = FIGURE.format(WORDS) + FORMULAS + PROOFS + SEEN
BROKEN = {
    "an error": (facts.quiet, "<script>console.error('oh')</script>", "complains: oh"),
    "a warning": (facts.quiet, "<script>console.warn('ah')</script>", "complains: ah"),
    "an exception": (facts.quiet, "<script>none()</script>", "none is not defined"),
    "a file that is not there": (facts.quiet, '<img alt="" src="gone.png">', "gone.png"),
    "another host": (
        facts.self_contained,
        '<img alt="" src="http://other.invalid/x.png">',
        "http://other.invalid/x.png",
    ),
    "another theme": (
        facts.in_its_mode,
        "<script>document.documentElement.dataset.theme = 'auto'</script>",
        "its theme is 'auto'",
    ),
    "a picture without words": (facts.accessible, '<img src="data:,">', "image-alt x1: <img"),
    "a picture of one mode": (
        facts.accessible_in_its_colours,
        '<img class="only-MODE" src="data:,">',
        'image-alt x1: <img class="only-MODE"',
    ),
    "colours": (facts.accessible_in_its_colours, DIM, 'color-contrast x1: <p class="dim">'),
    "one word of code": (
        facts.accessible_in_its_colours,
        ONE_WORD,
        'color-contrast x1: <span class="n" style="color: #777',
    ),
    "colours among all": (facts.accessible, DIM, 'color-contrast x1: <p class="dim">'),
    "a wide page": (
        facts.as_narrow_as_its_window,
        '<div style="width: 2000px">wide</div>',
        "px wide",
    ),
    "what cannot be reached": (
        facts.reachable,
        '<div style="overflow: auto"><table id="t" style="width: 2000px">'
        "<tr><td>1</td></tr></table></div>",
        'out of reach: <table id="t"',
    ),
    "what leaves the window": (
        facts.reachable,
        '<div style="overflow: hidden"><pre id="p" style="width: 2000px">1</pre></div>',
        'out of reach: <pre id="p"',
    ),
    "small letters": (
        facts.with_large_letters,
        FIGURE.format(WORD.format(9, "tiny")),
        "9.0 px are the letters of 'tiny'",
    ),
    "no formula": (
        facts.typeset,
        "<mjx-container><mjx-merror>\\oops</mjx-merror></mjx-container>",
        "no formula: \\oops",
    ),
    "a mark below its line": (
        facts.with_proofs_beside_equations,
        PROOF.format(left=70, top=40),
        "a mark off its line",
    ),
    "a mark on its equation": (
        facts.with_proofs_beside_equations,
        PROOF.format(left=10, top=0),
        "'beside': False",
    ),
}
FEW = {
    facts.with_large_letters: "its figures have 0 words",
    facts.typeset: "it has 0 formulas",
    facts.with_proofs_beside_equations: "it has 0 proofs",
}


@pytest.fixture
def visit(reader, tmp_path):
    """Visit a page with this body."""

    def visited(body, *asked, mode="light", size=DESK):
        (tmp_path / "page.html").write_text(PAGE.replace("BODY", body), encoding="utf-8")
        with served(tmp_path) as site, Visit(reader, site, "page", mode=mode, size=size) as one:
            return facts.faults(one, *asked)

    return visited


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_sound_page_breaks_no_fact(visit, mode, size):
    assert visit(SOUND, *ALL, mode=mode, size=size) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_page_that_breaks_a_fact_is_told_apart_with_its_mode_and_the_element(visit, name, mode):
    fact, body, says = BROKEN[name]

    found = visit(SOUND + body.replace("MODE", mode), fact, mode=mode)

    assert says.replace("MODE", mode) in found[0]
    assert all(fault.startswith(f"{mode}, {DESK['width']} px: ") for fault in found)


@pytest.mark.parametrize("fact", FEW, ids=lambda fact: fact.__name__)
def test_a_page_without_any_is_no_page_where_all_are_well(visit, fact):
    (fault,) = visit("", fact, size=PHONE)

    assert fault == f"light, {PHONE['width']} px: {FEW[fact]}"


def test_what_is_narrow_enough_on_a_desk_may_be_too_wide_on_a_phone(visit):
    body = '<div style="width: 800px">wide</div>'

    assert visit(body, facts.as_narrow_as_its_window) == []
    assert visit(body, facts.as_narrow_as_its_window, size=PHONE) == [
        "light, 390 px: it is 808 px wide"
    ]
