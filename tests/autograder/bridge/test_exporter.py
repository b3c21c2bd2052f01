"""Before nbgrader copies a submission, no link of it leads elsewhere."""

import pytest

from autograder.bridge.exporter import drop_links


@pytest.mark.parametrize("level", ["eve/focal", "eve"])
def test_a_submission_that_is_a_link_is_removed_and_what_it_points_at_stays(tmp_path, level):
    answers = tmp_path / "solutions" / "focal"
    answers.mkdir(parents=True)
    (answers / "focal.ipynb").write_text("the answer")
    (answers / "own-link").symlink_to("focal.ipynb")
    link = tmp_path / "submitted" / level
    link.parent.mkdir(parents=True)
    link.symlink_to(answers if level.endswith("focal") else answers.parent)
    notebook = tmp_path / "submitted" / "eve" / "focal" / "focal.ipynb"
    assert notebook.read_text() == "the answer"

    drop_links(assignment="focal", student="eve", notebooks=[str(notebook)])

    assert not notebook.exists()
    assert sorted(path.name for path in answers.iterdir()) == ["focal.ipynb", "own-link"]
