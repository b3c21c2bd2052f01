"""What is wrong with a family, and where."""


class FamilyError(ValueError):
    """A family that cannot be read, drawn or trusted; the text begins with where."""
