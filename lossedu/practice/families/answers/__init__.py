"""Drawing and grading of answers, a module a kind or a few near ones."""
