"""``python book/_pdf SITE OUT``: the built site as one PDF."""

import argparse
import sys
from pathlib import Path

import yaml
from assemble import document, table_of_contents
from printing import ClippedError, NoBrowserError, browser, print_book

from lossedu.whole_files import write_whole

BOOK = Path(__file__).parent.parent


def main() -> int:
    """Print the book; 0 if it was, 1 if it could not be."""
    parser = argparse.ArgumentParser(prog="make pdf", description="Print the book as one PDF.")
    parser.add_argument("site", type=Path, help="the folder of the built site")
    parser.add_argument("out", type=Path, help="the PDF to write")
    given = parser.parse_args()
    if not (given.site / "index.html").is_file():
        print(f"There is no site in {given.site}. Hint: make book", file=sys.stderr)
        return 1
    config = yaml.safe_load((BOOK.parent / "_config.yml").read_text(encoding="utf-8"))
    toc = table_of_contents(BOOK)
    try:
        with browser() as chromium:
            text = document(given.site, toc, title=config["title"], by=config["author"])
            data, numbers = print_book(chromium, given.site, text)
    except (NoBrowserError, ClippedError) as error:
        print(error, file=sys.stderr)
        return 1
    write_whole(given.out, data)
    print(f"{given.out}: {max(numbers.values())} pages, {len(data) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
