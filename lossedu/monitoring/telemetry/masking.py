"""Personal data out of examples, before they are written to a log.

What is masked: fields whose name says that they are personal, and in every text e-mail addresses,
telephone numbers and numbers of payment cards.  A pattern cannot find names or addresses in free
text: fields that hold these must be listed.  Identifiers can be kept apart without being kept: a
keyed hash is the same for the same value, and says nothing without the key.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from typing import Any

EMAIL, PHONE, CARD, FIELD = "[email]", "[phone]", "[card]", "[masked]"

_NAMES = ("name", "first_name", "last_name", "full_name", "surname")
_CONTACTS = ("email", "e_mail", "mail", "phone", "telephone", "mobile", "address", "street")
_PAPERS = ("birthday", "birth_date", "date_of_birth", "ssn", "passport", "iban", "ip", "ip_address")
PERSONAL = frozenset({*_NAMES, *_CONTACTS, *_PAPERS})
"""Names of fields that are masked whatever they hold."""

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ().\-/]{0,2}\d){6,18}(?![\w])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2})?")


def masked(
    record: Mapping[str, Any],
    *,
    fields: Collection[str] = PERSONAL,
    hashed: Collection[str] = (),
    key: bytes = b"",
) -> dict[str, Any]:
    """A record that may be logged.

    Args:
        record: Its values may be mappings and lists in turn.
        fields: Names whose values are replaced, in any case and with hyphens or underscores.
        hashed: Names of identifiers, which become 16 hexadecimal digits of a keyed hash.
        key: A secret of at least 16 bytes; needed if there are identifiers.

    Raises:
        ValueError: If identifiers are to be hashed without a key: their values could be guessed.
    """
    if hashed and len(key) < 16:
        raise ValueError(
            f"key must be at least 16 bytes where identifiers are hashed, but has {len(key)}. "
            "Hint: secrets.token_bytes(32), kept with the service's secrets."
        )
    hidden, digested = {_plain(name) for name in fields}, {_plain(name) for name in hashed}

    def clean(name: str, value: Any) -> Any:
        if _plain(name) in digested and value is not None:
            return _digest(str(value), key)
        if _plain(name) in hidden and value is not None:
            return FIELD
        if isinstance(value, Mapping):
            return {inner: clean(str(inner), one) for inner, one in value.items()}
        if isinstance(value, list | tuple):
            return [clean(name, one) for one in value]
        return masked_text(value) if isinstance(value, str) else value

    return {name: clean(name, value) for name, value in record.items()}


def masked_text(text: str) -> str:
    """A text without e-mail addresses, telephone numbers and card numbers.

    Example:
        >>> masked_text("Ring +49 (30) 901820 or write to jo.doe@example.org, order 12345")
        'Ring [phone] or write to [email], order 12345'
    """
    return _DIGITS.sub(_number, _EMAIL.sub(EMAIL, text))


def _number(match: "re.Match[str]") -> str:
    text = match[0]
    digits = re.sub(r"\D", "", text)
    if _DATE.fullmatch(text.strip()):
        return text
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return CARD
    looks = text.startswith(("+", "(", "0")) or re.search(r"\d[ ()\-/]+\d", text)
    return PHONE if looks and 7 <= len(digits) <= 15 else text


def _luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others, as on every payment card."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _digest(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]
