"""Interactive figures (written next)."""


def explorable() -> None:
    """Placeholder until the interactive figure lands."""
