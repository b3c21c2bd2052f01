"""The book's own extensions do what the build relies on."""


def test_the_digest_follows_every_source_of_the_package_and_nothing_else(
    tmp_path, loaded_extension
):
    digest_of = loaded_extension("package_digest").digest_of
    (tmp_path / "a.py").write_text("x = 1\n")
    first = digest_of(tmp_path)

    (tmp_path / "notes.txt").write_text("no source")
    assert digest_of(tmp_path) == first

    (tmp_path / "a.py").write_text("x = -1\n")
    assert digest_of(tmp_path) != first


def test_a_row_of_the_ledger_escapes_what_people_say(loaded_extension):
    row = {"slug": "a", "says": "1 < 2 & <b>", "verdict": "right", "because": '"so"'}

    shown = loaded_extension("claims_ledger")._row(row, "../x.html")

    assert "1 &lt; 2 &amp; &lt;b&gt;" in shown
    assert 'href="../x.html#claim-a"' in shown
