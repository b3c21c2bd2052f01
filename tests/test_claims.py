"""A claim's row needs a computation that supports its verdict."""

import json
import re
from html import unescape

import pytest

from lossedu.claims import ClaimError, claim


def test_a_supported_verdict_gives_a_row_that_carries_its_own_data():
    row = claim("a-b", 'It "always" < works.', verdict="wrong", shown=True, because="1 < 2.")

    page = row._repr_html_()
    data = json.loads(unescape(re.search(r'data-claim="([^"]*)"', page).group(1)))

    assert data == {
        "slug": "a-b",
        "says": 'It "always" < works.',
        "verdict": "wrong",
        "because": "1 < 2.",
    }
    assert 'id="claim-a-b"' in page
    assert "< works" not in page


def test_an_unsupported_verdict_stops():
    with pytest.raises(
        ClaimError, match="claim 'a' must be wrong by its computation, but is not: 3 of 3"
    ):
        claim("a", "x", verdict="wrong", shown=False, because="3 of 3")


@pytest.mark.parametrize("slug", ["", "Big", "two words", "-a", "a--b"])
def test_a_malformed_slug_is_refused(slug):
    with pytest.raises(ValueError, match="slug must be lower-case words joined by hyphens"):
        claim(slug, "x", verdict="right", shown=True, because="y")


def test_an_unknown_verdict_is_refused():
    with pytest.raises(ValueError, match="verdict must be one of"):
        claim("a", "x", verdict="maybe", shown=True, because="y")


def test_an_empty_text_is_refused():
    with pytest.raises(ValueError, match="must not be empty"):
        claim("a", "x", verdict="right", shown=True, because=" ")
