"""Packages load a module when one of its names is used, and hide none of their names."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import jedi
import pytest
import torch

import lossedu.losses
from lossedu._lazy import home_of, homes
from tests import fresh

ROOT = Path(__file__).parent.parent
LAZY = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in (ROOT / "lossedu").rglob("__init__.py")
    if "load_on_use(__name__)" in path.read_text()
)
HOMES = {
    package: homes((ROOT / Path(*package.split(".")) / "__init__.py").read_text())
    for package in LAZY
}
NAMESAKES = [
    (package, name)
    for package, found in HOMES.items()
    for name, home in found.items()
    if home.rpartition(".")[2] == name
]


def printed_by(program: str) -> list[str]:
    """The words that a fresh interpreter prints."""
    done = fresh.run(program)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LOADED = "; import sys; print(*(m for m in sys.modules if m.startswith('lossedu.losses.')))"


def losses_loaded_by(statement: str) -> set[str]:
    """The public modules of losses that a fresh interpreter holds after a statement."""
    modules = {name.split(".")[2] for name in printed_by(statement + LOADED)}
    return {name for name in modules if not name.startswith("_")}


def test_importing_one_loss_loads_one_loss():
    assert losses_loaded_by("import lossedu.losses") == set()
    assert losses_loaded_by("from lossedu.losses import sigmoid_focal_loss") == {"focal"}


def test_the_catalog_loads_the_loss_that_it_is_asked_for_and_no_other():
    assert losses_loaded_by("from lossedu import catalog; catalog.spec('mse_loss')") == {"mse"}


def test_what_a_training_run_knows_of_its_loss_loads_no_other_loss():
    asked = "from lossedu.losses import mse_loss; from lossedu.catalog import spec_of"

    assert losses_loaded_by(f"{asked}; assert spec_of(mse_loss)") == {"mse"}
    assert losses_loaded_by(f"{asked}; mse_loss = lambda: 0; assert not spec_of(mse_loss)") == {
        "mse"
    }


@pytest.mark.parametrize("package", LAZY)
def test_a_package_offers_exactly_the_names_that_it_imports_for_type_checkers(package: str):
    module = import_module(package)

    assert sorted(module.__all__) == sorted(HOMES[package])
    assert set(module.__all__) <= set(dir(module))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", LAZY)
def test_an_editor_completes_the_names_without_running_anything(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jedi.settings, "cache_directory", str(tmp_path))
    script = jedi.Script(f"from {package} import ", project=jedi.Project(ROOT))

    assert set(HOMES[package]) <= {completion.name for completion in script.complete()}


@pytest.mark.parametrize("package", sorted({package for package, _ in NAMESAKES}))
def test_a_function_that_shares_its_modules_name_is_what_the_package_offers(package: str):
    shared = [name for owner, name in NAMESAKES if owner == package]
    modules_first = "".join(f"import {HOMES[package][name]}\n" for name in shared)
    names = f"from {package} import {', '.join(shared)}\n"
    kinds = f"print(*(type(value).__name__ for value in [{', '.join(shared)}]))"

    assert "module" not in printed_by(modules_first + names + kinds)
    assert not any(isinstance(getattr(import_module(package), n), ModuleType) for n in shared)


def test_a_name_that_a_package_lacks_is_refused_as_python_refuses_it():
    with pytest.raises(AttributeError, match="has no attribute 'focal_los'"):
        lossedu.losses.focal_los  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'focal_los'"):
        exec("from lossedu.losses import focal_los")


def test_the_module_of_each_name_is_known_before_it_is_loaded():
    assert home_of(lossedu.losses, "softmax_focal_loss") == "lossedu.losses.focal"
    assert home_of(lossedu.losses, "focal") is None


def test_a_loss_reached_through_the_package_compiles():
    @torch.compile(fullgraph=True, backend="eager")
    def step(predictions: torch.Tensor) -> torch.Tensor:
        return lossedu.losses.huber_loss(predictions, torch.zeros(2))

    assert step(torch.tensor([0.5, 3.0])) == pytest.approx((0.125 + 2.5) / 2)
