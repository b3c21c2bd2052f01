"""The book's own extensions do what the build relies on."""

from types import SimpleNamespace


def test_the_ledger_and_pages_with_claims_are_written_again_when_what_they_show_has_changed(
    loaded_extension,
):
    refresh = loaded_extension("claims_ledger").check_and_refresh
    claims = {"part/page": [{"slug": "a", "says": "so", "verdict": "right", "source": []}]}
    work = SimpleNamespace(
        key="one",
        citation_id="id1",
        bibliography_key=SimpleNamespace(docname="reference/bibliography"),
        entry=SimpleNamespace(persons={"author": ["One"]}, fields={"year": "2001"}),
    )
    env = SimpleNamespace(
        lossedu_claims=claims,
        lossedu_ledger_pages={"reference/claims"},
        titles={"part/page": SimpleNamespace(astext=lambda: "Page")},
        toctree_includes={"index": ["part/page"]},
        config=SimpleNamespace(root_doc="index"),
        get_domain=lambda name: SimpleNamespace(citations=[work]),
    )

    assert refresh(None, env) == ["part/page", "reference/claims"]
    assert refresh(None, env) == []
    claims["part/page"] = [{**claims["part/page"][0], "verdict": "wrong"}]
    assert refresh(None, env) == ["reference/claims"]
    work.citation_id = "id2"
    assert refresh(None, env) == ["part/page", "reference/claims"]
