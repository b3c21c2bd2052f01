"""``python -m lossedu`` and the command ``lossedu``."""

import atexit
import gc
import sys


def main() -> None:
    """Run the command, or say what it needs."""
    # No last search for cycles among all that torch has made: the system takes it back at once.
    atexit.register(gc.freeze)
    try:
        from lossedu.commands.app import app
    except ModuleNotFoundError as missing:
        sys.exit(f"lossedu needs {missing.name}. Hint: pip install 'lossedu[cli]'")
    app()


if __name__ == "__main__":
    main()
