"""A chapter's notebook is plain Markdown and code, and each repository gets its launch links."""

import json
import re

import nbformat
import pytest
from docutils import nodes
from sphinx.errors import ConfigError, ExtensionError

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

"""
CHAPTER = (
    HEAD
    + r"""# What $p_t$ says

:::{admonition} Before you start
**You know** the *logit*.

It has $|z|$ in it.
:::

```{code-cell} ipython3
:tags: [hide-input]
import math
```

```{code-cell} ipython3
:tags: [remove-cell]
print("handed over")
```

## The question

Lin {cite}`lin2017` asks; {cite:t}`nobody` answers with [a page](other.md#there), a
[host](https://example.org/x_y) and {ref}`half`.
A price of $5, 2 * 3 and p_t < q_.

- first
- second

  with a paragraph

| loss | size $\|x\|$ |
|---|---|
| `a\|b` | **large** |

:::{checkpoint} Is $a < b$ *always*?
No.

```text
never
```
:::

:::{dropdown} The package's version
```python
x = 1
```
:::

## Drills

::::{drill} Half of $x$
:label: half
:level: hard
:minutes: 9

Halve it.

```{task}
half, other = ..., 1
def halve(x):
    return ...
```

```{check}
assert halve(4) == 2
```

```{mistake}
def halve(x):
    return x
```

:::{solution}
Divide.

```python
def halve(x):
    return x / 2
```
:::
::::
"""
)
BIB = """
@article{lin2017, author={Lin, Tsung-Yi}, title={Focal}, journal={J}, year={2017}, doi={10.1/f}}
@article{nobody, author={Nobody, Ann and Other, B}, title={None}, journal={J}, year={1999},
  note={arXiv:9901.00001}}
"""
PAGES = {
    "index": "# Book\n\n```{toctree}\npart/chapter\npart/other\nreference/bibliography\n```\n",
    "part/chapter": CHAPTER,
    "part/other": "# Other\n\n## There\n",
    "reference/bibliography": "# Works\n\n```{bibliography}\n```\n",
}


@pytest.fixture
def notebook(small_book):
    """Build the chapter with settings; its notebook, checked against its format."""

    def build(chapter=CHAPTER, **settings):
        (small_book.source / "works.bib").write_text(BIB)
        extensions = ["myst_nb", "sphinx_design", "sphinxcontrib.bibtex", "notebooks"]
        own = {"extensions": extensions, "bibtex_bibfiles": ["works.bib"]}
        own["bibtex_reference_style"] = "author_year"
        own["myst_heading_anchors"] = 2
        complaints = small_book.build(PAGES | {"part/chapter": chapter}, **own | settings)
        assert complaints == ""
        text = (small_book.site / "part" / "chapter.ipynb").read_text()
        nbformat.validate(json.loads(text))
        return nbformat.reads(text, as_version=4)

    return build


def markdown(notebook):
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def code(notebook):
    return [c.source for c in notebook.cells if c.cell_type == "code"]


def test_its_cells_stand_in_the_order_of_the_page_and_hold_no_outputs(notebook):
    made = notebook()

    assert code(made)[1:] == [
        "import math",
        "half, other = ..., 1\ndef halve(x):\n    return ...",
        'with drill_check("half", "other", "halve"):\n    assert halve(4) == 2',
    ]
    assert all(c.outputs == [] for c in made.cells if c.cell_type == "code")
    assert made.cells[2].metadata.jupyter.source_hidden
    assert [c.cell_type for c in made.cells] == [
        *("markdown", "code", "code", "markdown", "markdown", "markdown", "code", "code"),
        *("markdown", "markdown"),
    ]


def test_the_first_cell_installs_the_course_where_it_is_missing(notebook):
    assert '%pip install --quiet "lossedu[book]"' in code(notebook())[0]


def test_no_directive_or_role_is_left(notebook):
    text = markdown(notebook())

    assert not re.search(r"\{[a-z:-]+\}", text)
    assert ":::" not in text
    assert "handed over" not in text


def test_titles_admonitions_lists_and_tables_are_plain_markdown(notebook):
    text = markdown(notebook())

    assert text.startswith("# What $p_t$ says\n\n> **Before you start**\n>\n> **You know** the")
    assert "> It has $|z|$ in it." in text
    assert "- first\n- second\n\n  with a paragraph" in text
    assert "| loss | size $\\vert x\\vert $ |\n| --- | --- |\n| `a\\|b` | **large** |" in text


def test_text_that_looks_like_markup_stays_text(notebook):
    assert r"A price of \$5, 2 \* 3 and p_t \< q\_." in markdown(notebook())


def test_a_checkpoint_and_a_dropdown_are_folds(notebook):
    text = markdown(notebook())

    assert (
        "<details>\n<summary><strong>Checkpoint</strong> Is $a \\lt  b$ <em>always</em>?</summary>"
        "\n\nNo.\n\n```text\nnever\n```\n\n</details>"
    ) in text
    assert "<summary>The package’s version</summary>\n\n```python\nx = 1\n```" in text


def test_a_citation_leads_to_its_paper_and_other_links_only_where_they_can(notebook):
    text = markdown(notebook())

    assert "](https://doi.org/10.1/f)" in text
    assert "](https://arxiv.org/abs/9901.00001)" in text
    assert "[host](https://example.org/x_y)" in text
    assert "with a page, a" in text
    assert "](other" not in text
    assert "and Half of x." in text


def test_the_works_that_are_cited_stand_at_the_end_in_their_order(notebook):
    works = notebook().cells[-1].source

    title, blank, *entries = works.splitlines()
    assert (title, blank) == ("## Works cited", "")
    assert [entry.split()[1] for entry in entries] == ["Tsung\\-Yi", "Ann"]
    assert "*J*" in entries[0]


def test_a_page_whose_check_can_only_be_run_elsewhere_says_where(small_book, notebook):
    notebook()

    page = (small_book.site / "part" / "chapter.html").read_text()
    assert 'Check, in <a href="chapter.ipynb" download>the notebook</a>' in page


def test_links_between_pages_lead_to_the_site_where_its_address_is_known(notebook):
    text = markdown(notebook(html_baseurl="https://example.org/course/"))

    assert "[a page](https://example.org/course/part/other.html#there)" in text


def test_a_drill_asks_and_folds_its_solution_as_code(notebook):
    text = markdown(notebook())

    assert "### Drill 1. Half of $x$ (hard, 9 minutes, checked by code)\n\nHalve it." in text
    solution = "def halve(x):\n    return x / 2"
    assert f"<summary>Solution</summary>\n\nDivide.\n\n```python\n{solution}\n```" in text
    assert "return x\n" not in text


def test_the_page_links_its_notebook_and_without_an_address_nothing_else(small_book, notebook):
    notebook()

    page = (small_book.site / "part" / "chapter.html").read_text()
    assert '<a href="chapter.ipynb" download>' in page
    assert "colab" not in page
    assert "mybinder" not in page
    assert not (small_book.site / "binder").exists()


def test_with_an_address_a_chapter_opens_in_colab_and_binder(small_book, notebook):
    made = notebook(repository_address="https://github.com/someone/losses")

    page = (small_book.site / "part" / "chapter.html").read_text()
    where = "someone/losses/blob/gh-pages/part/chapter.ipynb"
    assert f'href="https://colab.research.google.com/github/{where}"' in page
    binder = "someone/losses/gh-pages?labpath=part/chapter.ipynb"
    assert f'href="https://mybinder.org/v2/gh/{binder}"' in page
    needed = "lossedu[book] @ git+https://github.com/someone/losses"
    assert (small_book.site / "binder" / "requirements.txt").read_text() == f"{needed}\n"
    assert f'%pip install --quiet "{needed}"' in code(made)[0]


def test_an_address_of_no_repository_is_refused(notebook):
    with pytest.raises(ConfigError, match=r"must be https://github\.com/OWNER/NAME or empty"):
        notebook(repository_address="https://example.org/someone/losses")


def test_the_address_is_that_of_the_project(loaded_extension, tmp_path):
    source_address = loaded_extension("notebooks").source_address
    project = tmp_path / "pyproject.toml"

    project.write_text('[project]\nname = "lossedu"\n', encoding="utf-8")
    assert source_address(project) == ""
    project.write_text('[project.urls]\nSource = "https://github.com/a/b"\n', encoding="utf-8")
    assert source_address(project) == "https://github.com/a/b"


def test_a_page_without_code_and_one_that_frames_the_chapters_are_no_notebooks(
    small_book, notebook
):
    notebook()

    assert [p.name for p in small_book.site.rglob("*.ipynb")] == ["chapter.ipynb"]


def test_a_cell_whose_code_is_removed_stops_the_build(notebook):
    with pytest.raises(ExtensionError, match=r"part/chapter\.md: .* the code of its cells"):
        notebook(CHAPTER.replace("hide-input", "remove-input") + "")


def test_what_markdown_cannot_say_stops_the_build_and_is_named(notebook):
    strange = CHAPTER + "\n```{hlist}\n- loss\n- gain\n```\n"

    with pytest.raises(ExtensionError, match=r"part/chapter\.md: .*'hlist'"):
        notebook(strange)


def test_a_code_cell_inside_another_block_stops_the_build_rather_than_not_to_run(loaded_extension):
    extension = loaded_extension("markdown_text")
    cell = nodes.container("", nodes.literal_block("x = 1", "x = 1"), nb_element="cell_code")
    box = nodes.admonition("", nodes.title("", "Box"), cell)

    with pytest.raises(extension.NoMarkdownError, match="must stand by itself"):
        extension.Markdown(lambda node: None).block(box)
