"""What holds of a page that somebody reads: each fact lists what breaks it, which is nothing.

A visit is costly, most of all where many formulas are set, so one serves all facts that hold of a
page in its mode and at its size.
"""

from axe_playwright_python.sync_playwright import Axe

# To describe what passed takes axe as long as to look at the page; style sheets it would ask for
# a second time, by wrong paths, and no rule of those that run reads them.
QUIETLY = {"resultTypes": ["violations"], "preload": False}
# What one mode has and the other has not: its colours, and pictures that are hidden in the other.
OF_A_MODE = ["color-contrast", "link-in-text-block", "image-alt", "svg-img-alt", "role-img-alt"]
OF_A_MODE += ["link-name", "button-name"]

PLACES = """cells => cells.map(cell => {
    const box = name => cell.querySelector(name).getBoundingClientRect();
    const mark = box("summary"), equation = box("mjx-math");
    return {
        off: Math.abs(mark.top + mark.bottom - equation.top - equation.bottom) / 2,
        beside: mark.left >= equation.right || equation.width > 500,
        air: equation.top - cell.getBoundingClientRect().top,
        words: cell.outerHTML.slice(0, 120),
    };
})"""
LETTERS = """() => Array.from(document.querySelectorAll("figure.plot text, .explorable text"))
    .filter(text => text.getClientRects().length && text.textContent.trim())
    .map(text => {
        const onto = text.getScreenCTM(), size = parseFloat(getComputedStyle(text).fontSize);
        return [text.textContent, size * Math.hypot(onto.a, onto.b)];
    })
    .filter(([words, size]) => size < 9.95)"""
WIDE = ".bd-article :is(table, svg, pre, mjx-container)"
UNREACHABLE = """wide => Array.from(document.querySelectorAll(wide))
    .filter(thing => {
        const place = thing.getClientRects()[0];
        if (!place || place.right <= innerWidth + 1) { return false; }
        for (let box = thing; box; box = box.parentElement) {
            const scrolls = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
            if (scrolls && box.scrollWidth > box.clientWidth + 1) { return box.tabIndex < 0; }
        }
        return true;
    }).map(thing => thing.outerHTML.slice(0, 120))"""

# Kinds of words differ in how they, and what they stand in, are painted.
ONE_OF_EACH_KIND = """() => {
    [...document.body.querySelectorAll(":not(style)")]
        .filter(thing => thing instanceof HTMLElement && !thing.checkVisibility())
        .forEach(thing => thing.remove());
    const painted = ["color", "backgroundColor", "backgroundImage", "opacity", "filter",
        "fontSize", "fontWeight", "textShadow", "mixBlendMode"];
    const kinds = new Map([[null, ""]]), seen = new Set(), again = [];
    const kind = thing => {
        if (!kinds.has(thing)) {
            const style = getComputedStyle(thing);
            const own = painted.map(name => style[name]).join();
            kinds.set(thing, `${own} in ${kind(thing.parentElement)}`);
        }
        return kinds.get(thing);
    };
    document.querySelectorAll(".highlight span:not(:has(*))").forEach(word => {
        const isJudged = word.textContent.trim().length > 1;  // axe judges no single letter
        if (seen.has(kind(word))) { again.push(word); } else if (isJudged) { seen.add(kind(word)); }
    });
    again.forEach(word => word.replaceWith(word.textContent));
}"""


def faults(visit, *facts):
    """What breaks these facts on the page as it stands, each with its mode and its width."""
    place = f"{visit.mode}, {visit.page.viewport_size['width']} px"
    return [f"{place}: {fault}" for fact in facts for fault in fact(visit)]


def quiet(visit):
    """Nothing is an error or a warning, and nothing is missing."""
    return [f"it complains: {text}" for text in visit.complaints]


def self_contained(visit):
    """Nothing is asked of another host."""
    return [f"it asks another host: {url}" for url in visit.strangers]


def in_its_mode(visit):
    """It is light or dark as the reader has chosen before."""
    theme = visit.page.evaluate("document.documentElement.dataset.theme")
    return [] if theme == visit.mode else [f"its theme is {theme!r}"]


def accessible(visit):
    """No rule of axe is broken in earnest."""
    return _broken(visit, QUIETLY)


def accessible_in_its_colours(visit):
    """No rule about what differs between light and dark is broken in earnest.

    This is the last fact of a visit: it takes from the page what is not shown, and all words of
    code but one of each kind.  Where words lie does not depend on the mode, and `accessible`, in
    the other mode, looks at each.
    """
    visit.page.evaluate(ONE_OF_EACH_KIND)
    return _broken(visit, QUIETLY | {"runOnly": {"type": "rule", "values": OF_A_MODE}})


def _broken(visit, options):
    found = Axe().run(visit.page, options=options).response["violations"]
    return [_brief(one) for one in found if one["impact"] in ("serious", "critical")]


def _brief(violation):
    """A violation in a line: which rule, how bad, and the first element that breaks it."""
    node = violation["nodes"][0]
    reason = node.get("failureSummary", "")[:200]
    return f"{violation['id']} x{len(violation['nodes'])}: {node['html'][:200]} {reason}"


def as_narrow_as_its_window(visit):
    """Nobody has to scroll sideways."""
    wide, window = visit.page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    return [] if wide <= window else [f"it is {wide} px wide"]


def reachable(visit):
    """What is wider than the window scrolls in its own box, which the keyboard reaches."""
    return [f"out of reach: {words}" for words in visit.page.evaluate(UNREACHABLE, WIDE)]


def with_large_letters(visit):
    """There are figures with words, and no letter in them is smaller than ten pixels."""
    count = visit.page.locator("figure.plot svg text").count()
    few = [f"its figures have {count} words"] if count <= 10 else []
    small = visit.page.evaluate(LETTERS)
    return few + [f"{size:.1f} px are the letters of {words!r}" for words, size in small]


def typeset(visit):
    """There are formulas, and each is one."""
    count = visit.page.locator("mjx-container").count()
    few = [f"it has {count} formulas"] if count <= 20 else []
    return few + [
        f"no formula: {words}" for words in visit.page.locator("mjx-merror").all_text_contents()
    ]


def with_proofs_beside_equations(visit):
    """There are proofs, each folded into a mark on the line of its equation."""
    places = visit.page.locator(".cell:has(> details.proved)").evaluate_all(PLACES)
    few = [f"it has {len(places)} proofs"] if len(places) < 5 else []
    astray = [p for p in places if p["off"] > 12 or not p["beside"] or p["air"] > 16]
    return few + [f"a mark off its line: {place}" for place in astray]
