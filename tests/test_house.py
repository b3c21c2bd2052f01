"""Facts about the whole repository: what a new loss must bring, and what importing may cost."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lossedu.losses
from lossedu import catalog
from lossedu.losses import LossSpec

ROOT = Path(__file__).parent.parent
SPECS = list(catalog.specs().values())
SECTIONS = ["Args:", "Returns:", "Gradient:", "Numerics:", "Raises:", "Example:", "References:"]
HEAVY = {"sympy", "matplotlib", "sklearn", "accelerate", "nbgrader", "scipy", "IPython", "plotly"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import lossedu") & (HEAVY | {"torch", "numpy"})


def test_importing_the_losses_loads_nothing_heavy_but_torch():
    assert not loaded_by("import lossedu.losses, lossedu.catalog") & HEAVY


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_loss_has_its_test_module_and_its_public_name_and_says_which_chapter_is_its_own(
    spec: LossSpec,
):
    own = ROOT / "tests" / "losses" / f"test_{spec.slug}.py"
    assert own.is_file(), f"{spec.name}: write {own.relative_to(ROOT)}"
    name = spec.function.__name__
    assert name in lossedu.losses.__all__, f"{name}: export it from lossedu.losses"
    assert spec.chapter in inspect.getmodule(spec.function).__doc__


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_loss_documents_every_section_and_every_argument(spec: LossSpec):
    text = inspect.getdoc(spec.function)

    missing = [section for section in SECTIONS if section not in text]
    arguments = [a for a in inspect.signature(spec.function).parameters if f"{a}: " not in text]
    assert not missing, f"{spec.name}: its docstring lacks {missing}"
    assert not arguments, f"{spec.name}: its docstring does not explain {arguments}"
    assert ".. math::" in text


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_references_of_a_spec_are_in_the_bibliography(spec: LossSpec):
    bibliography = (ROOT / "book" / "references.bib").read_text()

    assert spec.references
    assert [key for key in spec.references if f"{{{key}," not in bibliography] == []


def test_the_options_of_a_spec_are_those_of_its_function():
    for spec in SPECS:
        arguments = inspect.signature(spec.function).parameters
        assert [p.name for p in spec.parameters if p.name not in arguments] == []


def public_names(path: Path) -> set[str]:
    """Functions and classes that a module defines for others."""
    nodes = ast.parse(path.read_text()).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {n.name for n in nodes if isinstance(n, kinds) and not n.name.startswith("_")}


LOSS_MODULES = sorted((ROOT / "lossedu" / "losses").glob("[a-z]*.py"))


def test_public_names_are_what_the_modules_define():
    defined = set().union(*map(public_names, LOSS_MODULES))
    shared = {"Family", "LossModule", "LossSpec", "Parameter", "SpecialCase", "as_module"}

    assert set(lossedu.losses.__all__) == defined | shared


@pytest.mark.parametrize("path", LOSS_MODULES, ids=lambda p: p.stem)
def test_every_module_of_losses_has_its_own_tests(path: Path):
    assert (ROOT / "tests" / "losses" / f"test_{path.stem}.py").is_file()


MATHEMATICAL = [
    (module, name)
    for module in ("losses", "calibration", "ranking_metrics")
    for package in [importlib.import_module(f"lossedu.{module}")]
    for name in dir(package)
    if not name.startswith("_")
    and getattr(getattr(package, name), "__module__", "").startswith(f"lossedu.{module}")
]
RECORDS = {"LossSpec", "Parameter", "SpecialCase", "AdversarialLosses", "ReliabilityDiagram"}
PLAIN = RECORDS | {"LossModule", "as_module", "gather_batch"}


@pytest.mark.parametrize(("module", "name"), MATHEMATICAL)
def test_every_public_name_states_its_formula(module: str, name: str):
    value = getattr(importlib.import_module(f"lossedu.{module}"), name)

    assert name in PLAIN or ".. math::" in inspect.getdoc(value)


def test_the_independence_contract_names_every_loss_module():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = config["tool"]["importlinter"]["contracts"]
    named = next(c["modules"] for c in contracts if c["type"] == "independence")

    assert set(named) == {f"lossedu.losses.{path.stem}" for path in LOSS_MODULES}


SOURCES = sorted(p for folder in ("lossedu", "autograder") for p in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_and_functions_stay_short(path: Path):
    source = path.read_text()
    assert source.count("\n") <= 300, "a module is one idea; split it"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = node.end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{node.name} does more than one job ({length} lines)"


def private_modules_from_outside(path: Path) -> list[str]:
    """Imports of a module whose name begins with an underscore, from outside of its package."""
    own = ".".join(path.relative_to(ROOT).parts[:-1])
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            owner, private, _ = f".{node.module}".partition("._")
            if private and not f".{own}.".startswith(f"{owner}."):
                found.append(node.module)
    return found


def test_outside_a_package_nobody_imports_its_private_modules():
    found = {p.relative_to(ROOT).as_posix(): private_modules_from_outside(p) for p in SOURCES}

    assert {path: modules for path, modules in found.items() if modules} == {}


WRITES = ("os.replace(", "os.rename(", ".rename(", "mkstemp(", "NamedTemporaryFile(")


def test_files_are_replaced_in_one_place_alone():
    writers = {
        p.relative_to(ROOT).as_posix()
        for p in SOURCES
        if any(word in p.read_text(encoding="utf-8") for word in WRITES)
        or re.search(r"\.replace\([a-z_.]*\)", p.read_text(encoding="utf-8"))
    }

    assert writers == {"lossedu/whole_files.py"}


def test_no_file_is_named_for_nothing():
    vague = {"utils", "helpers", "common", "misc"}

    assert [p for p in SOURCES if p.stem in vague] == []
