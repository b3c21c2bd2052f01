"""The API reference has a page a module, made from the names that are public."""

import importlib
import pkgutil
import re
import textwrap
from pathlib import Path

import pytest

import lossedu
from lossedu import catalog

BOOK = Path(__file__).parent.parent.parent / "book"
PACKAGE = Path(lossedu.__file__).parent


@pytest.fixture
def extension(loaded_extension, monkeypatch):
    monkeypatch.syspath_prepend(BOOK / "_ext")
    return lambda name: loaded_extension(name)


@pytest.fixture
def found(extension, tmp_path):
    """The modules of a package given as its files."""

    def find(**files):
        package = tmp_path / "package"
        for name, text in {"__init__": "", **files}.items():
            path = package / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return {module.path: module for module in extension("api_names").modules(package)}

    return find


def names(module):
    return [(name.path, name.kind) for name in module.names]


def test_a_plain_module_shows_what_it_defines_and_nothing_private(found):
    modules = found(
        plain='''
        """What it is.

        More of it.
        """
        import os
        LIMIT = 3
        def shown():
            """Do a thing
            in a way.
            """
        def _hidden(): ...
        class Thing: ...
        '''
    )

    assert names(modules["package.plain"]) == [
        ("package.plain.shown", "function"),
        ("package.plain.Thing", "class"),
    ]
    assert modules["package.plain"].summary == "What it is."
    assert modules["package.plain"].names[0].summary == "Do a thing in a way."


def test_a_package_that_lists_names_has_a_page_for_each_of_their_modules(found):
    modules = found(
        part__in____init__="""
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from package.part._inner import inner
            from package.part.deep.below import below
            from package.part.one import one
        __all__ = ["LIMIT", "below", "inner", "one"]
        LIMIT = 3
        "As far as it goes."
        """,
        part__in___inner="def inner(): ...",
        part__in__one="def one(): ...\ndef not_listed(): ...",
        part__in__deep__in____init__="",
        part__in__deep__in__below="class below: ...",
    )

    assert {path: names(module) for path, module in modules.items()} == {
        "package.part": [("package.part.LIMIT", "data"), ("package.part.inner", "function")],
        "package.part.deep": [("package.part.below", "class")],
        "package.part.one": [("package.part.one", "function")],
    }
    assert modules["package.part"].names[0].summary == "As far as it goes."


def test_what_a_package_passes_on_from_another_is_described_where_it_is_defined(found):
    listed = "import deep\n__all__ = ['deep']"
    modules = found(
        part__in____init__=f"from package.part.inner {listed}",
        part__in__inner__in____init__=f"from package.part.inner.leaf {listed}",
        part__in__inner__in__leaf='def deep():\n    """Said once."""\n',
    )

    (name,) = modules["package.part.inner"].names
    assert (name.kind, name.summary) == ("function", "Said once.")


@pytest.fixture(scope="module")
def course():
    spec = importlib.util.spec_from_file_location("api_names", BOOK / "_ext" / "api_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.modules(PACKAGE)


def test_every_public_module_and_every_listed_name_of_the_package_is_on_a_page(course):
    on_pages = {name.path for module in course for name in module.names}

    for info in pkgutil.iter_modules([str(PACKAGE)], "lossedu."):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        module = importlib.import_module(info.name)
        listed = {f"{info.name}.{name}" for name in getattr(module, "__all__", ())}
        assert listed <= on_pages
        if not listed and not any(
            getattr(value, "__module__", "") == info.name for value in vars(module).values()
        ):
            continue  # numbers alone: the module's text says all of them
        assert any(path.startswith(f"{info.name}.") for path in on_pages), info.name


def test_every_name_on_a_page_can_be_imported_and_says_what_it_is(course):
    for name in (name for module in course for name in module.names):
        owner, _, last = name.path.rpartition(".")
        thing = getattr(importlib.import_module(owner), last)

        assert name.summary, f"{name.path} has no docstring"
        assert isinstance(thing, type) == (name.kind == "class") or name.kind == "data"


def test_a_page_begins_with_a_table_of_its_names_functions_first(extension):
    pages, api = extension("api_pages"), extension("api_names")
    module = api.Module(
        "lossedu.part.one",
        "What ``it`` is.",
        [
            api.Name("lossedu.part.Thing", "class", "A | thing."),
            api.Name("lossedu.part.do", "function", "Do *it*."),
        ],
    )

    text = pages.page(module)

    assert text.startswith("# part.one\n\nWhat `it` is.\n")
    assert re.findall(r"\{py:obj\}`(\w+) <([\w.]+)>`", text) == [
        ("do", "lossedu.part.do"),
        ("Thing", "lossedu.part.Thing"),
    ]
    assert r"A \| thing." in text
    assert r"Do \*it\*." in text
    assert ".. autofunction:: lossedu.part::do\n```" in text
    assert ".. autoclass:: lossedu.part::Thing\n   :members:\n```" in text


def test_the_overview_goes_by_family_and_begins_with_what_chapters_explain(extension, course):
    pages = extension("api_pages")

    groups = pages.sections(course, ["classification/overlap"])
    text = pages.overview(groups)

    assert list(groups)[:2] == ["Losses of regression", "Losses of classification"]
    classification = [pages.file_name(module) for module in groups["Losses of classification"]]
    explained = ["losses.multiclass_dice", "losses.overlap", "losses.tversky"]
    assert classification[:3] == explained
    assert classification[3:] == sorted(classification[3:])
    assert "losses.cross_entropy" in classification
    assert re.findall(r"\]\(api/(.+?)\.md\)", text) == [
        pages.file_name(module) for members in groups.values() for module in members
    ]
    assert text.count("](api/") == len(course)
    adversarial = next(m for m in course if m.path == "lossedu.losses.adversarial")
    assert adversarial in groups["What losses share"]


def test_every_loss_of_the_catalog_is_in_its_family(extension, course):
    pages = extension("api_pages")
    groups = pages.sections(course, [])

    for spec in catalog.specs().values():
        members = [module.path for module in groups[pages.FAMILIES[spec.family]]]
        assert spec.function.__module__ in members


def test_pages_of_modules_that_are_gone_are_removed_and_others_left_alone(extension, tmp_path):
    pages = extension("api_pages")
    app = type("App", (), {"srcdir": tmp_path})()
    pages.write_pages(app, None)
    folder = tmp_path / pages.FOLDER
    kept = folder / "catalog.md"
    before = kept.stat().st_mtime_ns
    (folder / "gone.md").write_text("# gone\n")
    (folder / "claims.md").write_text("# an old text\n")

    pages.write_pages(app, None)

    assert not (folder / "gone.md").exists()
    assert kept.stat().st_mtime_ns == before
    assert "an old text" not in (folder / "claims.md").read_text()
