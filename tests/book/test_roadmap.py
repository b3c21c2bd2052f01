"""The roadmap shows every part; pages come from the table of contents."""

import re
from pathlib import Path

import pytest
import yaml

BOOK = Path(__file__).parent.parent.parent / "book"
MAP = """
# Map

:::{roadmap}
one: First things | Where to begin.
two: Second things | Where to go on.
:::

```{toctree}
one/b
one/a
```
"""

# A list of contents would be written again anyway: here it stands on another page than the map.
APART = {
    "text": MAP[: MAP.index("```{toctree}")],
    "start": "# Start\n\n```{toctree}\nindex\none/b\none/a\n```\n",
    "root": "start",
}


@pytest.fixture
def mapped(small_book):
    def build(text=MAP, fresh=True, root="index", **pages):
        pages = {"index": text, "one/a": "# A page\n", "one/b": "# B < page\n", **pages}
        complaints = small_book.build(
            pages, fresh=fresh, root_doc=root, extensions=["myst_nb", "roadmap"]
        )
        site = small_book.site / "index.html"
        return complaints, site.read_text() if site.exists() else ""

    return build


def test_a_part_lists_its_pages_in_reading_order_under_their_titles(mapped):
    complaints, page = mapped()

    part = page[page.index('id="part-one"') : page.index('id="part-two"')]
    assert complaints == ""
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', part) == [
        ("one/b.html", "B &lt; page"),
        ("one/a.html", "A page"),
    ]


def test_a_part_without_a_page_says_so(mapped):
    _, page = mapped()

    part = page[page.index('id="part-two"') :]
    assert "In preparation" in part[: part.index("</section>")]
    assert page.count("In preparation") == 1


def test_the_map_is_written_again_when_only_the_title_of_another_page_has_changed(mapped):
    _, before = mapped(**APART)

    complaints, after = mapped(**APART, fresh=False, **{"one/a": "# Another title\n"})

    assert complaints == ""
    assert ">A page</a>" in before
    assert ">Another title</a>" in after
    assert ">A page</a>" not in after


def test_the_map_is_left_alone_when_only_the_text_of_another_page_has_changed(mapped, small_book):
    mapped(**APART)
    small_book.site.joinpath("index.html").write_text("as it was")

    _, after = mapped(**APART, fresh=False, **{"one/a": "# A page\n\nMore.\n"})

    assert after == "as it was"


def test_a_part_that_the_map_does_not_name_stops_the_build(mapped):
    text = MAP.replace("one/a\n", "one/a\nthree/c\n")

    complaints, _ = mapped(text, **{"three/c": "# C\n"})

    assert "roadmap must name each part, but not three" in complaints


@pytest.mark.parametrize("line", ["one First | x", "one: First", ": First | x", "one: First |"])
def test_a_line_that_is_no_part_stops_the_build_at_its_page(mapped, line):
    complaints, _ = mapped(MAP.replace("one: First things | Where to begin.", line))

    assert "index.md:3" in complaints
    assert "a line must be 'folder: title | what it settles'" in complaints


def test_the_map_of_the_course_calls_parts_as_the_table_of_contents_does():
    lines = re.findall(r"^(\w+): (.+?) \|", (BOOK / "start/roadmap.md").read_text(), re.MULTILINE)
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text())
    captions = {
        chapter["file"].split("/")[0]: part["caption"]
        for part in toc["parts"]
        for chapter in part["chapters"]
    }

    named = dict(lines)
    assert {folder: named.get(folder) for folder in captions} == captions
    order = [folder for folder, _ in lines if folder in captions]
    assert order == list(captions)
