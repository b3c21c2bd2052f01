"""``python -m autograder`` and the command ``autograder``."""

from lossedu.entry import run


def main() -> None:
    """Run the command, or say what it needs."""
    run("autograder", "autograder.commands.app", {}, "grade")


if __name__ == "__main__":
    main()
