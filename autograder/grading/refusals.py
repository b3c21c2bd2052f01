"""What a person gave and cannot be used: the command says it in one line, without a trace."""


class RefusalError(Exception):
    """Something that was given cannot be used; the text says what, why, and what helps."""
