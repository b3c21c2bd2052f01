"""The public names of a package and the modules they live in, read from its sources.

Nothing is imported: a page of the reference is due for each module that a public name lives in, and
a new module or name is found by itself.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

Kind = Literal["function", "class", "data"]
_KINDS: dict[type[ast.stmt], Kind] = {ast.FunctionDef: "function", ast.ClassDef: "class"}


@dataclass(frozen=True)
class Name:
    """A public name.

    Attributes:
        path: From where users import it.
        kind: What it is.
        summary: The first sentence of its docstring.
    """

    path: str
    kind: Kind
    summary: str


@dataclass(frozen=True)
class Module:
    """A page of the reference.

    Attributes:
        path: The module, or the folder of modules, that the names live in.
        summary: The first sentence of its docstring.
        names: What is public in it, in the order of the source.
        family: What its loss is for, if it holds a loss with a specification.
        chapter: Where that is explained.
    """

    path: str
    summary: str
    names: list[Name] = field(default_factory=list)
    family: str = ""
    chapter: str = ""


def modules(package: Path) -> list[Module]:
    """The pages of a package's reference, in the order of their paths.

    A package with ``__all__`` shows what that lists, on a page a module, or a page a folder where
    modules lie in folders; private modules are on the package's own page.  A module without
    ``__all__`` shows what it defines.
    """
    found: dict[str, Module] = {}
    for owner, source in _doors(package.parent, package):
        for name, home in _exported(source, owner):
            key = _page_of(owner, home)
            tree = _tree(_source(package.parent, key))
            blank = Module(key, _first_sentence(tree), [], *_explained(tree))
            page = found.setdefault(key, blank)
            page.names.append(_name(package.parent, owner, name, home))
    return [found[key] for key in sorted(found)]


def _explained(tree: ast.Module) -> tuple[str, str]:
    """Family and chapter of the first specification of a loss in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LossSpec":
            given = {k.arg: k.value for k in node.keywords}
            return tuple(ast.literal_eval(given[key]) for key in ("family", "chapter"))
    return "", ""


def _doors(root: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Modules that users import from: those that list names, and plain ones that no list covers."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("_") or not (path.suffix == ".py" or _is_package(path)):
            continue
        owner = ".".join(path.relative_to(root).with_suffix("").parts)
        if path.suffix == ".py":
            yield owner, path
        elif _listed(_tree(path / "__init__.py")):
            yield owner, path / "__init__.py"
        else:
            yield from _doors(root, path)


def _exported(source: Path, owner: str) -> list[tuple[str, str]]:
    """Public names of a module, each with the module that defines it."""
    tree = _tree(source)
    homes, listed = _imported(tree), _listed(tree)
    if listed:
        return [(name, homes.get(name, owner)) for name in listed]
    return [(name, owner) for name, node in _defined(tree) if not isinstance(node, ast.Assign)]


def _page_of(owner: str, home: str) -> str:
    """The page of a name: its module, no deeper than one below the package that shows it."""
    deeper = home.removeprefix(owner).lstrip(".").split(".")[0]
    return owner if not deeper or deeper.startswith("_") or home == owner else f"{owner}.{deeper}"


def _name(root: Path, owner: str, name: str, home: str) -> Name:
    tree = _tree(_source(root, home))
    node = dict(_defined(tree)).get(name)
    if node is None and name in _imported(tree):  # a package passes on what another shows
        return _name(root, owner, name, _imported(tree)[name])
    kind = _KINDS.get(type(node), "data") if node else "data"
    summary = _first_sentence(node) if kind != "data" else _said_below(tree, name)
    return Name(f"{owner}.{name}", kind, summary)


def _imported(tree: ast.Module) -> dict[str, str]:
    """The module that each imported name comes from."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """What a module defines at its top, without what is private."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            yield from ((name, node) for name in names if not name.startswith("_"))


def _listed(tree: ast.Module) -> list[str]:
    """The names of ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def _first_sentence(node: ast.AST | None) -> str:
    documented = isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
    return _sentence(ast.get_docstring(node) or "") if documented else ""


def _said_below(tree: ast.Module, name: str) -> str:
    """The string that stands below the assignment of a name."""
    for node, below in pairwise(tree.body):
        names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
        if name in names and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            return _sentence(str(below.value.value))
    return ""


def _sentence(docstring: str) -> str:
    return docstring.split("\n\n")[0].replace("\n", " ")


def _source(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


@cache
def _tree(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))
