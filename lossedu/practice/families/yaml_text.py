"""YAML as families are written in it: text, numbers, ``true`` and ``false``, lists and mappings.

Plain YAML 1.1 reads ``no`` as false, ``1e-3`` as text and ``12:30`` as 750, and lets the second of
two equal keys win.  Here ``no`` is a word, ``1e-3`` a number, and an equal key is a fault.
"""

import re
from typing import Any

import yaml

from lossedu.practice.families.faults import FamilyError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, if it is there
_MEANINGS = {
    "bool": (r"true|false", "tf"),
    "null": (r"null|", "n"),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "merge": (r"<<", "<"),
}
_EXPONENT = r"|[-+]?[0-9]+[eE][-+]?[0-9]+"


class _Loader(_Base):  # type: ignore[misc]
    """Safe, of one meaning, and strict about keys."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012  PyYAML's own way

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys: set[Any] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if key in keys:
                line = key_node.start_mark.line + 1
                raise FamilyError(f"line {line}: a key must stand once, but {key!r} stands twice.")
            keys.add(key)
        return super().construct_mapping(node, deep=deep)


def _float(loader: Any, node: Any) -> float:
    return float(loader.construct_scalar(node))


def _int(loader: Any, node: Any) -> int:
    return int(loader.construct_scalar(node))


for _name, (_pattern, _first) in _MEANINGS.items():
    _whole = _pattern + (_EXPONENT if _name == "float" else "")
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}",
        re.compile(rf"^(?:{_whole})$"),
        [*_first, *([""] if _name == "null" else [])],
    )
_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:int", _int)


def parsed(text: str) -> Any:
    """The value of a YAML document.

    Raises:
        FamilyError: If it is no YAML, or a key stands twice; the text begins with the line.

    Example:
        >>> parsed("no: 1e-3")
        {'no': 0.001}
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        hint = (
            " Hint: put text with ': ' in it into quotes." if "mapping values" in f"{error}" else ""
        )
        raise FamilyError(f"line {line}: must be YAML, but {error.problem}.{hint}") from error
    except yaml.YAMLError as error:
        raise FamilyError(f"line 1: must be YAML, but {error}.") from error


def line_of(text: str, path: list[str | int]) -> int:
    """The line on which the part of a document stands that a path of keys and numbers leads to."""
    node = yaml.compose(text, Loader=_Loader)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            following = [value for key, value in node.value if key.value == str(step)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            following = node.value[step : step + 1]
        else:
            following = []
        if not following:
            break
        node = following[0]
    return int(node.start_mark.line) + 1
