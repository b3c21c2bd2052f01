"""Libraries that the base package does without: which extra brings each of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "IPython": ("grade",),
    "accelerate": ("train", "landscape"),
    "bleach": ("grade",),
    "bs4": ("grade",),
    "distributed": ("cluster",),
    "duckdb": ("monitor",),
    "filelock": ("grade",),
    "fsrs": ("practice",),
    "genanki": ("practice",),
    "hypothesis": ("grade",),
    "jinja2": ("landscape", "grade"),
    "joblib": ("grade",),
    "jsonschema": ("practice",),
    "jupytext": ("grade",),
    "matplotlib": ("landscape", "train", "grade", "book", "practice"),
    "mpmath": ("cli", "book", "practice"),
    "narwhals": ("monitor",),
    "nbconvert": ("grade",),
    "nbformat": ("grade",),
    "nbgrader": ("grade",),
    "platformdirs": ("practice",),
    "plotly": ("landscape", "book"),
    "prometheus_client": ("monitor",),
    "psutil": ("train", "landscape"),
    "rich": ("cli", "train", "landscape", "grade", "site", "practice", "monitor"),
    "safetensors": ("train", "landscape", "grade"),
    "scipy": ("landscape", "book", "monitor"),
    "sklearn": ("train", "landscape", "grade", "book"),
    "sqlalchemy": ("grade",),
    "sympy": ("cli", "book", "practice"),
    "traitlets": ("grade",),
    "typer": ("cli", "train", "landscape", "grade", "practice", "monitor"),
    "yaml": ("train", "landscape", "practice", "monitor"),
}
"""The extras that bring a module; the first of them for a user who has named none."""


class MissingLibraryError(ModuleNotFoundError):
    """A part of the package needs a library that is not installed; the text says how to get it."""


def require(*modules: str) -> None:
    """See that libraries are there, before work begins whose end needs them.

    Raises:
        ModuleNotFoundError: If one is not.
    """
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


@contextmanager
def explained(part: str, extra: str = "") -> Iterator[None]:
    """Say of a library that is missing in this block what brings it.

    Args:
        part: What needs it: ``"lossedu.figures"``.
        extra: The one that brings all that the part needs.

    Raises:
        MissingLibraryError: If a library is missing that an extra brings.
    """
    try:
        yield
    except MissingLibraryError:
        raise
    except ModuleNotFoundError as error:
        line = missing(error, part, extra)
        if not line:
            raise
        raise MissingLibraryError(line, name=error.name, path=error.path) from None


def missing(error: ModuleNotFoundError, part: str, extra: str = "") -> str:
    """One line that says what to install; empty if no extra brings what is missing.

    Args:
        error: What an import raised.
        part: What needs the module.
        extra: The one to be named if it brings the module.
    """
    from lossedu.installing import install_line

    module = (error.name or "").partition(".")[0]
    bring = EXTRAS.get(module)
    if bring is None:
        return ""
    chosen = extra if extra in bring else bring[0]
    return f"{part} needs {module}, which is not installed. Hint: {install_line(chosen)}"
