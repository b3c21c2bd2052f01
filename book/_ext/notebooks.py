"""Each chapter can be taken as a notebook: plain Markdown, code, drills with ``...``, no outputs.

It lies beside its page, is written from the page as Sphinx has resolved it, and runs from top to
bottom with ``pip install lossedu[book]`` alone.  Where pyproject.toml has an address of the source,
the line below the title also opens it in Colab and in Binder; these read the built site from the
repository's branch ``gh-pages``.
"""

import ast
import html
import posixpath
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from drills import drill
from markdown_text import Markdown, NoMarkdownError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError, ExtensionError

from lossedu.whole_files import write_whole

NOT_CHAPTERS = ("start/", "teach/", "reference/", "interview/mock-interview")
BRANCH = "gh-pages"
_ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?")
_SETUP = """\
# Run this cell first: it installs the course where it is missing.
try:
    import lossedu
except ModuleNotFoundError:
    %pip install --quiet "{requirement}"

from lossedu.practice import drill_check
"""


class Cells:
    """The cells of a notebook, collected from the nodes of a page."""

    def __init__(self, markdown: Markdown) -> None:
        self.markdown = markdown
        self.cells: list[nbformat.NotebookNode] = []
        self._texts: list[str] = []

    def add(self, node: nodes.Node, depth: int = 0) -> None:
        """Append a block of the page; ``depth`` counts the sections around it."""
        if isinstance(node, nodes.section):
            title, *rest = node.children
            self.say(f"{'#' * (depth + 1)} {self.markdown.inline(title)}", new_cell=True)
            for child in rest:
                self.add(child, depth + 1)
        elif isinstance(node, drill):
            self._add_drill(node, depth)
        elif isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code":
            self._add_code_cell(node)
        else:
            self.say(self.markdown.block(node))

    def say(self, text: str, *, new_cell: bool = False) -> None:
        """Append Markdown."""
        if new_cell:
            self.flush()
        if text:
            self._texts.append(text)

    def flush(self) -> None:
        """End the Markdown cell that is being written."""
        if self._texts:
            self._append(new_markdown_cell("\n\n".join(self._texts)))
        self._texts = []

    def code(self, source: str, tags: list[str] = []) -> None:  # noqa: B006  never changed
        """Append a code cell."""
        self.flush()
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        if "hide-input" in tags:
            metadata["jupyter"] = {"source_hidden": True}
        self._append(new_code_cell(source, metadata=metadata))

    def _append(self, cell: nbformat.NotebookNode) -> None:
        cell["id"] = f"cell-{len(self.cells)}"  # the same in every build
        self.cells.append(cell)

    def _add_code_cell(self, node: nodes.Element) -> None:
        sources = [
            inner
            for inner in node.findall(nodes.container)
            if inner.get("nb_element") == "cell_code_source"
        ]
        if not sources:
            raise NoMarkdownError(
                "a chapter must show the code of its cells, or the notebook would not run, but "
                f"cell {node['cell_index']} removes it. Hint: fold it with hide-input."
            )
        self.code(sources[0].astext(), list(node["cell_metadata"].get("tags", [])))

    def _add_drill(self, node: drill, depth: int) -> None:
        title, *rest = node.children
        self.say(f"{'#' * (depth + 1)} {self.markdown.inline(title)}", new_cell=True)
        task = ""
        for child in _blocks(rest):
            classes = child.get("classes", []) if isinstance(child, nodes.Element) else []
            if "drill-task" in classes:
                task = child.astext()
                self.code(task, ["drill"])
            elif "drill-setup" in classes:
                self.code(child.astext())
            elif "drill-check" in classes:
                self.code(patient(task, child.astext()), ["drill-check"])
            elif "drill-part" not in classes:
                self.say(self.markdown.block(child))


