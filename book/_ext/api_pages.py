"""The API reference: a page a module with its names in a table on top, and an overview of all.

The pages are written before Sphinx looks for sources, into ``reference/api``, from what
``api_names`` finds; nobody adds one by hand.  The overview groups them as a reader would look for
them: losses by family, those of the first chapters first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from api_names import Module, Name, modules
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx_external_toc.api import Document, FileItem, TocTree

from lossedu.whole_files import write_whole

PACKAGE = Path(__file__).parent.parent.parent / "lossedu"
OVERVIEW, FOLDER = "reference/api", "reference/api"
MARK = "% every module"
FAMILIES = {
    "regression": "Losses of regression",
    "classification": "Losses of classification",
    "similarity": "Losses of similarity",
    "ranking": "Losses of ranking",
    "beyond": "Losses beyond",
}
# A page goes to the first section that names it or a folder above it.
SECTIONS = {
    "What losses share": ["losses"],
    "Around a loss": ["catalog", "properties", "calibration", "ranking_metrics", "paired"],
    "Formulas, proofs and claims": ["symbolic", "proofs", "claims"],
    "Figures and tables": ["figures", "tables"],
    "Training": ["training"],
    "Loss landscapes": ["landscape"],
    "Practice": ["practice"],
    "Monitoring": ["monitoring"],
    "Commands": ["commands"],
    "For those who add to the package": [""],
}
_ORDER = {"function": 0, "class": 1, "data": 2}
_DIRECTIVE = """```{{eval-rst}}
.. auto{kind}:: {owner}::{name}
{options}```
"""


def file_name(module: Module) -> str:
    """The name of a module's page, without the package and a suffix."""
    return module.path.partition(".")[2]


def page(module: Module) -> str:
    """The text of a module's page."""
    names = sorted(module.names, key=lambda name: _ORDER[name.kind])
    rows = "\n".join(
        f"| {{py:obj}}`{name.path.rpartition('.')[2]} <{name.path}>` | {_cell(name.summary)} |"
        for name in names
    )
    details = "\n".join(map(_details, names))
    return (
        f"# {file_name(module)}\n\n{_code(module.summary)}\n\n"
        f"| name | what it is |\n|---|---|\n{rows}\n\n{details}"
    )


def _details(name: Name) -> str:
    if name.kind == "data":  # autodoc would show the docstring of its type
        return f"```{{eval-rst}}\n.. py:data:: {name.path}\n\n   {name.summary}\n```\n"
    owner, _, last = name.path.rpartition(".")
    options = "   :members:\n" if name.kind == "class" else ""
    return _DIRECTIVE.format(kind=name.kind, owner=owner, name=last, options=options)


def _cell(text: str) -> str:
    return _code(text).replace("|", r"\|")


def _code(text: str) -> str:
    """Markdown of a docstring's sentence: one backtick where it has two."""
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("*", r"\*")


def write_pages(app: Sphinx, config: Config) -> None:
    """Write what changed, and remove the pages of modules that are gone."""
    folder = Path(app.srcdir) / FOLDER
    due = {f"{file_name(module)}.md": page(module) for module in modules(PACKAGE)}
    for stale in {path.name for path in folder.glob("*.md")} - set(due):
        (folder / stale).unlink()
    for name, text in due.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)


def sections(found: Iterable[Module], chapters: Sequence[str]) -> dict[str, list[Module]]:
    """All modules by what they are for; losses as the chapters come that explain them.

    Args:
        found: The modules.
        chapters: The pages of the book in reading order.
    """

    def place(module: Module) -> tuple[int, str]:
        read = module.chapter in chapters
        return chapters.index(module.chapter) if read else len(chapters), module.path

    titles = [*FAMILIES.values(), *SECTIONS]
    groups: dict[str, list[Module]] = {title: [] for title in titles}
    for module in sorted(found, key=place):
        groups[_section(module)].append(module)
    return {title: members for title, members in groups.items() if members}


def overview(groups: Mapping[str, Sequence[Module]]) -> str:
    """The sections, each a table."""
    return "\n".join(
        f"## {title}\n\n| module | what it is | names |\n|---|---|---|\n"
        + "".join(map(_row, members))
        for title, members in groups.items()
    )


def _section(module: Module) -> str:
    if module.family:
        return FAMILIES[module.family]
    name = file_name(module)
    return next(
        title
        for title, folders in SECTIONS.items()
        for folder in folders
        if not folder or name == folder or name.startswith(f"{folder}.")
    )


def _row(module: Module) -> str:
    name = file_name(module)
    names = ", ".join(f"`{n.path.rpartition('.')[2]}`" for n in module.names)
    return f"| [{name}](api/{name}.md) | {_cell(module.summary)} | {names} |\n"


def chapters(app: Sphinx) -> list[str]:
    """The pages of the table of contents, in reading order."""
    toc = yaml.safe_load((Path(app.srcdir) / "_toc.yml").read_text(encoding="utf-8"))
    return [chapter["file"] for part in toc.get("parts", []) for chapter in part["chapters"]]


def order_pages(app: Sphinx, config: Config) -> None:
    """Put the pages below the overview, in its order: a pattern knows the alphabet alone."""
    site_map = config.external_site_map
    if OVERVIEW not in site_map:  # a book of a few pages, without a reference
        return
    groups = sections(modules(PACKAGE), chapters(app))
    names = [f"{FOLDER}/{file_name(m)}" for members in groups.values() for m in members]
    for name in names:
        site_map[name] = Document(name)
    site_map[OVERVIEW].subtrees = [TocTree([FileItem(name) for name in names])]


def put_overview(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the mark by the overview."""
    if docname != OVERVIEW:
        return
    if MARK not in source[0]:
        raise ValueError(f"{OVERVIEW} must hold the line {MARK!r}, but does not.")
    contents = Path(app.srcdir) / "_toc.yml"
    for path in [contents, *PACKAGE.rglob("*.py")]:  # what a change of makes the page stale
        app.env.note_dependency(str(path))
    groups = sections(modules(PACKAGE), chapters(app))
    source[0] = source[0].replace(MARK, overview(groups))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; the pages must lie there before the table of contents is read."""
    app.connect("config-inited", write_pages, priority=100)
    app.connect("config-inited", order_pages, priority=900)
    app.connect("source-read", put_overview)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
