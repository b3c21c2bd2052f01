"""The line that installs more works as it is typed, wherever the package came from."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from lossedu import installing
from lossedu.installing import install_line


class _Distribution:
    def __init__(self, text: str | None) -> None:
        self._text = text

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._text


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Let the package be installed, away from any sources, as an installer has written it down."""
    site = tmp_path / "site-packages" / "lossedu"
    monkeypatch.setattr(installing, "__file__", str(site / "installing.py"))
    monkeypatch.setattr(installing, "_installer", lambda: ["pip", "install"])

    def come_from(origin: dict | None) -> None:
        text = None if origin is None else json.dumps(origin)
        monkeypatch.setattr(installing, "distribution", lambda name: _Distribution(text))

    return come_from


def sources(folder: Path) -> Path:
    """A folder that the package can be installed from."""
    (folder / "lossedu").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    return folder


def test_from_an_index_the_name_is_enough(installed):
    installed(None)

    assert shlex.split(install_line("train")) == ["pip", "install", "lossedu[train]"]


def test_in_a_clone_the_line_is_short_and_elsewhere_it_names_the_folder(
    installed, monkeypatch, tmp_path
):
    clone = sources(tmp_path / "my clone")
    monkeypatch.setattr(installing, "__file__", str(clone / "lossedu" / "installing.py"))

    monkeypatch.chdir(clone)
    assert install_line("train") == "pip install -e '.[train]'"
    monkeypatch.chdir(clone / "lossedu")
    assert install_line("train") == f"pip install -e '{clone}[train]'"


def test_a_copy_of_a_clone_is_installed_again_from_there_while_it_is_there(
    installed, monkeypatch, tmp_path
):
    folder = sources(tmp_path / "my clone")
    installed({"dir_info": {}, "url": folder.as_uri()})

    monkeypatch.chdir(folder)
    assert install_line("grade") == "pip install '.[grade]'"
    (folder / "pyproject.toml").unlink()
    assert install_line("grade") == "pip install 'lossedu[grade]'"


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (
            {"url": "https://example.org/lossedu.git", "vcs_info": {"vcs": "git"}},
            "lossedu[cli] @ git+https://example.org/lossedu.git",
        ),
        (
            {"url": "file:///a/lossedu-1-py3-none-any.whl", "archive_info": {}},
            "lossedu[cli] @ file:///a/lossedu-1-py3-none-any.whl",
        ),
    ],
)
def test_from_an_address_the_address_is_named(installed, origin, requirement):
    installed(origin)

    assert shlex.split(install_line("cli")) == ["pip", "install", requirement]


def test_a_package_that_no_installer_knows_is_named_as_on_an_index(installed, monkeypatch):
    def unknown(name: str) -> None:
        raise installing.PackageNotFoundError(name)

    monkeypatch.setattr(installing, "distribution", unknown)

    assert shlex.split(install_line("cli"))[-1] == "lossedu[cli]"


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment whose programs are in ``.venv/bin`` of the current folder."""
    programs = tmp_path / ".venv" / "bin"
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setattr(installing, "_requirement", lambda extra: [f"lossedu[{extra}]"])
    monkeypatch.setattr(installing, "_has_pip", lambda: True)
    monkeypatch.chdir(tmp_path)

    def found(**places: Path) -> None:
        monkeypatch.setattr(
            installing.shutil, "which", lambda name: str(places[name]) if name in places else None
        )

    found()
    return found


def test_in_an_active_environment_it_is_pip(environment, tmp_path):
    environment(pip=tmp_path / ".venv" / "bin" / "pip")

    assert install_line("cli") == "pip install 'lossedu[cli]'"


def test_a_pip_of_another_environment_is_not_used(environment, tmp_path):
    environment(pip=tmp_path / "usr" / "bin" / "pip")

    assert install_line("cli") == ".venv/bin/python -m pip install 'lossedu[cli]'"


def test_where_there_is_no_pip_it_is_uv(environment, monkeypatch, tmp_path):
    monkeypatch.setattr(installing, "_has_pip", lambda: False)
    environment(uv=tmp_path / "uv")

    assert install_line("cli") == "uv pip install --python .venv/bin/python 'lossedu[cli]'"


def test_windows_knows_no_single_quotes(environment, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(installing, "_requirement", lambda extra: ["-e", f"my clone[{extra}]"])
    environment(pip=tmp_path / ".venv" / "bin" / "pip")

    assert install_line("cli") == 'pip install -e "my clone[cli]"'
