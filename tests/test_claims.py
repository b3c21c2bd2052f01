"""A claim's row needs a source, a computation that supports its verdict, and a way to fail."""

import json
import re
from html import unescape

import pytest

from lossedu.claims import GUIDES, ClaimError, claim


def stated(slug="a-b", says="x", **changes):
    """A row in order, but for what a test changes."""
    settings = {
        "source": "interview guide",
        "verdict": "wrong",
        "measured": 3,
        "shown": lambda count: count > 2,
        "otherwise": 1,
        "because": "3 of 3",
    }
    return claim(slug, says, **{**settings, **changes})


def test_a_supported_verdict_gives_a_row_that_carries_its_own_data():
    row = stated(says='It "always" < works.', source=("focal guide", "lin2017"), because="1 < 2.")

    page = row._repr_html_()
    data = json.loads(unescape(re.search(r'data-claim="([^"]*)"', page).group(1)))

    assert data == {
        "slug": "a-b",
        "says": 'It "always" < works.',
        "source": ["focal guide", "lin2017"],
        "verdict": "wrong",
        "because": "1 < 2.",
        "formerly": None,
    }
    assert 'id="claim-a-b"' in page
    assert "< works" not in page


def test_a_card_names_a_guide_and_marks_a_key_for_the_book_to_link():
    page = stated(source=("focal guide", "lin2017"))._repr_html_()

    assert '(focal guide, <cite data-key="lin2017">lin2017</cite>)' in page


def test_a_verdict_that_has_changed_keeps_the_earlier_one():
    changed = stated(verdict="depends", formerly="wrong")._repr_html_()

    assert '<span class="claim-verdict">depends</span> (at first: wrong) 3 of 3' in changed
    assert "at first" not in stated()._repr_html_()


@pytest.mark.parametrize(
    ("earlier", "rule"), [("wrong", "another verdict than 'wrong'"), ("true", "one of 'right'")]
)
def test_an_earlier_verdict_is_another_one_of_the_five(earlier, rule):
    with pytest.raises(ValueError, match=f"^formerly must be {rule}"):
        stated(formerly=earlier)


def test_an_unsupported_verdict_stops():
    with pytest.raises(
        ClaimError, match="claim 'a-b' must be wrong by its computation, but is not: 3 of 3"
    ):
        stated(measured=2)


@pytest.mark.parametrize("check", [lambda count: True, lambda count: count > 0])
def test_a_check_that_would_accept_the_opposite_stops(check):
    with pytest.raises(ClaimError, match=r"claim 'a-b' must be able to fail, but .* accepts 1"):
        stated(shown=check)


def test_a_tautology_stops_because_it_cannot_tell_a_surrogate_that_decides_from_one_that_does_not():
    probabilities = [0.2, 0.7]

    def decides(best_score):  # looks at the probability alone
        return all((2 * q - 1 > 0) == (q > 0.5) for q in probabilities)

    with pytest.raises(ClaimError, match="must be able to fail"):
        stated(measured=lambda q: 2 * q - 1, shown=decides, otherwise=lambda q: 0.0)


@pytest.mark.parametrize("source", ["", "somebody", "Lin 2017", (), ("focal guide", "a book")])
def test_a_claim_without_a_source_that_can_be_looked_up_is_refused(source):
    with pytest.raises(ValueError, match="source must be a key of the bibliography or one of"):
        stated(source=source)


def test_every_guide_is_a_source():
    assert [stated(source=guide).source for guide in GUIDES] == [(guide,) for guide in GUIDES]


@pytest.mark.parametrize("slug", ["", "Big", "two words", "-a", "a--b"])
def test_a_malformed_slug_is_refused(slug):
    with pytest.raises(ValueError, match="slug must be lower-case words joined by hyphens"):
        stated(slug)


def test_an_unknown_verdict_is_refused():
    with pytest.raises(ValueError, match="verdict must be one of"):
        stated(verdict="maybe")


def test_an_empty_text_is_refused():
    with pytest.raises(ValueError, match="must not be empty"):
        stated(because=" ")
