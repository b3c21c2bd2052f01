"""Compute the facts of every loss with its defaults: ``python -m lossedu.properties``."""

from lossedu import catalog
from lossedu.properties.computing import computed
from lossedu.properties.kept import write


def main() -> None:
    """Compute all, and keep them."""
    write((spec, computed(spec, {})) for spec in catalog.specs().values())


if __name__ == "__main__":
    main()
