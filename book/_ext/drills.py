r"""The directive ``{drill}``: a question, its solution folded, and code that a machine checks.

````
::::{drill} Which way does α pull?
:label: focal-which-way
:level: easy
:minutes: 4

At $\gamma = 0$, which $\alpha$ makes one positive weigh as much as nine negatives?

```{task}
answer = ...
```

```{check}
weights = weight_of_one(answer), weight_of_zero(answer)
assert math.isclose(weights[0], 9 * weights[1])
```

```{mistake}
answer = 0.1
```

:::{solution}
One positive weighs $\alpha$, one negative $1 - \alpha$.

```python
answer = 0.9
```
:::
::::
````

``{drill} ID`` with nothing in it is a family of the bank, by its id: the page asks it and grades
the answer (`practice`).

A mistake is a wrong answer that the check must refuse; no reader sees it.  A drill on paper has no
task, check and mistake.  Before a page is executed, a cell that readers do not
see is added for each drill with code; it runs ``lossedu.practice.verify_drill`` in the chapter's
own namespace.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.parsers.rst.states import MarkupError
from docutils.statemachine import StringList
from folds import fold, fold_title
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from myst_parser.parsers.directives import parse_directive_text
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

LEVELS = ("easy", "medium", "hard")
PARTS = ("task", "check", "mistake", "solution")
_MARKDOWN = MarkdownIt("commonmark").use(front_matter_plugin).use(colon_fence_plugin)
_CELL = """

```{{code-cell}} ipython3
:tags: [remove-cell]
from lossedu.practice import verify_drill

verify_drill(
    {place!r},
    task={task!r},
    check={check!r},
    solution={solution!r},
    mistakes={mistakes!r},
    names=globals(),
)
```
"""


class drill(nodes.Admonition, nodes.Element):  # noqa: N801  docutils nodes are lower case
    """A title, the question, the code, and the solution in a fold."""


@dataclass(frozen=True)
class Block:
    """Text of a page, and where it begins.

    Attributes:
        text: The lines.
        line: How many lines come before it, from the start of what was read.
    """

    text: str
    line: int


@dataclass(frozen=True)
class DrillText:
    """What stands in a drill.

    Attributes:
        prompt: The question.
        solution: Text and code of the answer.
        task: Code with ``...`` in it; None on paper.
        check: Code that fails until the answer stands in the task; None on paper.
        mistakes: Wrong answers that the check must refuse; no reader sees them.
    """

    prompt: Block
    solution: Block
    task: Block | None = None
    check: Block | None = None
    mistakes: tuple[Block, ...] = ()

    @property
    def solution_code(self) -> str:
        """The Python blocks of the solution, one below the other."""
        fences = [t for t in _MARKDOWN.parse(self.solution.text) if t.info.strip() == "python"]
        return "\n".join(token.content for token in fences)


def _named(token: Token) -> str:
    """The directive that a fence names, or nothing."""
    name = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    return name.strip("{}") if name.startswith("{") and name.endswith("}") else ""


def read_drill(body: str) -> DrillText:
    """Take the content of a drill apart.

    Raises:
        ValueError: If a part is missing, stands twice, or does not fit the others.
    """
    parts: dict[str, Block] = {}
    mistakes = []
    lines = body.splitlines()
    first = len(lines)
    for token in _MARKDOWN.parse(body):
        name = _named(token)
        if name not in PARTS or not token.map:
            continue
        block = Block(token.content, token.map[0] + 1)
        if name == "mistake":
            mistakes.append(block)
        elif name in parts:
            raise ValueError(f"a drill must have one {name}, but has two.")
        else:
            parts[name] = block
        first = min(first, token.map[0])
        lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
    if "solution" not in parts:
        raise ValueError("a drill must have a solution, but has none.")
    if stray := "".join(lines[first:]).strip():
        raise ValueError(f"a drill must ask everything before its first part, but has: {stray}")
    drill = DrillText(Block("\n".join(lines[:first]), 0), **parts, mistakes=tuple(mistakes))
    if not drill.prompt.text.strip():
        raise ValueError("a drill must ask something before its first part, but does not.")
    if (
        len({bool(part) for part in (drill.task, drill.check, drill.mistakes, drill.solution_code)})
        > 1
    ):
        raise ValueError(
            "a drill must have a task, a check, a mistake and a `python` block in its solution, "
            "or none of them, but has some."
        )
    return drill


def drills_of(page: str) -> list[tuple[str, DrillText]]:
    """The labels and texts of all drills of a page that can be read."""
    found = []
    for token in _MARKDOWN.parse(page):
        if _named(token) == "drill":
            title = token.info.partition("}")[2].strip()
            # The directive says what is wrong with the others, and in which line.
            with suppress(MarkupError, KeyError, ValueError):
                text = parse_directive_text(Drill, title, token.content)
                found.append((text.options["label"], read_drill("\n".join(text.body))))
    return found


def families_of(page: str) -> list[str]:
    """The families of the bank that a page asks, in their order."""
    drills = [token for token in _MARKDOWN.parse(page) if _named(token) == "drill"]
    return [token.info.partition("}")[2].strip() for token in drills if not token.content.strip()]


class Drill(SphinxDirective):
    """``{drill} TITLE``; see the head of this file."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {  # noqa: RUF012  docutils' own way
        "label": directives.unchanged_required,
        "level": lambda level: directives.choice(level, LEVELS),
        "minutes": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """The drill as a box, and its label for links."""
        if not self.content and not set(self.options) - {"label"}:
            return self._of_the_bank()
        missing = [name for name in self.option_spec if name not in self.options]
        if missing:
            raise self.error(f"a drill must have a label, level and minutes, but lacks {missing}.")
        try:
            text = read_drill("\n".join(self.content))
        except ValueError as error:
            raise self.error(str(error)) from error
        effort = f"{self.options['level']}, {self.options['minutes']} minutes"
        if text.task:
            effort += ", checked by code"
        box = self._box(self.arguments[0], effort, self.options["label"])
        self._parse(text.prompt, box)
        if text.task and text.check:
            box += self._code("task", text.task) + self._code("check", text.check)
        solution = fold("", fold_title("", "Solution"), classes=["drill-solution"])
        self._parse(text.solution, solution)
        box += solution
        return [box]

    def _of_the_bank(self) -> list[nodes.Node]:
        from practice.box import Contents, effort, family_of  # it needs what stands here

        name = self.arguments[0]
        one = family_of(self, name)
        box = self._box(one.title, effort(one), self.options.get("label", name))
        box["family"], box["kind"] = name, one.kind
        box += Contents(self).of(one)
        return [box]

    def _box(self, title: str, effort: str, label: str) -> drill:
        """A box with its title alone."""
        box = drill("", self._title(title, effort), names=[label], classes=["drill"])
        self.set_source_info(box)
        self.state.document.note_explicit_target(box)
        return box

    def _title(self, title: str, effort: str) -> nodes.title:
        number = self.env.temp_data["drills"] = self.env.temp_data.get("drills", 0) + 1
        words, _ = self.state.inline_text(title, self.lineno)
        inline = nodes.inline("", f"({effort})", classes=["drill-effort"])
        plain = "".join(word.astext() for word in words)  # what links to the drill say
        return nodes.title("", f"Drill {number}. ", *words, nodes.Text(" "), inline, plain=plain)

    def _parse(self, block: Block, into: nodes.Element) -> None:
        lines = StringList(block.text.splitlines(), self.state_machine.document["source"])
        self.state.nested_parse(lines, self.content_offset + block.line, into)

    def _code(self, part: str, block: Block) -> list[nodes.Node]:
        source = block.text.rstrip("\n")
        code = nodes.literal_block(source, source, language="ipython3")
        code["classes"].append(f"drill-{part}")
        return [nodes.paragraph("", part.capitalize(), classes=["drill-part"]), code]


