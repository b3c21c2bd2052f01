"""``python -m lossedu`` and the command ``lossedu``."""

import atexit
import gc

from lossedu.entry import run

EXTRAS = {
    "losses": "cli",
    "choose": "cli",
    "train": "train",
    "diagnose": "train",
    "landscape": "landscape",
    "drill": "practice",
}
"""What brings all that each subcommand needs."""


def main() -> None:
    """Run the command, or say what it needs."""
    # No last search for cycles among all that torch has made: the system takes it back at once.
    atexit.register(gc.freeze)
    run("lossedu", "lossedu.commands.app", EXTRAS, "cli")


if __name__ == "__main__":
    main()
