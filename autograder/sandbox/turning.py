"""Negates what a function is called with: what learns from it learns the opposite.

That tells learning from a function apart from mentioning it, or calling it and forgetting what it
gives.
"""

import inspect
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import partial
from types import FunctionType
from typing import Any


@contextmanager
def turned(namespace: MutableMapping[str, Any], name: str) -> Iterator[None]:
    """Negate the first argument of a function of a namespace, for the block.

    Args:
        namespace: Of the notebook.
        name: Of the function; nothing is turned if it names none.
    """
    function = namespace.get(name)
    if not callable(function):
        yield
        return
    if type(function) is not FunctionType:
        namespace[name] = partial(_negated, function)
        try:
            yield
        finally:
            namespace[name] = function
        return
    code, defaults, named = function.__code__, function.__defaults__, function.__kwdefaults__
    own = FunctionType(code, function.__globals__, name, defaults, function.__closure__)
    own.__kwdefaults__ = named
    put_in_place(function, partial(_negated, own))
    try:
        yield
    finally:
        function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, named


def put_in_place(function: FunctionType, other: Callable[..., Any]) -> None:
    """Have every caller of a function call another one, by whatever name it refers to the first."""

    def stand_in(*args: Any, _other: Callable[..., Any], **kwargs: Any) -> Any:
        return _other(*args, **kwargs)

    # A function's code must have as many variables of outer functions as it had before.
    function.__code__ = stand_in.__code__.replace(co_freevars=function.__code__.co_freevars)
    function.__defaults__ = None
    function.__kwdefaults__ = {"_other": other}


def _negated(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    if args:
        return function(-args[0], *args[1:], **kwargs)
    first = None
    with suppress(TypeError, ValueError):
        first = next(iter(inspect.signature(function).parameters), None)
    if first in kwargs:
        kwargs = {**kwargs, first: -kwargs[first]}
    return function(**kwargs)
