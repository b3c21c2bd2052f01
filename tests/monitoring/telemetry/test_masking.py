"""No e-mail address, telephone number, card number or listed field is left in an example."""

import json
import re

import pytest

from lossedu.monitoring.telemetry.masking import masked, masked_text

KEY = b"0123456789abcdef"
EMAILS = [
    f"{user}@{host}"
    for user in ("jo", "jo.doe", "jo+shop", "j_d-1", "élise.dûr")
    for host in ("example.org", "mail.example.co.uk", "ex-ample.io", "example.museum")
]
PHONES = [
    "+49 30 901820",
    "+49 (30) 901820-17",
    "+1 415 555 0132",
    "+1-415-555-0132",
    "(415) 555-0132",
    "415-555-0132",
    "030 901820",
    "030/901820",
    "0049 30 901820",
    "+44 20 7946 0958",
    "+33 1 99 00 12 34",
    "020 7946 0958",
    "+4930901820",
    "+14155550132",
    "0151 23456789",
    "+86 10 5555 0123",
    "+7 495 555-01-23",
    "01 99 00 12 34",
    "(0)30 90182017",
    "+91 98765 43210",
]
CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5555555555554444",
    "5555 5555 5555 4444",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
]
KEPT = [
    "loss 0.6931471805599453 at step 120000",
    "2026-03-01T12:00:00",
    "2026-03-01 12:00",
    "version 1.2.3",
    "order 12345678",
    "4111111111111112",
    "price 1299.95",
    "take 3 of 10",
    "prediction 0012 of batch 7",
    "sha 9f86d081884c7d65",
]
AROUND = ["{}", "ask {} today", "({})", "a={};b=2", "x: {}."]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    ("texts", "sign"), [(EMAILS, "[email]"), (PHONES, "[phone]"), (CARDS, "[card]")]
)
def test_personal_data_in_a_text_is_masked(texts, sign, around):
    for text in texts:
        clean = masked_text(around.format(text))

        assert sign in clean, text
        assert not re.search(r"\d{3}|@", clean), (text, clean)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_personal_data_is_kept(text):
    assert masked_text(text) == text


def rows():
    """Two hundred records, each with something that must not be logged."""
    secrets = [*EMAILS, *PHONES, *CARDS]
    for number in range(200):
        secret = secrets[number % len(secrets)]
        yield (
            secret,
            {
                "id": number,
                "score": number / 200,
                "Full-Name": f"Person {number}",
                "notes": [f"call {secret}", {"deep": {"text": f"or {secret}!"}}],
                "customer": {"E-Mail": secret, "address": {"street": "Long Lane 5"}},
                "user": f"user-{number}",
            },
        )


def test_two_hundred_records_are_clean():
    for secret, record in rows():
        clean = json.dumps(masked(record, hashed=["user"], key=KEY), ensure_ascii=False)

        for text in (secret, "Person", "Long Lane", f"user-{record['id']}"):
            assert text not in clean, clean
        assert json.loads(clean)["score"] == record["score"]


def test_the_record_itself_is_not_changed():
    _, record = next(rows())
    before = json.dumps(record)

    masked(record, hashed=["user"], key=KEY)

    assert json.dumps(record) == before


def test_an_identifier_has_one_digest_a_key():
    one, again, other = (
        masked({"user": user}, hashed=["user"], key=key)["user"]
        for user, key in [("a", KEY), ("a", KEY), ("b", KEY)]
    )
    with_another = masked({"user": "a"}, hashed=["user"], key=KEY[::-1])["user"]

    assert one == again
    assert len({one, other, with_another}) == 3
    assert re.fullmatch("[0-9a-f]{16}", one)


@pytest.mark.parametrize("key", [b"", b"short"])
def test_identifiers_are_not_hashed_without_a_secret(key):
    with pytest.raises(ValueError, match="key must be at least 16 bytes"):
        masked({"user": "a"}, hashed=["user"], key=key)


def test_nothing_is_masked_where_nothing_is():
    assert masked({"email": None, "n": 3, "ok": True}) == {"email": None, "n": 3, "ok": True}
