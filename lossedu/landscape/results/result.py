"""The one parent of all results."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor

from lossedu.extras import explained
from lossedu.landscape.results.archive import DAMAGED, read_arrays, write_arrays
from lossedu.landscape.results.plain import Arrays, as_plain, packed, unpacked
from lossedu.tables import Cell, Table, as_text

_RECORD = "record"
_FEW = 5
_LINES, _WIDTH = 4, 100


class Result:
    """What has been computed, as a frozen dataclass: short to print, to keep and to draw.

    Attributes:
        derived: Names of properties that plain data show besides the fields.

    Example:
        >>> from dataclasses import dataclass
        >>> from numpy.typing import NDArray
        >>> @dataclass(frozen=True, eq=False)
        ... class Heights(Result):
        ...     metres: NDArray[np.float64]
        >>> Heights(np.linspace(0, 3, 1000))
        Heights(metres=1000 numbers from 0 to 3)
        >>> Heights(np.array([0.5, np.inf])).to_json()
        '{"metres": [0.5, null]}'
    """

    derived: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """See that a dataclass does not write all its entries into its own repr."""
        super().__init_subclass__()
        if "__repr__" not in vars(cls):
            cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def table(self) -> Table:
        """One row for each number that stands by itself."""
        rows: list[tuple[Cell, ...]] = []
        for name, value in self._fields(shown=False).items():
            if isinstance(value, bool | np.bool_):
                rows.append((name.replace("_", " "), "yes" if value else "no"))
            elif isinstance(value, int | float | str):
                whole = isinstance(value, int)  # four digits are too few for a count
                rows.append((name.replace("_", " "), str(value) if whole else value))
        label = type(self).__doc__ or type(self).__name__
        return Table(["", "value"], rows, label=label.splitlines()[0].rstrip("."))

    def plot(self, **options: Any) -> Any:
        """Draw it; see `lossedu.figures.plot`.

        Args:
            **options: Of the figure, ``title`` for one.

        Returns:
            The matplotlib figure, not shown.

        Raises:
            TypeError: If there is nothing to draw but a few numbers.
        """
        with explained(f"{type(self).__name__}.plot", "landscape"):
            from lossedu.figures.landscape_results import plot

        return plot(self, **options)

    def to_dict(self, *, tensors: bool = False) -> dict[str, Any]:
        """Plain data, as JSON wants them: what is not finite is None.

        Args:
            tensors: Whether tensors, which may be as long as the model has parameters, are written
                out; otherwise by their shape and dtype.
        """
        plain: dict[str, Any] = as_plain(self, tensors=tensors)
        return plain

    def to_json(self, *, tensors: bool = False, indent: int | None = None) -> str:
        """The same as JSON text."""
        return json.dumps(self.to_dict(tensors=tensors), indent=indent, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Write all of it to an ``.npz`` file, whole or not at all.

        Anything that reads numpy's files reads the arrays, by the names of the fields; ``record``
        holds the rest as JSON.  There is no pickle in it: reading it runs nothing.
        """
        arrays: Arrays = {}
        kind = type(self).__name__
        record = {"kind": kind, "fields": packed(self, kind, arrays)}
        named = {path.removeprefix(f"{kind}."): array for path, array in arrays.items()}
        named[_RECORD] = np.array(json.dumps(record, allow_nan=False))
        write_arrays(Path(path), named, small=False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` has written; tensors lie on the CPU.

        Raises:
            ValueError: If the file is of another kind, or damaged.
            FileNotFoundError: If there is none.
        """
        path = Path(path)
        try:
            named = read_arrays(path)
            record = json.loads(str(named.pop(_RECORD)))
            kind = record["kind"]
            if kind == cls.__name__:
                arrays = {f"{kind}.{name}": array for name, array in named.items()}
                made: Self = unpacked(cls, record["fields"], kind, arrays)
                return made
        except FileNotFoundError:
            raise
        except (*DAMAGED, LookupError, AttributeError) as error:
            raise ValueError(
                f"path must be a file that {cls.__name__}.save has written, but {path} is not: "
                f"{error}."
            ) from error
        raise ValueError(
            f"path must hold a {cls.__name__}, but {path} holds a {kind}. Hint: {kind}.load."
        )

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={_short(v)}" for name, v in self._fields(shown=True).items())
        lines = textwrap.wrap(
            f"{type(self).__name__}({inner})",
            _WIDTH,
            subsequent_indent="    ",
            max_lines=_LINES,
            placeholder=" …)",
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _fields(self, *, shown: bool) -> dict[str, Any]:
        own = fields(self)  # type: ignore[arg-type]
        return {field.name: getattr(self, field.name) for field in own if field.repr or not shown}


def _short(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, Tensor):
        return f"tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return _short_array(value)
    if isinstance(value, bool | np.bool_ | str):
        return repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | np.number):
        return as_text(float(value))
    if isinstance(value, Result):
        return f"{type(value).__name__}(…)"
    if isinstance(value, Mapping):
        if len(value) > _FEW:
            return f"{len(value)} entries"
        return "{" + ", ".join(f"{name!r}: {_short(v)}" for name, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        if len(value) > _FEW:
            return f"{len(value)} entries"
        return "(" + ", ".join(map(_short, value)) + ")"
    return repr(value)


def _short_array(array: np.ndarray) -> str:
    if array.ndim == 1 and array.size <= _FEW:
        return "[" + ", ".join(map(_short, array.tolist())) + "]"
    count = str(array.size) if array.ndim == 1 else " x ".join(map(str, array.shape))
    if array.dtype == bool:
        return f"{array.sum()} of {count} true"
    known = array[np.isfinite(array)]
    if not known.size:
        return f"{count} numbers, none finite"
    words = f"{count} numbers from {as_text(known.min())} to {as_text(known.max())}"
    lost = array.size - known.size
    return f"{words}, {lost} not finite" if lost else words
