"""``lossedu drill check-bank`` says what a bank lacks; ``export anki`` makes a deck of it."""

import json

from lossedu.practice.families import family
from tests.practice.bank import BANK, made


def test_a_bank_is_checked_and_what_it_lacks_is_said(drill, monkeypatch):
    broken = BANK | {"broken": made("broken", "a-number", answer={"value": "1/0", "digits": 2})}
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: {})
    empty = drill("check-bank", "--seeds", "1", "--json")
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: broken)

    faulty = drill("check-bank", "--seeds", "1", "--json")

    assert empty.exit_code == 0
    assert json.loads(empty.output)["faults"] == []
    assert json.loads(empty.output)["gaps"] != []
    assert faulty.exit_code == 1
    assert any(fault.startswith("broken: ") for fault in json.loads(faulty.output)["faults"])


def test_of_a_bank_the_named_families_alone_are_checked(drill, monkeypatch):
    sound = family("squared-error-one-outlier")
    broken = made("broken", "a-number", answer={"value": "1/0", "digits": 2})
    bank = {sound.id: sound, "broken": broken}
    monkeypatch.setattr("lossedu.practice.families.self_test.families", lambda: bank)

    fine = drill("check-bank", "--seeds", "1", "squared-")
    faulty = drill("check-bank", "--seeds", "1", "--json", "squared-", "brok")
    unknown = drill("check-bank", "brokn")

    assert (fine.exit_code, fine.output) == (0, "")
    assert faulty.exit_code == 1
    assert {fault.partition(":")[0] for fault in json.loads(faulty.output)["faults"]} == {"broken"}
    assert json.loads(faulty.output)["gaps"] == []
    assert unknown.exit_code == 2
    assert "'brokn' is neither. Hint: did you mean 'broken'?" in " ".join(unknown.stderr.split())


def test_the_bank_is_exported_as_a_deck(drill, tmp_path):
    done = drill("export", "anki", "--out", tmp_path / "deck.apkg")

    assert done.output.startswith("12 cards in ")
    assert (tmp_path / "deck.apkg").is_file()
