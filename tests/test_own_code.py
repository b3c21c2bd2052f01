"""An error that came through the user's own module keeps its trace; a wrong argument does not."""

import importlib.util
import json

import pytest
import torch

from lossedu.losses import mse_loss
from lossedu.own_code import own_code_took_part, stated_by_us
from lossedu.whole_files import write_whole


@pytest.fixture
def own(tmp_path):
    """A module of the user's."""
    path = tmp_path / "own.py"
    path.write_text(
        "import torch\n"
        "from lossedu.losses import mse_loss\n"
        "def raises(*_): raise ValueError('mine')\n"
        "def calls(_): return mse_loss(torch.ones(2), torch.ones(3))\n"
        "class Model(torch.nn.Module):\n"
        "    forward = raises\n"
    )
    spec = importlib.util.spec_from_file_location("own", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def caught(call, *arguments):
    """What a call raises, with the trace of the call alone."""
    with pytest.raises((ValueError, RuntimeError, TypeError)) as raised:
        call(*arguments)
    error = raised.value
    return error.with_traceback(error.__traceback__.tb_next)


@pytest.mark.parametrize("how", ["raises", "calls", "in a model"])
def test_an_error_from_a_users_module_is_known_as_such(own, how):
    call = own.Model() if how == "in a model" else getattr(own, how)

    assert own_code_took_part(caught(call, torch.ones(1)))


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (mse_loss, (torch.ones(2), torch.ones(3))),
        (torch.ones(2).reshape, (torch.Size([3]),)),
        (json.loads, ("{",)),
        (int, ("word",)),
    ],
)
def test_an_error_of_a_library_is_not_the_users(call, arguments):
    assert not own_code_took_part(caught(call, *arguments))


@pytest.mark.parametrize(
    ("call", "arguments", "stated"),
    [
        (mse_loss, (torch.ones(2), torch.ones(3)), True),
        (torch.ones(2).reshape, (torch.Size([3]),), False),
        # Python's own complaint inside one of our functions: a fault that nobody foresaw.
        (write_whole, (3, ""), False),
        (json.loads, ("{",), False),
    ],
)
def test_only_what_a_raise_statement_of_ours_says_is_stated_by_us(call, arguments, stated):
    assert stated_by_us(caught(call, *arguments)) is stated
