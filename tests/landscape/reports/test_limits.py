"""A file of limits says which figures are limited and how, or is refused."""

import pytest

from lossedu.landscape.reports.gate import Limit, read_limits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "must be a mapping"),
        ("loss: many", "'loss' has 'many'"),
        ("loss: {highest: 3}", "highest"),
        ("loss: [", "must be a YAML or JSON file"),
        ("loss: true", "has True"),
        ("loss: 1\n\ndrift: [", "line 3: expected the node content"),
        ("loss: .nan", "'loss'"),
        ("trace: 1\nloss: {least: 2, most: 1}", "least is 2 and most 1.*'loss'"),
        ("loss: [1]", r"has \[1\]"),
    ],
)
def test_a_file_of_limits_that_says_nothing_is_refused(tmp_path, text, said):
    (tmp_path / "limits.yaml").write_text(text)

    with pytest.raises(ValueError, match=said) as caught:
        read_limits(tmp_path / "limits.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_limits_that_cannot_be_read_are_said_to_be(tmp_path, name):
    with pytest.raises(ValueError, match="must be a text file that can be read"):
        read_limits(tmp_path / name)


@pytest.mark.parametrize(
    "text", ['{"loss": 1e-3,\n\t"trace": {"most": 2E+2}}', "loss: 1e-3\ntrace: {most: 2E+2}"]
)
def test_numbers_with_exponents_are_numbers(tmp_path, text):
    (tmp_path / "limits").write_text(text)

    assert read_limits(tmp_path / "limits") == {"loss": Limit(0.001), "trace": Limit(200.0)}


def test_a_limit_that_nothing_can_keep_is_refused():
    for ends in ({"least": 2.0, "most": 1.0}, {"most": float("nan")}):
        with pytest.raises(ValueError, match="least must not be above most"):
            Limit(**ends)


def test_yaml_and_json_say_the_same(tmp_path):
    (tmp_path / "a.yaml").write_text("loss: 3\naccuracy: {least: 0.5}\n")
    (tmp_path / "a.json").write_text('{"loss": 3, "accuracy": {"least": 0.5}}')

    limits = read_limits(tmp_path / "a.yaml")

    assert limits == read_limits(tmp_path / "a.json")
    assert limits == {"loss": Limit(most=3.0), "accuracy": Limit(least=0.5)}
