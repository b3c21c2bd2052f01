"""A checkpoint shows its question and folds its answer."""


def test_a_checkpoint_is_a_fold_with_its_question_in_sight(small_book):
    page = small_book.page(
        """
        # Chapter

        :::{checkpoint} Is $p_t$ *one* number?
        Yes: it belongs to **one** example.
        :::
        """
    )

    fold = page[page.index("<details") : page.index("</details>")]
    question, answer = fold.split("</summary>")
    assert 'class="checkpoint"' in fold
    assert "<strong>Checkpoint</strong>" in question
    assert r"\(p_t\)" in question
    assert "<em>one</em>" in question
    assert "<strong>one</strong>" in answer


def test_a_checkpoint_without_an_answer_stops_the_build_at_its_line(small_book):
    complaint = small_book.build({"page": "# Chapter\n\n:::{checkpoint} Why?\n:::\n"})

    assert "page.md:3" in complaint
    assert "checkpoint" in complaint
