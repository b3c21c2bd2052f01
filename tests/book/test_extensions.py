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