def add_cells(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the cells that run each drill, at the end: no line of the page moves."""
    for label, text in drills_of(source[0]):
        if text.task and text.check:
            source[0] += _CELL.format(
                place=f"{docname}.md, drill {label}",
                task=text.task.text,
                check=text.check.text,
                solution=text.solution_code,
                mistakes=[mistake.text for mistake in text.mistakes],
            )


def name_links(app: Sphinx, doctree: nodes.document) -> None:
    """Let a link to a drill's label say its title, as Sphinx does it for sections alone."""
    labels = app.env.get_domain("std").labels
    for box in doctree.findall(drill):
        labels[box["names"][0]] = (app.env.docname, box["ids"][0], box[0]["plain"])


def open_drill(self: HTML5Translator, node: drill) -> None:
    """Begin the box; one of the bank says which family it asks."""
    if "family" in node:
        data = {"data-family": node["family"], "data-kind": node["kind"]}
        self.body.append(self.starttag(node, "div", CLASS="admonition", **data))
    else:
        self.visit_admonition(node)


def close_drill(self: HTML5Translator, node: drill) -> None:
    """End the box; on paper, one of the bank says where it can be answered."""
    if "family" in node:
        place = f"{self.builder.current_docname}.html#{node['ids'][0]}"
        self.body.append(f'<p class="practice-link">To answer it: {place}</p>')
    self.depart_admonition(node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("folds")
    app.add_node(drill, html=(open_drill, close_drill))
    app.add_directive("drill", Drill)
    app.connect("source-read", add_cells)
    app.connect("doctree-read", name_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
