"""Files that are no families are refused, with the file, the line and the rule."""

import subprocess
import sys

import pytest
import yaml

from lossedu.practice.families import (
    FamilyError,
    bank_folder,
    family_of,
    read_family,
    schema_faults,
)
from lossedu.practice.families.yaml_text import parsed

WHOLE = """\
id: one
title: One
skills: [design]
level: 3
kind: number
seconds: 60
chapter: start/roadmap
topics: [one]
prompt: How much?
answer: {value: "1/2", digits: 2}
proof: answer + answer == 1
hints: [first, second, third]
explanation: Half.
"""


def file_with(tmp_path, text, name="one.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="there is one reader of YAML here")
def test_every_family_reads_the_same_where_yaml_has_no_compiled_reader():
    for path in sorted(bank_folder().glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        assert yaml.load(text, yaml.SafeLoader) == yaml.load(text, yaml.CSafeLoader), path


def test_a_whole_file_is_a_family_without_faults(tmp_path):
    path = file_with(tmp_path, WHOLE)

    assert read_family(path).answer["value"] == "1/2"
    assert schema_faults(path) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: 3", "level: 3\nlevel: 4", "one.yaml, line 5: a key must stand once"),
        ("title: One", "title: [", "one.yaml, line 4: must be YAML"),
        ("id: one", "id: two", "one.yaml: id must be the file's name"),
        ("prompt: How much?\n", "", "one.yaml: must have the key 'prompt'"),
        ("prompt:", "promt:", "did you mean 'prompt'"),
        (WHOLE, "- one", "one.yaml: must hold keys and values"),
        ("title: One", "title: !!python/object:os.system x", "one.yaml, line 2: must be YAML"),
    ],
)
def test_a_file_that_is_no_family_is_refused(tmp_path, old, new, said):
    with pytest.raises(FamilyError) as caught:
        read_family(file_with(tmp_path, WHOLE.replace(old, new)))

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("level: 3", "level: 6", "one.yaml, line 4: level must be 5 at most, but is 6."),
        ("[design]", "[desing]", "one.yaml, line 3: skills.0 must be one of"),
        ("digits: 2", "digit: 2", "one.yaml, line 10: answer must keep the schema"),
        (
            "proof: answer + answer == 1\n",
            "",
            "one.yaml, line 1: the family must have the key 'proof'",
        ),
        ("proof: answer + answer == 1", "proof: {least: x}", "line 11: proof must keep the schema"),
        (
            "kind: number",
            "kind: spoken",
            "line 1: the family must have no key 'proof', but has it.",
        ),
        ("[first, second, third]", "[first]", "line 12: hints must have 3 items or more"),
        ("seconds: 60", "seconds: soon", "line 6: seconds must be of type integer"),
    ],
)
def test_a_departure_from_the_schema_is_said_with_its_line(tmp_path, old, new, said):
    faults = schema_faults(file_with(tmp_path, WHOLE.replace(old, new)))

    assert any(said in fault for fault in faults)


def test_words_and_numbers_are_what_they_look_like():
    assert parsed("{no: yes, on: 1e-3, at: 12:30, x: 1.5, t: true, n: -3, z: null}") == {
        "no": "yes",
        "on": 0.001,
        "at": "12:30",
        "x": 1.5,
        "t": True,
        "n": -3,
        "z": None,
    }


def test_a_list_in_a_document_cannot_be_changed_in_the_family():
    document = parsed(WHOLE)

    asked = family_of(document, "one.yaml")

    assert asked.skills == ("design",)


def test_a_session_that_reads_the_bank_loads_nothing_heavy():
    program = (
        "import sys; from lossedu.practice.families import families, draw; "
        "every = list(families().values()); draw(families()['squared-error-one-outlier'], 0); "
        "print(len(every), *{name.partition('.')[0] for name in sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    count, *loaded = done.stdout.split()
    assert int(count) > 200
    assert not {"torch", "sympy", "matplotlib", "jsonschema", "numpy"} & set(loaded)
