"""What a chapter depends on: its cells, the modules that it leads to, the files that it reads."""

import ast
import re
import sys
from collections.abc import Collection, Iterator
from functools import cache, cached_property
from pathlib import Path

from . import digests
from .chapter import Chapter
from .closure import Packages
from .key import Key
from .names import Use, cell_tree, uses

_FILE_NAME = re.compile(r"[\w./ -]*\w\.\w+")
_NOT_SOURCES = {"_build", "__pycache__", "node_modules"}


class Dependencies:
    """Finds what chapters depend on.

    Args:
        packages: The packages whose modules count one by one.
        book: The folder of the book's sources.
    """

    def __init__(self, packages: Packages, book: Path) -> None:
        self._packages = packages
        self._book = book.resolve()
        self._root = self._book.parent
        self._module_digest = cache(self._digest_of_module)
        self._module_files = cache(self._files_of_module)

    def modules(self, chapter: Chapter) -> set[str]:
        """The modules that a chapter can load, by what is written in it."""
        return self._packages.closure(_uses(chapter))

    def key(self, chapter: Chapter, read: Collection[str], written: Collection[str] = ()) -> Key:
        """Short names for all that a chapter depends on now.

        Args:
            chapter: The chapter.
            read: What it has read or listed when it ran, as `inside` names it.
            written: What it has written then, and so does not depend on.
        """
        modules = self.modules(chapter)
        files = {self._place(path): path for path in self._named_in(chapter)}
        for module in modules:
            files |= {self._place(path): path for path in self._module_files(module)}
        files |= {place: self._root / place for place in read}
        tops = {use.path.partition(".")[0] for use in _uses(chapter)}
        outer = tops - set(sys.stdlib_module_names) - set(self._packages.names)
        return Key(
            chapter.digest,
            {self._place(self._packages.files[m]): self._module_digest(m) for m in modules},
            {at: digests.of_path(path) for at, path in files.items() if at not in written},
            self._python | digests.versions(outer | self._packages.externals(modules)),
        )

    def inside(self, paths: Collection[str]) -> set[str]:
        """Those of some paths that are sources of this project, seen from its folder.

        A module is none of them: what it does counts, whoever reads its text, as a traceback does.
        """
        found = set()
        modules = set(self._packages.files.values())
        for path in map(Path, paths):
            if path.resolve() in modules:
                continue
            place = self._place(path.resolve())
            parts = Path(place).parts
            foreign = Path(place).is_absolute() or _NOT_SOURCES & set(parts)
            if parts and not foreign and not any(part.startswith(".") for part in parts):
                found.add(place)
        return found

    def changed_since(self, place: str, moment: float) -> bool:
        """Whether a file that `inside` named was written after a moment."""
        path = self._root / place
        return path.is_file() and path.stat().st_mtime > moment

    @cached_property
    def _python(self) -> dict[str, str]:
        return {"Python": ".".join(map(str, sys.version_info[:3]))}

    def _place(self, path: Path) -> str:
        """A path seen from the project's folder, or from that of its package."""
        for above in (self._root, *(f.parent for f in self._packages.folders.values())):
            if path.is_relative_to(above):
                return path.relative_to(above).as_posix()
        return path.as_posix()

    def _digest_of_module(self, module: str) -> str:
        return digests.of_code(self._packages.tree(module))

    def _files_of_module(self, module: str) -> list[Path]:
        """The data files beside a module that it names."""
        folder = self._packages.files[module].parent
        named = _named_files([self._packages.tree(module)], [folder])
        return [path for path in named if path.suffix != ".py" and path.is_relative_to(folder)]

    def _named_in(self, chapter: Chapter) -> list[Path]:
        """The files that a chapter names, seen from its folder, the book's or the project's."""
        folders = [chapter.path.parent.resolve(), self._book, self._root]
        folders += self._packages.folders.values()
        named = _named_files(map(cell_tree, chapter.code), folders)
        return [self._root / place for place in sorted(self.inside(list(map(str, named))))]


def _uses(chapter: Chapter) -> frozenset[Use]:
    return _uses_of(tuple(chapter.code))


@cache
def _uses_of(cells: tuple[str, ...]) -> frozenset[Use]:
    """A build asks several times for each chapter."""
    return frozenset(uses(*map(cell_tree, cells)))


def _named_files(
    trees: Collection[ast.Module] | Iterator[ast.Module], folders: list[Path]
) -> set[Path]:
    """The files that are there under a name that stands in the code as text."""
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and len(node.value) < 200
        and _FILE_NAME.fullmatch(node.value)
    }
    paths = {(folder / text).resolve() for text in texts for folder in folders}
    return {path for path in paths if path.is_file()}
