"""What a chapter leads to, by what is written in it."""

from pathlib import Path

import pytest
import yaml
from chapters.closure import Packages
from chapters.names import Use, cell_tree, uses

ROOT = Path(__file__).parent.parent.parent.parent
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]


@pytest.fixture(scope="module")
def packages() -> Packages:
    """The course's own packages, with the lookups of the book's configuration."""
    return Packages(CONFIG["chapter_packages"], CONFIG["chapter_lookups"])


def losses(packages: Packages, *cells: str) -> set[str]:
    """The public modules of losses that cells lead to."""
    found = packages.closure(uses(*map(cell_tree, cells)))
    names = {name.removeprefix("lossedu.losses.") for name in found if "lossedu.losses." in name}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(
    ("cells", "modules"),
    [
        (["from lossedu.losses import sigmoid_focal_loss"], {"focal"}),
        (["from lossedu.losses import mse_loss as f\nf(1, 2)"], {"mse"}),
        (["import lossedu.losses as losses\nlosses.huber_loss(1, 2)"], {"huber"}),
        (["import lossedu.losses\nlossedu.losses.huber_loss(1, 2)"], {"huber"}),
        (["from lossedu import losses", "losses.l1_loss(1, 2)"], {"l1"}),
        (["from lossedu.losses.mse import SPEC"], {"mse"}),
        (["from lossedu.losses import cross_entropy"], {"cross_entropy"}),
        (["from lossedu import catalog\ncatalog.spec('mse_loss')"], {"mse"}),
        (["from lossedu.catalog import spec\nspec(name='mse_loss')"], {"mse"}),
        (
            ["from lossedu import catalog\ncatalog.spec('multiclass_hinge_loss(kind=\"x\")')"],
            {"multiclass_hinge"},
        ),
        (["%matplotlib inline\nfrom lossedu.losses import mse_loss"], {"mse"}),
        (["def f(:", "from lossedu.losses import mse_loss"], {"mse"}),
        (["import torch"], set()),
    ],
)
def test_a_chapter_leads_to_the_losses_that_it_names_and_to_no_other(packages, cells, modules):
    assert losses(packages, *cells) == modules


@pytest.mark.parametrize(
    "cell",
    [
        "from lossedu import catalog\ncatalog.specs()",
        "from lossedu import catalog\n[catalog.spec(name) for name in names]",
        "from lossedu import catalog\nfind = catalog.spec",
        "from lossedu.losses import *",
        "from lossedu import losses\nvars(losses)",
    ],
)
def test_a_chapter_that_may_use_any_loss_leads_to_all(packages, cell):
    every = {path.stem for path in (ROOT / "lossedu" / "losses").glob("[a-z]*.py")}

    assert losses(packages, cell) == every


def test_what_only_type_checkers_read_is_not_loaded():
    tree = cell_tree("if TYPE_CHECKING:\n    import heavy\nelse:\n    import light")

    assert uses(tree) == {Use("light")}


def test_a_module_leads_on_to_what_it_imports_and_to_the_packages_around_it(packages):
    found = packages.closure(uses(cell_tree("from lossedu.training import rare_events")))

    assert {
        "lossedu",
        "lossedu.training",
        "lossedu.training.data",
        "lossedu.training.data.imbalance",
        "lossedu.training.data.draws",
    } <= found
    assert "lossedu.training.fit" not in found


def test_the_other_packages_that_a_chapter_needs_are_known(packages):
    found = packages.closure(uses(cell_tree("from lossedu.losses import mse_loss")))

    assert packages.externals(found) == {"torch"}


@pytest.mark.parametrize("page", ["start/cover", "classification/focal", "reference/loss-atlas"])
def test_what_the_books_own_pages_lead_to_is_sharp(packages, page):
    """Only the atlas shows all losses."""
    import jupytext

    notebook = jupytext.read(ROOT / "book" / f"{page}.md", fmt="md:myst")
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]

    assert ("svm" in losses(packages, *cells)) == (page == "reference/loss-atlas")
