"""The families that CONTRIBUTING shows, one of each kind, keep the schema and are sound."""

from pathlib import Path

import pytest
import yaml

from lossedu.practice.families import KINDS, family_of, schema_faults
from lossedu.practice.families.soundness import faults_of
from lossedu.practice.families.yaml_text import parsed
from tests.documents import blocks

TEXT = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
WHOLE, *PARTS = map(parsed, blocks(TEXT, "yaml"))
QUESTION = ("params", "let", "prompt", "answer", "proof", "misconceptions")
LAST_HINTS = {
    "choice": "It is the mean.",
    "order": "The costs; the base; its adjustment; how to validate.",
    "match": "Squared: the mean; absolute: the median.",
    "errata": "Line 2 is wrong.",
}
LEFT_OUT = ("title", *QUESTION, "hints", "explanation")


def completed(part):
    """What a block leaves out, from the whole example, but for what belongs to its question."""
    rest = {key: value for key, value in WHOLE.items() if key not in LEFT_OUT}
    words = dict.fromkeys(("title", "prompt", "explanation"), "As shown.")
    hints = ["first", "second", LAST_HINTS.get(part["kind"], "third")]
    return {**rest, **words, "hints": hints, **part}


@pytest.mark.parametrize("part", [WHOLE, *map(completed, PARTS)], ids=lambda part: part["kind"])
def test_an_example_keeps_the_schema_and_is_sound(part, tmp_path):
    path = tmp_path / f"{part['id']}.yaml"
    path.write_text(yaml.safe_dump(part, allow_unicode=True), encoding="utf-8")

    assert schema_faults(path) == []
    assert faults_of(family_of(part, path.name), seeds=12) == []


def test_every_kind_has_an_example():
    assert {part["kind"] for part in (WHOLE, *PARTS)} == set(KINDS)
