"""Scripts of families are drawn where something has changed, and only from families that hold."""

from pathlib import Path

import pytest
import yaml

from lossedu.practice.families import FamilyError, read_family

FAMILIES = Path(__file__).parent / "families"
EXTENSIONS = Path(__file__).parents[3] / "book" / "_ext"


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Scripts in a folder, of families of this folder and of those beside them."""
    monkeypatch.syspath_prepend(EXTENSIONS)
    from chapters.closure import Packages
    from practice import drawn

    def family(name):
        here = tmp_path / f"{name}.yaml"
        return read_family(here if here.exists() else FAMILIES / f"{name}.yaml")

    monkeypatch.setattr(drawn, "family", family)
    return drawn.Drawn(tmp_path / "scripts", Packages(["lossedu"], {}))


def write_code(folder, **changes):
    family = yaml.safe_load((FAMILIES / "a-code.yaml").read_text(encoding="utf-8"))
    family["id"] = "some-code"
    family["answer"] |= changes
    (folder / "some-code.yaml").write_text(yaml.safe_dump(family), encoding="utf-8")


def test_what_has_not_changed_is_not_drawn_again(drawn, tmp_path):
    write_code(tmp_path)

    assert drawn.bring_up_to_date(["some-code", "a-number"]) == ["some-code", "a-number"]
    assert drawn.bring_up_to_date(["some-code", "a-number"]) == []
    write_code(tmp_path, check="assert softplus(2000) == 2000")
    assert drawn.bring_up_to_date(["some-code", "a-number"]) == ["some-code"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"check": "assert softplus"}, "some-code: the check must refuse the task"),
        ({"solution": "def softplus(z):\n    return 0"}, "some-code: the solution must pass"),
    ],
)
def test_a_code_drill_that_does_not_hold_stops_the_build(drawn, tmp_path, changes, says):
    write_code(tmp_path, **changes)

    with pytest.raises(FamilyError, match=says):
        drawn.bring_up_to_date(["some-code"])

    assert not drawn.path("some-code").exists()
