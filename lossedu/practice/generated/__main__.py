"""Make the families of every loss anew: ``python -m lossedu.practice.generated``."""

from lossedu import catalog
from lossedu.practice.generated.made import kept_folder, write


def main() -> None:
    """Write a file for each loss, and remove those of losses that are gone."""
    written = {write(spec) for spec in catalog.specs().values()}
    for path in set(kept_folder().glob("*.json")) - written:
        path.unlink()


if __name__ == "__main__":
    main()