def _blocks(children: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """The blocks of a drill; those of a question of the bank stand in a box of their own."""
    for child in children:
        if isinstance(child, nodes.container) and "practice-prompt" in child["classes"]:
            yield from child.children
        else:
            yield child


def patient(task: str, check: str) -> str:
    """The check of a drill as a cell that does not stop those below it.

    Example:
        >>> print(patient("answer = ...", "assert answer == 1"))
        with drill_check("answer"):
            assert answer == 1
    """
    names = ", ".join(f'"{name}"' for name in bound_by(task))
    return f"with drill_check({names}):\n{textwrap.indent(check, '    ')}"


def bound_by(code: str) -> list[str]:
    """The names that statements of a cell bind, in their order."""
    names = []
    for statement in ast.parse(code).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.append(statement.name)
        elif isinstance(statement, ast.Assign):
            inside = [n for target in statement.targets for n in ast.walk(target)]
            names += [n.id for n in inside if isinstance(n, ast.Name)]
    return names


class Links:
    """Where the references of a page lead from a notebook, and which works they cite.

    Attributes:
        cited: The works, in the order of their first mention.
    """

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.base = app.config.html_baseurl.rstrip("/")
        self.folder = posixpath.dirname(docname)
        citations = getattr(app.env.domains.get("cite"), "citations", [])
        self.works = {citation.citation_id: citation for citation in citations}
        self.cited: dict[str, Any] = {}

    def __call__(self, node: nodes.reference) -> str | None:
        """The address of a paper, another host or the site; None within the book alone."""
        target = node.get("refuri", "")
        if not target or re.match(r"https?:|mailto:", target):
            return target or None
        page = posixpath.normpath(posixpath.join(self.folder, target))
        anchor = page.partition("#")[2]
        if anchor in self.works:
            work = self.cited[anchor] = self.works[anchor]
            return paper(work.entry.fields)
        return f"{self.base}/{page}" if self.base else None

    def works_cited(self) -> str:
        """A list of the works, as the bibliography has them."""
        entries = [work.formatted_entry.text.render_as("markdown") for work in self.cited.values()]
        lines = [f"- {' '.join(entry.split())}" for entry in entries]
        return "\n".join(["## Works cited\n", *lines]) if lines else ""


def paper(fields: Mapping[str, str]) -> str | None:
    """Where a work can be read.

    Example:
        >>> paper({"note": "arXiv:1708.02002"})
        'https://arxiv.org/abs/1708.02002'
    """
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if preprint := re.search(r"arXiv:([\w./-]+)", fields.get("note", "")):
        return f"https://arxiv.org/abs/{preprint[1]}"
    return fields.get("url")


def notebook_of(app: Sphinx, doctree: nodes.document, docname: str) -> nbformat.NotebookNode:
    """The notebook of a page."""
    links = Links(app, docname)
    cells = Cells(Markdown(links))
    try:
        for child in doctree.children:
            cells.add(child)
        cells.say(links.works_cited(), new_cell=True)
        cells.flush()
    except NoMarkdownError as error:
        raise ExtensionError(f"{docname}.md: {error}") from error
    repository = app.config.repository_address
    requirement = f"lossedu[book] @ git+{repository}" if repository else "lossedu[book]"
    first = next(k for k, cell in enumerate(cells.cells) if cell.cell_type == "code")
    setup = new_code_cell(_SETUP.format(requirement=requirement).strip(), id="setup")
    cells.cells.insert(first, setup)
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells.cells, metadata=metadata)


def is_chapter(docname: str, doctree: nodes.document) -> bool:
    """Whether a page becomes a notebook: it has code, and is no frame around the chapters."""
    has_code = any(n.get("nb_element") == "cell_code" for n in doctree.findall(nodes.container))
    return has_code and not docname.startswith(NOT_CHAPTERS)


def write_notebook(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write a chapter's notebook beside its page, and link it below the title."""
    if app.builder.format != "html" or not is_chapter(docname, doctree):
        return
    text = nbformat.writes(notebook_of(app, doctree, docname)) + "\n"
    write_whole(Path(app.outdir) / f"{docname}.ipynb", text)
    title = next(iter(doctree.findall(nodes.title)))
    line = links_to(docname, app.config.repository_address)
    title.parent.insert(title.parent.index(title) + 1, nodes.raw("", line, format="html"))
    name = posixpath.basename(docname)
    take = f'Check, in <a href="{name}.ipynb" download>the notebook</a>'
    for part in doctree.findall(nodes.paragraph):
        if part["classes"] == ["drill-part"] and part.astext() == "Check":
            part.children = [nodes.raw("", take, format="html")]


def links_to(docname: str, repository: str) -> str:
    """The line below the title: the notebook to take, and where else it can be opened."""
    name = posixpath.basename(docname)
    links = [f'<a href="{name}.ipynb" download>Take this chapter as a notebook</a>']
    if repository:
        project = _project(repository)
        links += [
            f'<a href="https://colab.research.google.com/github/{project}/blob/{BRANCH}/'
            f'{docname}.ipynb">open it in Colab</a>',
            f'<a href="https://mybinder.org/v2/gh/{project}/{BRANCH}?labpath='
            f'{html.escape(docname)}.ipynb">in Binder</a>',
        ]
    return f'<p class="notebook-links">{" · ".join(links)}</p>\n'


def _project(repository: str) -> str:
    match = _ADDRESS.fullmatch(repository)
    if not match:
        raise ConfigError(
            "repository_address must be https://github.com/OWNER/NAME or empty, but is "
            f"{repository!r}."
        )
    return match[1]


def source_address(project: Path) -> str:
    """Where the sources are, as pyproject.toml says to everybody; empty if it does not."""
    urls = tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("urls", {})
    return str(urls.get("Source", ""))


def check_address(app: Sphinx, config: Config) -> None:
    """Refuse an address from which no launch link can be built."""
    if config.repository_address:
        _project(config.repository_address)


def write_binder(app: Sphinx, exception: Exception | None) -> None:
    """Say what Binder must install beside the site."""
    if exception is None and app.builder.format == "html" and app.config.repository_address:
        needed = f"lossedu[book] @ git+{app.config.repository_address}\n"
        write_whole(Path(app.outdir) / "binder" / "requirements.txt", needed)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("drills")
    project = Path(__file__).parents[2] / "pyproject.toml"
    app.add_config_value("repository_address", source_address(project), "env", [str])
    app.connect("config-inited", check_address)
    # Last: what others put in the place of their marks belongs into the notebook.
    app.connect("doctree-resolved", write_notebook, priority=900)
    app.connect("build-finished", write_binder)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
