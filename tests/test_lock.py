"""constraints.txt holds all that is installed: nothing is left for an installer to choose."""

import importlib.metadata
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD = ["hatchling", "editables", "setuptools", "wheel"]
COURSE = ("book", "site", "grade", "train", "landscape", "practice", "monitor")
TESTS = (*COURSE, "dev")
PYTHONS = ["3.11.0", "3.11.2", "3.12.0", "3.13.0"]
SYSTEMS = {"linux": ("Linux", "posix"), "darwin": ("Darwin", "posix"), "win32": ("Windows", "nt")}
# A grammar of international addresses that jsonschema compiles in each process that reads a
# notebook: a second, for a format that nothing here checks; jsonschema does without.
LEFT_OUT = {"rfc3987-syntax"}
MACHINES = [(python, system) for python in PYTHONS for system in SYSTEMS]


def requirements_in(text: str) -> dict[str, Requirement]:
    """Pins by their normalised names."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


TEXT = (ROOT / "constraints.txt").read_text(encoding="utf-8")
PINS = requirements_in(TEXT)
COURSE_PINS = requirements_in(TEXT.partition("# --- what the tests need")[0])


def environment(python: str, system: str) -> dict[str, str]:
    """What markers ask, as a machine would answer."""
    name, kind = SYSTEMS[system]
    return {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
        "platform_system": name,
        "sys_platform": system,
        "os_name": kind,
    }


@cache
def stated(name: str) -> list[Requirement]:
    """What a package requires; nothing is known of one that is not installed on this system."""
    try:
        requirements = [Requirement(text) for text in importlib.metadata.requires(name) or []]
    except importlib.metadata.PackageNotFoundError:
        return []
    # torch pins the CUDA libraries of its build itself, and is installed with them.
    requirements = [r for r in requirements if canonicalize_name(r.name) not in LEFT_OUT]
    return [r for r in requirements if name != "torch" or canonicalize_name(r.name) in PINS]


@cache
def needed(extras: tuple[str, ...], python: str, system: str) -> dict[str, list[Requirement]]:
    """All that is required on one machine: by name, each requirement that somebody states."""
    answers = environment(python, system)
    own = [*PROJECT["dependencies"], *BUILD]
    own += [text for extra in extras for text in PROJECT["optional-dependencies"][extra]]
    waiting = list(map(Requirement, own))
    known: dict[str, list[Requirement]] = {}
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if wanted in known.setdefault(name, []):
            continue
        known[name].append(wanted)
        extras_of = wanted.extras or {""}
        waiting += [
            r
            for r in stated(name)
            if not r.marker or any(r.marker.evaluate({**answers, "extra": e}) for e in extras_of)
        ]
    return known


@pytest.mark.parametrize(("python", "system"), MACHINES)
@pytest.mark.parametrize(
    ("extras", "pins"), [(COURSE, COURSE_PINS), (TESTS, PINS)], ids=["course", "tests"]
)
def test_whatever_a_package_needs_is_pinned(python, system, extras, pins):
    answers = environment(python, system)

    wanted = needed(extras, python, system)

    absent = sorted(
        name
        for name in wanted
        if name not in pins or (pins[name].marker and not pins[name].marker.evaluate(answers))
    )
    assert absent == [], "pin them in constraints.txt"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_pin_is_one_that_all_others_accept(system):
    wanted = needed(TESTS, "3.11.0", system)

    refused = [
        f"{PINS[name]} is not {requirement}"
        for name, requirements in wanted.items()
        for requirement in requirements
        for pin in PINS[name].specifier
        if not requirement.specifier.contains(pin.version, prereleases=True)
    ]
    assert refused == []


def test_nothing_is_pinned_that_nobody_needs():
    machines = [needed(TESTS, *machine) for machine in MACHINES]

    assert sorted(set(PINS) - set().union(*machines)) == []


@pytest.mark.parametrize("name", PINS)
def test_a_pin_runs_on_every_python_that_the_project_does(name):
    (pin,) = PINS[name].specifier
    assert pin.operator == "=="
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        assert PINS[name].marker is not None
        return
    admitted = SpecifierSet(metadata.get("Requires-Python") or "")
    assert [version for version in PYTHONS if version not in admitted] == []
    assert "3.11.0" in SpecifierSet(PROJECT["requires-python"])
    installed = importlib.metadata.version(name).partition("+")[0]
    assert installed == pin.version, "this environment is not the one of constraints.txt"
