"""``python -m lossedu`` and the command ``lossedu``."""

import sys


def main() -> None:
    """Run the command, or say what it needs."""
    try:
        from lossedu.cli import app
    except ModuleNotFoundError as missing:
        sys.exit(f"lossedu needs {missing.name}. Hint: pip install 'lossedu[cli]'")
    app()


if __name__ == "__main__":
    main()
